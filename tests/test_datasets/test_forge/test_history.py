import numpy as np
import pytest

from mpc_mmseg.datasets.degradation import add_noise, jpeg, resample
from mpc_mmseg.datasets.forge.history import History, history
from mpc_mmseg.datasets.grey import is_grey, to_grey


def test_empty_history_changes_nothing(scene):
    image = scene(0)
    assert np.array_equal(history(image, np.random.default_rng(0), History()), image)


@pytest.mark.parametrize('kind', ['gaussian', 'poisson'])
def test_noise_has_its_sigma(kind):
    image = np.full((200, 200, 3), 128, np.uint8)
    image[0, 0] = 127, 128, 129  # so that it counts as a colour image
    noisy = add_noise(image, np.random.default_rng(0), 5.0, kind).astype(float)
    assert noisy.std() == pytest.approx(5, rel=0.03)
    assert noisy.mean() == pytest.approx(128, abs=0.1)
    # the channels are independent
    correlation = np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1]
    assert abs(correlation) < 0.02


def test_shot_noise_grows_with_brightness():
    image = np.full((200, 200, 3), 32, np.uint8)
    noisy = add_noise(image, np.random.default_rng(0), 6.0, 'poisson').astype(float)
    assert noisy.std() == pytest.approx(6 * np.sqrt(32 / 128), rel=0.03)


def test_noise_keeps_grey_images_grey(scene):
    assert is_grey(add_noise(to_grey(scene(0)), np.random.default_rng(0), 5.0))


def test_jpeg_and_resampling_lose_more_the_harder_they_are(scene):
    image = add_noise(scene(0), np.random.default_rng(0), 5.0)

    def loss(changed):
        assert changed.shape == image.shape and changed.dtype == np.uint8
        return np.abs(changed.astype(float) - image).mean()

    assert 0 < loss(jpeg(image, 95)) < loss(jpeg(image, 60)) < loss(jpeg(image, 20))
    assert 0 < loss(resample(image, 0.9)) < loss(resample(image, 0.5))


def test_blur_comes_before_noise(scene):
    image = np.full((100, 100, 3), 128, np.uint8)
    trace = History(blur_sigma=2.0, noise_sigma=5.0)
    noisy = history(image, np.random.default_rng(0), trace)
    assert noisy.astype(float).std() == pytest.approx(5, rel=0.05)


def test_order_of_all_steps(scene):
    image = scene(0)
    trace = History(1.0, 4.0, 'poisson', 0.8, 70)
    made = history(image, np.random.default_rng(3), trace)
    by_hand = history(image, np.random.default_rng(0), History(blur_sigma=1.0))
    by_hand = add_noise(by_hand, np.random.default_rng(3), 4.0, 'poisson')
    assert np.array_equal(made, jpeg(resample(by_hand, 0.8), 70))
