from io import BytesIO

import numpy as np
import pytest
from mmcv.transforms.utils import cache_random_params
from PIL import Image
from scipy import ndimage

from mpc_mmseg.datasets import (
    RandomBlur,
    RandomGaussianNoise,
    RandomISONoise,
    RandomJPEG,
    RandomResample,
    RandomSharpen,
)
from mpc_mmseg.datasets.degradation import encode_jpeg, resample
from mpc_mmseg.datasets.transforms.random_degradation import KINDS, blur, motion_kernel


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)


def gaussian_kernel(side):
    sigma = 0.3 * ((side - 1) * 0.5 - 1) + 0.8
    line = np.exp(-((np.arange(side) - side // 2) ** 2) / (2 * sigma**2))
    kernel = np.outer(line, line)
    return kernel / kernel.sum()


@pytest.mark.parametrize('side', [3, 5, 7])
@pytest.mark.parametrize('kind', ['box', 'gaussian', 'motion'])
def test_kernels_by_scipy(image, kind, side):
    kernel = {
        'box': np.full((side, side), side**-2.0),
        'gaussian': gaussian_kernel(side),
        'motion': motion_kernel(side, 30.0),
    }[kind]
    # OpenCV rounds small Gaussian kernels to 8 bits
    expected = ndimage.correlate(image.astype(float), kernel[..., None], mode='mirror')
    found = blur(image, kind, side, 30.0)
    assert np.abs(found - expected).max() <= (2 if kind == 'gaussian' else 1)


def test_median_by_scipy(image):
    expected = ndimage.median_filter(image, (5, 5, 1), mode='nearest')
    assert np.array_equal(blur(image, 'median', 5), expected)


def test_motion_kernels_by_hand():
    flat, steep = motion_kernel(5, 0), motion_kernel(5, 90)
    assert np.allclose(flat[2], 0.2) and flat.sum() == pytest.approx(1)
    assert np.allclose(steep, flat.T)
    assert np.allclose(motion_kernel(3, 45), np.eye(3) / 3)
    # a line of any angle goes through the middle, symmetrically
    for angle in range(0, 180, 7):
        kernel = motion_kernel(7, angle)
        assert kernel[3, 3] > 0 and kernel.sum() == pytest.approx(1)


def test_kinds_and_odd_sides_are_all_drawn():
    np.random.seed(0)
    transform = RandomBlur()
    drawn = [transform.random_blur() for _ in range(500)]
    assert {(kind, side) for kind, side, _ in drawn} == {
        (kind, side) for kind in KINDS for side in (3, 5, 7)
    }


@pytest.mark.parametrize(
    'arguments', [{'kinds': ['soft']}, {'kinds': []}, {'kernel': (2, 7)}]
)
def test_bad_blurs(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        RandomBlur(**arguments)


def test_sharpening_of_one_pixel_by_hand():
    image = np.full((5, 5, 3), 100, np.uint8)
    image[2, 2] = 110
    out = RandomSharpen(amount=(0.5, 0.5))({'img': image})['img'][..., 0]
    expected = np.full((5, 5), 100)
    expected[1:4, 1:4] = 95  # 100 - 0.5 * 10
    expected[2, 2] = 150  # 110 + 0.5 * 8 * 10
    assert np.array_equal(out, expected)


def test_strength_of_sharpening_is_drawn():
    image = np.random.default_rng(0).integers(80, 170, (30, 30, 3), np.uint8)
    np.random.seed(0)
    spreads = [RandomSharpen()({'img': image})['img'].std() for _ in range(20)]
    assert min(spreads) > image.std() and len(set(spreads)) == 20
    with pytest.raises(ValueError, match='amount'):
        RandomSharpen(amount=(1, 11))


def test_detail_beyond_the_smaller_size_is_lost():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200  # one pixel wide: lost at half the size
    coarse = np.zeros((64, 64, 3), np.uint8)
    coarse[:, 32:] = 200
    half = RandomResample(scale=(0.5, 0.5))
    lost, kept = (half({'img': i})['img'] for i in (stripes, coarse))
    assert lost.std() < 1 and lost.shape == stripes.shape
    assert np.abs(kept.astype(int) - coarse)[:, [0, 20, 44, 63]].max() <= 1


def test_scale_of_resampling_is_drawn():
    image = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    transform = RandomResample(scale=(0.3, 0.9))
    np.random.seed(1)
    scale = transform.random_scale()
    np.random.seed(1)
    results = transform({'img': image})
    assert np.array_equal(results['img'], resample(image, scale))
    with pytest.raises(ValueError, match='scale'):
        RandomResample(scale=(0.5, 2))


# Annex K of the JPEG standard, the first row of the luminance and chrominance tables.
LUMA = np.array([16, 11, 10, 16, 24, 40, 51, 61])
CHROMA = np.array([17, 18, 24, 47, 99, 99, 99, 99])


def scaled(table, quality):
    """The Independent JPEG Group's scaling of a table to a quality."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((table * percent + 50) // 100, 1, 255)


@pytest.fixture
def photograph():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (48, 64, 3), np.uint8)


@pytest.mark.parametrize('quality', [30, 50, 63, 75, 90, 95, 100])
def test_written_tables_are_those_of_the_quality(photograph, quality):
    with Image.open(BytesIO(encode_jpeg(photograph, quality).tobytes())) as image:
        luma, chroma = image.quantization[0], image.quantization[1]
        assert image.layer[0][1:3] == (2, 2)  # 4:2:0
    assert np.array_equal(luma[:8], scaled(LUMA, quality))
    assert np.array_equal(chroma[:8], scaled(CHROMA, quality))


def test_image_is_what_the_file_holds(photograph):
    results = RandomJPEG(quality=(70, 70))({'img': photograph})
    with Image.open(BytesIO(encode_jpeg(photograph, 70).tobytes())) as image:
        decoded = np.asarray(image)[..., ::-1]
    # Pillow and OpenCV may carry two builds of libjpeg
    assert np.abs(results['img'].astype(int) - decoded).max() <= 1


def test_full_chroma_keeps_the_colours_resolution(photograph):
    content = encode_jpeg(photograph, 70, full_chroma=True).tobytes()
    with Image.open(BytesIO(content)) as image:
        assert image.layer[0][1:3] == (1, 1)  # 4:4:4
    np.random.seed(0)
    transform = RandomJPEG(quality=(70, 70), full_chroma=0.3)
    drawn = [transform.random_chroma() for _ in range(1000)]
    assert np.mean(drawn) == pytest.approx(0.3, abs=0.05)
    with pytest.raises(ValueError, match=r'full_chroma .* 1\.5'):
        RandomJPEG(full_chroma=1.5)


def test_both_ends_are_drawn():
    np.random.seed(0)
    transform = RandomJPEG()
    drawn = [transform.random_quality() for _ in range(2000)]
    assert set(drawn) == set(range(50, 96))


@pytest.mark.parametrize('quality', [(0, 90), (50, 101), (50.5, 60), 75])
def test_bad_qualities(quality):
    with pytest.raises(ValueError, match='quality'):
        RandomJPEG(quality=quality)


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


def test_bad_noise():
    with pytest.raises(ValueError, match='sigma'):
        RandomGaussianNoise(sigma=(-1, 3))
    with pytest.raises(ValueError, match='colour'):
        RandomISONoise(colour=(0, 11))
