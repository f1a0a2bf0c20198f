import numpy as np
import pytest

from mpc_mmseg.datasets import RandomResample
from mpc_mmseg.datasets.degradation import resample


def test_detail_beyond_the_smaller_size_is_lost():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200  # one pixel wide: beyond what half the size can hold
    coarse = np.zeros((64, 64, 3), np.uint8)
    coarse[:, 32:] = 200
    half = RandomResample(scale=(0.5, 0.5))
    lost, kept = (half({'img': i})['img'] for i in (stripes, coarse))
    assert lost.std() < 1 and lost.shape == stripes.shape
    assert np.abs(kept.astype(int) - coarse)[:, [0, 20, 44, 63]].max() <= 1


def test_scale_is_drawn():
    image = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    transform = RandomResample(scale=(0.3, 0.9))
    np.random.seed(1)
    scale = transform.random_scale()
    np.random.seed(1)
    results = transform({'img': image})
    assert np.array_equal(results['img'], resample(image, scale))
    with pytest.raises(ValueError, match='scale'):
        RandomResample(scale=(0.5, 2))
