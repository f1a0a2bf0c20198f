import os

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS
from PIL import ExifTags, Image

from mpc_mmseg.datasets import LoadForgeryImage, LoadForgeryMask, PackForgeryInputs
from mpc_mmseg.datasets.io.image_io import ImageReadError
from mpc_mmseg.datasets.transforms.loading import reduce_mask


@pytest.fixture
def path(tmp_path):
    y, x = np.mgrid[:24, :40]
    path = tmp_path / 'a.jpg'
    Image.fromarray(np.stack([x, y, x + y], -1).astype(np.uint8)).save(path)
    return str(path)


def test_image_and_shapes(path):
    results = TRANSFORMS.build({'type': 'LoadForgeryImage'})({'img_path': path})
    assert np.array_equal(results['img'], cv2.imread(path))
    assert results['img_shape'] == results['ori_shape'] == (24, 40)


def test_file_backend(path):
    load = LoadForgeryImage(backend_args={'backend': 'local'})
    assert load({'img_path': path})['img'].shape == (24, 40, 3)


def test_truncated_file_is_named(path):
    with open(path, 'r+b') as file:
        file.truncate(os.path.getsize(path) - 20)
    with pytest.raises(ImageReadError, match=r'a\.jpg: is truncated'):
        LoadForgeryImage()({'img_path': path})


def test_missing_file_is_named():
    with pytest.raises(ImageReadError, match=r'gone\.jpg: there is no such file'):
        LoadForgeryImage()({'img_path': 'gone.jpg'})


def test_pixel_limit(path):
    with pytest.raises(ImageReadError, match='pixel_limit=100'):
        LoadForgeryImage(pixel_limit=100)({'img_path': path})
    with pytest.raises(ValueError, match=r'pixel_limit.*0'):
        LoadForgeryImage(pixel_limit=0)


@pytest.mark.parametrize(
    ('least', 'shape'),
    [
        ((512, 512), (301, 403)),
        ((150, 200), (151, 202)),
        ((151, 201), (301, 403)),
        ((30, 30), (38, 51)),
    ],
)
def test_reduced_decoding(tmp_path, least, shape):
    y, x = np.mgrid[:301, :403]
    pixels = np.stack([x // 2, y // 2, (x + y) // 4], -1).astype(np.uint8)
    path = tmp_path / 'a.jpg'
    Image.fromarray(pixels).save(path, quality=95)
    results = LoadForgeryImage(reduce_to=least)({'img_path': str(path)})
    assert results['img'].shape[:2] == results['img_shape'] == shape
    assert results['ori_shape'] == (301, 403)
    s = results['img_reduction']
    assert s == round(301 / shape[0])
    # a pixel is about the mean of its square
    means = pixels[: 301 // s * s, : 403 // s * s, ::-1].reshape(
        301 // s, s, 403 // s, s, 3
    )
    found = results['img'][: 301 // s, : 403 // s].astype(float)
    assert np.abs(found - means.mean((1, 3))).max() < 6


def test_reduced_decoding_of_a_turned_photograph_and_of_other_formats(tmp_path):
    image = Image.fromarray(np.zeros((80, 200, 3), np.uint8))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image.save(tmp_path / 'a.jpg', exif=exif)
    image.save(tmp_path / 'a.png')
    load = LoadForgeryImage(reduce_to=(100, 40))
    turned = load({'img_path': str(tmp_path / 'a.jpg')})
    assert turned['img'].shape == (100, 40, 3) and turned['ori_shape'] == (200, 80)
    plain = load({'img_path': str(tmp_path / 'a.png')})
    assert plain['img'].shape == (80, 200, 3) and plain['img_reduction'] == 1
    with pytest.raises(ValueError, match=r'reduce_to.*\(0, 4\)'):
        LoadForgeryImage(reduce_to=(0, 4))


H, W = 24, 40


def ground_truth() -> np.ndarray:
    mask = np.zeros((H, W), np.uint8)
    mask[3:9, 5:25] = 1
    return mask


@pytest.fixture
def sample(tmp_path):
    """Save an image and its mask as arrays; give what a data set gives."""

    def save(mask, orientation=1):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        image = np.random.default_rng(0).integers(0, 255, (H, W, 3), np.uint8)
        Image.fromarray(image).save(tmp_path / 'a.png', exif=exif)
        if mask is not None:
            Image.fromarray(mask).save(tmp_path / 'a_mask.png')
        return {
            'img_path': str(tmp_path / 'a.png'),
            'seg_map_path': None if mask is None else str(tmp_path / 'a_mask.png'),
            'seg_fields': [],
        }

    return save


def load(sample):
    return LoadForgeryMask()(LoadForgeryImage()(sample))


def test_forged(sample):
    results = load(sample(ground_truth() * 255))
    assert np.array_equal(results['gt_seg_map'], ground_truth())
    assert results['gt_seg_map'].dtype == np.uint8
    assert results['seg_fields'] == ['gt_seg_map']


def test_authentic_is_all_zero(sample):
    results = load(sample(None))
    assert results['gt_seg_map'].shape == (H, W)
    assert results['gt_seg_map'].dtype == np.uint8
    assert not results['gt_seg_map'].any()


def test_without_ground_truth_nothing_changes(sample):
    data = sample(None)
    del data['seg_map_path']
    assert 'gt_seg_map' not in load(data)


def test_upright_mask_of_a_rotated_image(sample):
    upright = np.rot90(ground_truth(), -1)
    results = load(sample(upright * 255, orientation=6))
    assert results['img'].shape == (W, H, 3)
    assert np.array_equal(results['gt_seg_map'], upright)


def test_mask_drawn_before_the_exif_rotation(sample):
    match = r'a\.png is 24 wide and 40 high.*a_mask\.png is 40 wide and 24 high.*EXIF'
    with pytest.raises(ValueError, match=match):
        load(sample(ground_truth() * 255, orientation=6))


def test_mask_of_another_size(sample):
    with pytest.raises(ValueError, match=r'20 wide and 12 high.*resized'):
        load(sample(ground_truth()[::2, ::2] * 255))
    with pytest.raises(ValueError, match=r'40 wide and 23 high$'):
        load(sample(ground_truth()[1:] * 255))


def test_unreadable_mask_is_named(sample):
    data = sample(ground_truth())
    with open(data['seg_map_path'], 'r+b') as file:
        file.truncate(60)
    with pytest.raises(ImageReadError, match=r'a_mask\.png'):
        load(data)


def test_a_forged_sample_without_a_forged_pixel(sample):
    data = sample(ground_truth() * 0)
    with pytest.raises(ValueError, match=r'a_mask\.png.*marks no pixel.*allow_empty'):
        load(dict(data))
    assert not load({**data, 'allow_empty_truth': True})['gt_seg_map'].any()


def test_the_coding_that_is_declared(sample):
    mask = ground_truth()
    mask[:2] = 255
    data = sample(mask)
    with pytest.raises(ImageReadError, match=r'a_mask\.png: has the levels 0, 1, 255'):
        load(dict(data))
    results = load({**data, 'mask_coding': '0/1/255'})
    assert np.array_equal(results['gt_seg_map'], mask)
    results = load({**data, 'mask_coding': 'nonzero'})
    assert np.array_equal(results['gt_seg_map'], mask > 0)


def test_pixel_limit_of_masks():
    with pytest.raises(ValueError, match=r'pixel_limit.*-1'):
        LoadForgeryMask(pixel_limit=-1)


def test_after_resize_the_mask_keeps_the_original_size(sample):
    pipeline = Compose(
        [
            LoadForgeryImage(),
            {'type': 'mmseg.Resize', 'scale': (16, 16)},
            LoadForgeryMask(),
            PackForgeryInputs(),
        ]
    )
    packed = pipeline(sample(ground_truth() * 255))
    assert packed['inputs'].shape == (3, 16, 16)
    data = packed['data_samples'].gt_sem_seg.data
    assert np.array_equal(data[0].numpy(), ground_truth())
    assert packed['data_samples'].ori_shape == (H, W)
    assert packed['data_samples'].scale_factor == (16 / W, 16 / H)


def test_training_steps_move_image_and_mask_together(sample):
    data = sample(ground_truth() * 255)
    with Image.open(data['img_path']) as image:
        marked = np.asarray(image).copy()
    marked[ground_truth() == 1] = 255
    marked[ground_truth() == 0] = 0
    Image.fromarray(marked).save(data['img_path'])
    pipeline = Compose(
        [
            LoadForgeryImage(),
            LoadForgeryMask(),
            {'type': 'mmseg.RandomFlip', 'prob': 1.0},
            {'type': 'mmseg.RandomCrop', 'crop_size': (16, 16)},
            {'type': 'mmseg.Resize', 'scale': (32, 32), 'interpolation': 'nearest'},
            PackForgeryInputs(),
        ]
    )
    packed = pipeline(data)
    mask = packed['data_samples'].gt_sem_seg.data[0]
    assert packed['data_samples'].flip
    assert mask.shape == (32, 32)
    assert (packed['inputs'][0] == mask * 255).all()


def test_reduced_masks_by_hand():
    mask = np.arange(7 * 10).reshape(7, 10)
    # squares of four: their middles, and the last pixel where a square is cut
    assert reduce_mask(mask, 4).tolist() == [[22, 26, 29], [62, 66, 69]]
    assert reduce_mask(mask, 2).shape == (4, 5)
    assert reduce_mask(mask, 1) is mask


@pytest.mark.parametrize('size', [(240, 320), (301, 403)])
def test_image_and_mask_keep_their_geometry_when_reduced(tmp_path, size):
    y, x = np.mgrid[: size[0], : size[1]]
    mask = ((x - 160) ** 2 + (y - 120) ** 2 < 8000).astype(np.uint8) * 255
    Image.fromarray(mask).save(tmp_path / 'm.png')
    Image.fromarray(np.repeat(mask[..., None], 3, 2)).save(tmp_path / 'a.jpg')
    results = LoadForgeryMask(size='image')(
        LoadForgeryImage(reduce_to=(50, 50))(
            {'img_path': f'{tmp_path}/a.jpg', 'seg_map_path': f'{tmp_path}/m.png'}
        )
    )
    assert results['img_reduction'] == 4
    seen, seg = results['img'][..., 0].astype(float), results['gt_seg_map']
    assert seen.shape == seg.shape
    ys, xs = np.nonzero(seg)
    weights = seen / seen.sum()
    # even squares have no middle pixel: half a full pixel is an eighth of a reduced one
    assert xs.mean() == pytest.approx(
        (weights.sum(0) * range(seg.shape[1])).sum(), abs=0.15
    )
    assert ys.mean() == pytest.approx(
        (weights.sum(1) * range(seg.shape[0])).sum(), abs=0.15
    )


def test_reduced_mask_after_a_resize_is_refused(sample):
    pipeline = Compose(
        [
            LoadForgeryImage(),
            {'type': 'mmseg.Resize', 'scale': (16, 16)},
            LoadForgeryMask(size='image'),
        ]
    )
    with pytest.raises(ValueError, match='must directly follow LoadForgeryImage'):
        pipeline(sample(ground_truth() * 255))
    with pytest.raises(ValueError, match=r"size must be .* not 'small'"):
        LoadForgeryMask(size='small')
