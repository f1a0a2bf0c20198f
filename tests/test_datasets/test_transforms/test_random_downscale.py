import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets import RandomDownscale
from mpc_mmseg.datasets.transforms.random_downscale import shrink_in_frame


def test_half_size_by_hand():
    mask = np.zeros((8, 12), np.uint8)
    mask[2:6, 4:10] = 1
    small = shrink_in_frame(mask, 0.5, 255, cv2.INTER_NEAREST_EXACT)
    expected = np.full((8, 12), 255, np.uint8)
    expected[2:6, 3:9] = 0
    expected[3:5, 5:8] = 1
    assert np.array_equal(small, expected)


def test_image_and_mask_move_together_and_the_frame_stays():
    np.random.seed(0)
    y, x = np.mgrid[:90, :130]
    mask = ((x - 40) ** 2 + (y - 50) ** 2 < 900).astype(np.uint8)
    image = np.repeat(mask[..., None] * 200 + 20, 3, 2).astype(np.uint8)
    covered = set()
    for _ in range(20):
        results = RandomDownscale(scale=(0.5, 0.95))(
            {'img': image, 'gt_seg_map': mask, 'seg_fields': ['gt_seg_map']}
        )
        assert results['img'].shape == image.shape
        out, seg = results['img'][..., 0].astype(int), results['gt_seg_map']
        assert np.array_equal(out == 0, seg == 255)
        # linear interpolation is between the two only along the shape's edge
        assert np.mean((out > 120) != (seg == 1)) < 0.005
        covered.add((seg != 255).sum())
    assert min(covered) / mask.size > 0.24 and max(covered) / mask.size < 0.92
    assert len(covered) > 15


def test_full_scale_changes_nothing():
    image = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    results = RandomDownscale(scale=(1, 1))({'img': image})
    assert np.array_equal(results['img'], image)


def test_enlarging_is_refused():
    with pytest.raises(ValueError, match=r'scale.*1\.5'):
        RandomDownscale(scale=(0.5, 1.5))
