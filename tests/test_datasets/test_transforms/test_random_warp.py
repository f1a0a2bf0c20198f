import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets import RandomElastic, RandomGridDistortion
from mpc_mmseg.datasets.transforms.random_warp import stretched


def sample():
    """A picture that shows its own mask, on a ground that is nowhere black."""
    y, x = np.mgrid[:120, :180]
    mask = ((x - 90) ** 2 + (y - 60) ** 2 < 1600).astype(np.uint8)
    image = np.repeat(mask[..., None] * 150 + 50, 3, 2).astype(np.uint8)
    return {'img': image, 'gt_seg_map': mask, 'seg_fields': ['gt_seg_map']}


@pytest.mark.parametrize(
    'transform',
    [RandomElastic(amplitude=(0.05, 0.1)), RandomGridDistortion(limit=(0.2, 0.5))],
)
def test_image_and_mask_move_together(transform):
    np.random.seed(0)
    moved = 0
    for _ in range(10):
        before, results = sample(), transform(sample())
        out, seg = results['img'][..., 0].astype(int), results['gt_seg_map']
        assert out.shape == seg.shape == (120, 180) and seg.dtype == np.uint8
        assert set(np.unique(seg)) <= {0, 1, 255}
        inside = seg != 255
        # they differ only where a pixel lies between the shape's two sides
        assert np.mean((out > 125)[inside] != (seg == 1)[inside]) < 0.015
        assert out[~inside].max(initial=0) <= 125
        moved += np.mean((seg == 1) != before['gt_seg_map'])
    assert moved / 10 > 0.01


def test_elastic_displaces_nodes_within_the_amplitude():
    np.random.seed(0)
    transform = RandomElastic(amplitude=(0.1, 0.1), nodes=4)
    nodes = transform.random_nodes()
    assert nodes.shape == (4, 4, 2) and 0.08 < np.abs(nodes).max() <= 0.1
    np.random.seed(0)
    x, y = transform.random_maps(200, 100)
    field = np.stack([x - np.arange(100), y - np.arange(200)[:, None]], -1)
    # cubic interpolation overshoots a little; 100 is the shorter side
    assert np.abs(field).max() < 13
    assert np.abs(cv2.resize(field, (4, 4), interpolation=cv2.INTER_AREA)).max() > 3


def test_elastic_ignores_what_comes_from_outside():
    np.random.seed(1)
    results = RandomElastic(amplitude=(0.2, 0.2))(sample())
    uncovered = results['gt_seg_map'] == 255
    assert 0.005 < uncovered.mean() < 0.3
    assert uncovered[[0, -1]].any() or uncovered[:, [0, -1]].any()


def test_grid_distortion_covers_the_frame():
    np.random.seed(0)
    for _ in range(10):
        results = RandomGridDistortion(limit=(0.9, 0.9))(sample())
        assert not (results['gt_seg_map'] == 255).any()
        assert results['img'].min() == 50


def test_stretching_by_hand():
    # cells of 1 and 3 quarters of 8 steps, drawn as two halves
    assert np.allclose(
        stretched(9, np.array([1, 3])), [0, 0.5, 1, 1.5, 2, 3.5, 5, 6.5, 8]
    )
    assert np.allclose(stretched(7, np.ones(5)), np.arange(7))


def test_nothing_to_do_changes_nothing():
    before = sample()
    for step in (RandomElastic(amplitude=(0, 0)), RandomGridDistortion(limit=(0, 0))):
        results = step(sample())
        assert np.array_equal(results['img'], before['img'])
        assert np.array_equal(results['gt_seg_map'], before['gt_seg_map'])


def test_bad_arguments():
    with pytest.raises(ValueError, match='nodes'):
        RandomElastic(nodes=1)
    with pytest.raises(ValueError, match='cells'):
        RandomGridDistortion(cells=1)
    with pytest.raises(ValueError, match='amplitude'):
        RandomElastic(amplitude=(0, 0.6))
    with pytest.raises(ValueError, match='limit'):
        RandomGridDistortion(limit=(0, 1))
