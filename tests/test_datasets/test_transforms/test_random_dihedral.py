import numpy as np
import pytest

from mpc_mmseg.datasets import RandomDihedral
from mpc_mmseg.datasets.transforms.random_dihedral import POSITIONS

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
