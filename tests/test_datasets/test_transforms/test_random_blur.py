import numpy as np
import pytest
from scipy import ndimage

from mpc_mmseg.datasets import RandomBlur
from mpc_mmseg.datasets.transforms.random_blur import KINDS, blur, motion_kernel


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
def test_bad_arguments(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        RandomBlur(**arguments)
