import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, median_filter

from mpc_mmseg.datasets.post_processing.families import (
    FAMILIES,
    SCREEN_OFFSET,
    blur_of_kernel,
    blur_of_sigma,
    gamma_curve,
    limit_longest_side,
    median,
    resize,
    screenshot,
)

# A value of each family that changes an image visibly.
STRONG = {
    'jpeg_quality': 20,
    'webp_quality': 10,
    'blur_sigma_px': 2,
    'blur_kernel_px': 9,
    'median_kernel_px': 5,
    'noise_sd_8bit': 20,
    'gamma': 1.5,
    'resize_factor': 0.5,
    'longest_side_px': 32,
    'screenshot_scale': 0.7,
}


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (48, 64, 3)).astype(np.float32)
    return np.rint(cv2.GaussianBlur(noise, (0, 0), 1.5)).astype(np.uint8)


@pytest.mark.parametrize('name', STRONG)
def test_each_family_changes_an_image_and_leaves_the_input(name, image):
    before = image.copy()
    family = FAMILIES[name]
    changed = family.apply(image, STRONG[name], np.random.default_rng(0))
    assert changed.dtype == np.uint8 and changed.ndim == 3
    assert changed.shape != image.shape or not np.array_equal(changed, image)
    np.testing.assert_array_equal(image, before)


def test_every_family_is_tested_here():
    assert {n for n, family in FAMILIES.items() if family.apply} == STRONG.keys()


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('jpeg_quality', 0, r'jpeg_quality must be a whole number in 1\.\.100, got 0'),
        ('jpeg_quality', 70.5, 'whole number'),
        ('blur_kernel_px', 4, 'odd number'),
        ('noise_sd_8bit', -1, r'0\.1\.\.128, got -1'),
        ('crop_side_share', 1.5, 'got 1.5'),
        ('gamma', float('nan'), 'got nan'),
    ],
)
def test_values_out_of_bounds(name, value, message):
    with pytest.raises(ValueError, match=message):
        FAMILIES[name].check(value)


def test_blur_is_a_gaussian_of_that_many_pixels(image):
    ours = blur_of_sigma(image, 2.0).astype(int)
    scipys = gaussian_filter(
        image.astype(float), (2, 2, 0), mode='mirror', truncate=3, radius=(6, 6, 0)
    )
    assert np.abs(ours - scipys).max() <= 1


def test_kernel_blur_has_opencvs_sigma(image):
    sigma = 0.3 * ((9 - 1) / 2 - 1) + 0.8
    scipys = gaussian_filter(
        image.astype(float), (sigma, sigma, 0), mode='mirror', radius=(4, 4, 0)
    )
    assert np.abs(blur_of_kernel(image, 9).astype(int) - scipys).max() <= 1


def test_median_is_scipys(image):
    expected = median_filter(image, size=(5, 5, 1), mode='nearest')
    np.testing.assert_array_equal(median(image, 5), expected)


def test_noise_has_its_deviation_in_8_bit_levels():
    grey = np.full((200, 200, 3), 128, np.uint8)
    grey[..., 0] = 127  # not a grey image: the channels' noise is independent
    noisy = FAMILIES['noise_sd_8bit'].apply(grey, 11, np.random.default_rng(0))
    difference = noisy.astype(float) - grey
    assert difference.std() == pytest.approx(11, rel=0.02)
    blue, green = difference[..., 0].ravel(), difference[..., 1].ravel()
    assert abs(np.corrcoef(blue, green)[0, 1]) < 0.02


def test_gamma_by_hand():
    row = np.array([[[0, 0, 0], [64, 64, 64], [255, 255, 255]]], np.uint8)
    expected = [0, round(255 * (64 / 255) ** 1.3), 255]
    assert gamma_curve(row, 1.3)[0, :, 0].tolist() == expected


def test_sizes(image):
    assert resize(image, 0.5).shape == (24, 32, 3)
    assert resize(image, 1.5).shape == (72, 96, 3)
    assert limit_longest_side(image, 32).shape == (24, 32, 3)
    assert limit_longest_side(image, 64) is image
    assert screenshot(image, 0.7).shape == (34, 45, 3)


def test_a_screenshot_samples_bilinearly_a_quarter_of_a_pixel_off():
    ramp = np.repeat(np.arange(0, 160, 4, dtype=np.uint8)[None], 40, 0)
    ramp = np.dstack([ramp] * 3)
    shot = screenshot(ramp, 0.5)[10, 2:-2, 0].astype(float)
    x = np.arange(20)[2:-2]
    expected = 4 * ((x + 0.5 + SCREEN_OFFSET) * 2 - 0.5)
    assert np.abs(shot - expected).max() <= 1
