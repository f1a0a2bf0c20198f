import numpy as np
import pytest
from mmcv.transforms.utils import cache_random_params

from mpc_mmseg.datasets import RandomGaussianNoise, RandomISONoise


def flat(level):
    image = np.full((256, 256, 3), level, np.uint8)
    image[0, 0] = level - 1, level, level + 1  # so that it counts as a colour image
    return image


def test_gaussian_noise_has_its_sigma_in_grey_levels():
    np.random.seed(0)
    noisy = RandomGaussianNoise(sigma=(6, 6))({'img': flat(128)})['img'].astype(float)
    # rounding to 8 bits adds a variance of 1/12
    assert noisy.std() == pytest.approx(np.sqrt(36 + 1 / 12), rel=0.01)
    assert noisy.mean() == pytest.approx(128, abs=0.1)


@pytest.mark.parametrize('level', [32, 128, 200])
def test_iso_noise_by_its_definition(level):
    np.random.seed(0)
    noisy = RandomISONoise(sigma=(8, 8), colour=(0.5, 0.5))({'img': flat(level)})['img']
    values = noisy.reshape(-1, 3).astype(float)
    shot = 8 * np.sqrt(level / 128)
    assert values.std(0) == pytest.approx(shot * np.sqrt(1.25), rel=0.02)
    # the grain is common to the channels: covariance shot^2 of shot^2 * 1.25
    correlation = np.corrcoef(values.T)[np.triu_indices(3, 1)]
    assert correlation == pytest.approx(np.full(3, 0.8), abs=0.02)


@pytest.mark.parametrize('kind', [RandomGaussianNoise, RandomISONoise])
def test_repeats_with_the_seed_and_in_a_cache(kind):
    transform, image = kind(), flat(100)
    np.random.seed(5)
    first, other = transform({'img': image})['img'], transform({'img': image})['img']
    np.random.seed(5)
    assert np.array_equal(first, transform({'img': image})['img'])
    assert not np.array_equal(first, other)
    with cache_random_params(transform):
        once, twice = transform({'img': image})['img'], transform({'img': image})['img']
    assert np.array_equal(once, twice)


def test_bad_ranges():
    with pytest.raises(ValueError, match='sigma'):
        RandomGaussianNoise(sigma=(-1, 3))
    with pytest.raises(ValueError, match='colour'):
        RandomISONoise(colour=(0, 11))
