import numpy as np
import pytest

from mpc_mmseg.datasets import RandomBlockCrop


def sample(height, width):
    """An image whose pixels tell their place, and a mask cut from it."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows, columns, rows * 0], axis=-1).astype(np.int32)
    return dict(img=image, gt_seg_map=rows * width + columns, seg_fields=['gt_seg_map'])


@pytest.mark.parametrize('block', [8, 1])
def test_every_corner_of_the_grid_and_no_other(block):
    np.random.seed(0)
    transform = RandomBlockCrop(size=(16, 24), block=block)
    corners = set()
    for _ in range(3000):
        results = transform(sample(32, 43))
        assert results['img'].shape == (16, 24, 3)
        assert results['img_shape'] == (16, 24)
        corners.add(tuple(int(place) for place in results['img'][0, 0, :2]))
    # the last corner still holds a whole crop: 43 - 24 = 19 columns to spare
    assert corners == {
        (top, left) for top in range(0, 17, block) for left in range(0, 20, block)
    }


def test_mask_moves_with_the_image():
    np.random.seed(1)
    results = RandomBlockCrop(size=(16, 16))(sample(40, 64))
    image, mask = results['img'], results['gt_seg_map']
    assert np.array_equal(mask, image[..., 0] * 64 + image[..., 1])


def test_a_smaller_photograph_is_kept_whole_on_that_side():
    results = RandomBlockCrop(size=(64, 16))(sample(40, 16))
    assert results['img'].shape == (40, 16, 3)
    assert np.array_equal(results['img'][0, 0, :2], [0, 0])


@pytest.mark.parametrize('size', [(0, 16), (16,), (16.0, 16)])
def test_bad_sizes(size):
    with pytest.raises(ValueError, match='size'):
        RandomBlockCrop(size=size)


@pytest.mark.parametrize('block', [0, 8.0])
def test_bad_blocks(block):
    with pytest.raises(ValueError, match='block'):
        RandomBlockCrop(size=(16, 16), block=block)
