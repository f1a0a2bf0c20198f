import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets import (
    RandomBlockCrop,
    RandomDihedral,
    RandomDownscale,
    RandomElastic,
    RandomGridDistortion,
)
from mpc_mmseg.datasets.transforms.random_geometry import (
    POSITIONS,
    shrink_in_frame,
    stretched,
)


def positions(height, width):
    """An image whose pixels show their position, and a mask cut from it."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows, columns, rows * 0], axis=-1).astype(np.int32)
    return dict(img=image, gt_seg_map=rows * width + columns, seg_fields=['gt_seg_map'])


@pytest.mark.parametrize('block', [8, 1])
def test_every_corner_of_the_grid_and_no_other(block):
    np.random.seed(0)
    transform = RandomBlockCrop(size=(16, 24), block=block)
    corners = set()
    for _ in range(3000):
        results = transform(positions(32, 43))
        assert results['img'].shape == (16, 24, 3)
        assert results['img_shape'] == (16, 24)
        corners.add(tuple(int(each) for each in results['img'][0, 0, :2]))
    # the last corner still leaves room for a crop: 43 - 24 = 19 columns to spare
    assert corners == {
        (top, left) for top in range(0, 17, block) for left in range(0, 20, block)
    }


def test_mask_is_cropped_with_the_image():
    np.random.seed(1)
    results = RandomBlockCrop(size=(16, 16))(positions(40, 64))
    image, mask = results['img'], results['gt_seg_map']
    assert np.array_equal(mask, image[..., 0] * 64 + image[..., 1])


def test_a_smaller_photograph_is_not_cut_on_that_side():
    results = RandomBlockCrop(size=(64, 16))(positions(40, 16))
    assert results['img'].shape == (40, 16, 3)
    assert np.array_equal(results['img'][0, 0, :2], [0, 0])


@pytest.mark.parametrize('size', [(0, 16), (16,), (16.0, 16)])
def test_bad_crop_sizes(size):
    with pytest.raises(ValueError, match='size'):
        RandomBlockCrop(size=size)


@pytest.mark.parametrize('block', [0, 8.0])
def test_bad_blocks(block):
    with pytest.raises(ValueError, match='block'):
        RandomBlockCrop(size=(16, 16), block=block)


BY_NUMPY = {
    'horizontal': np.fliplr,
    'vertical': np.flipud,
    'diagonal': lambda a: np.rot90(a, 2),
    'rot90': np.rot90,
    'rot270': lambda a: np.rot90(a, 3),
    'transpose': lambda a: np.swapaxes(a, 0, 1),
    'transverse': lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
}


@pytest.mark.parametrize('name', POSITIONS)
def test_positions_are_numpys(name):
    image = np.random.default_rng(0).integers(0, 255, (5, 8, 3), np.uint8)
    results = RandomDihedral(positions=[name])(
        {'img': image, 'gt_seg_map': image[..., 0], 'seg_fields': ['gt_seg_map']}
    )
    assert np.array_equal(results['img'], BY_NUMPY[name](image))
    assert np.array_equal(results['gt_seg_map'], BY_NUMPY[name](image[..., 0]))
    assert results['img_shape'] == results['img'].shape[:2]


def test_every_position_is_drawn_about_equally():
    np.random.seed(0)
    transform = RandomDihedral()
    drawn = [transform.random_position() for _ in range(1200)]
    counts = [drawn.count(p) for p in transform.positions]
    assert sum(counts) == 1200 and all(150 < c < 250 for c in counts)


@pytest.mark.parametrize('positions', [[], ['rot45'], 'rot90'])
def test_unknown_positions(positions):
    with pytest.raises(ValueError, match='positions must be a list'):
        RandomDihedral(positions=positions)


def test_shrinking_to_half_by_hand():
    mask = np.zeros((8, 12), np.uint8)
    mask[2:6, 4:10] = 1
    small = shrink_in_frame(mask, 0.5, 255, cv2.INTER_NEAREST_EXACT)
    expected = np.full((8, 12), 255, np.uint8)
    expected[2:6, 3:9] = 0
    expected[3:5, 5:8] = 1
    assert np.array_equal(small, expected)


def test_image_and_mask_shrink_together_and_the_frame_stays():
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


def test_scale_1_changes_nothing():
    image = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    results = RandomDownscale(scale=(1, 1))({'img': image})
    assert np.array_equal(results['img'], image)


def test_enlarging_is_refused():
    with pytest.raises(ValueError, match=r'scale.*1\.5'):
        RandomDownscale(scale=(0.5, 1.5))


def shape():
    """An image that shows its own mask, with no black pixel."""
    y, x = np.mgrid[:120, :180]
    mask = ((x - 90) ** 2 + (y - 60) ** 2 < 1600).astype(np.uint8)
    image = np.repeat(mask[..., None] * 150 + 50, 3, 2).astype(np.uint8)
    return {'img': image, 'gt_seg_map': mask, 'seg_fields': ['gt_seg_map']}


@pytest.mark.parametrize(
    'transform',
    [RandomElastic(amplitude=(0.05, 0.1)), RandomGridDistortion(limit=(0.2, 0.5))],
)
def test_image_and_mask_are_warped_together(transform):
    np.random.seed(0)
    moved = 0
    for _ in range(10):
        before, results = shape(), transform(shape())
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


def test_elastic_ignores_pixels_from_outside():
    np.random.seed(1)
    results = RandomElastic(amplitude=(0.2, 0.2))(shape())
    uncovered = results['gt_seg_map'] == 255
    assert 0.005 < uncovered.mean() < 0.3
    assert uncovered[[0, -1]].any() or uncovered[:, [0, -1]].any()


def test_grid_distortion_covers_the_frame():
    np.random.seed(0)
    for _ in range(10):
        results = RandomGridDistortion(limit=(0.9, 0.9))(shape())
        assert not (results['gt_seg_map'] == 255).any()
        assert results['img'].min() == 50


def test_stretching_by_hand():
    # cells of 1 and 3 quarters of 8 steps, drawn as two halves
    assert np.allclose(
        stretched(9, np.array([1, 3])), [0, 0.5, 1, 1.5, 2, 3.5, 5, 6.5, 8]
    )
    assert np.allclose(stretched(7, np.ones(5)), np.arange(7))


def test_warps_of_strength_0_change_nothing():
    before = shape()
    for step in (RandomElastic(amplitude=(0, 0)), RandomGridDistortion(limit=(0, 0))):
        results = step(shape())
        assert np.array_equal(results['img'], before['img'])
        assert np.array_equal(results['gt_seg_map'], before['gt_seg_map'])


def test_bad_warps():
    with pytest.raises(ValueError, match='nodes'):
        RandomElastic(nodes=1)
    with pytest.raises(ValueError, match='cells'):
        RandomGridDistortion(cells=1)
    with pytest.raises(ValueError, match='amplitude'):
        RandomElastic(amplitude=(0, 0.6))
    with pytest.raises(ValueError, match='limit'):
        RandomGridDistortion(limit=(0, 1))
