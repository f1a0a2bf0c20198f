import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.transforms.post_process import CropMaskToImage, PostProcessImage


@pytest.fixture
def pair(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    mask = np.zeros((40, 60), np.uint8)
    mask[12:20, 16:28] = 255
    cv2.imwrite(str(tmp_path / 'i.png'), image)
    cv2.imwrite(str(tmp_path / 'm.png'), mask)
    return {
        'img_path': str(tmp_path / 'i.png'),
        'seg_map_path': str(tmp_path / 'm.png'),
        'forged': True,
    }, image, (mask > 0).astype(np.uint8)  # fmt: skip


def run(sample, setting, resize=True, mask_first=False):
    steps = [dict(type='LoadForgeryImage')]
    steps.append(dict(type='PostProcessImage', setting=setting))
    masks = [dict(type='LoadForgeryMask'), dict(type='CropMaskToImage')]
    scale = [dict(type='Resize', scale=(32, 32))] if resize else []
    order = masks[:1] + scale + masks[1:] if mask_first else scale + masks
    pack = [dict(type='PackForgeryInputs')]
    pipeline = Compose([TRANSFORMS.build(s) for s in steps + order + pack])
    return pipeline(dict(sample))


def test_the_photograph_is_processed_before_it_is_resized(pair):
    sample, image, mask = pair
    packed = run(sample, 'jpeg_quality=20')
    _, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 20])
    expected = cv2.resize(cv2.imdecode(data, cv2.IMREAD_COLOR), (32, 32))
    np.testing.assert_array_equal(packed['inputs'].numpy().transpose(1, 2, 0), expected)
    np.testing.assert_array_equal(packed['data_samples'].gt_sem_seg.data[0], mask)


def test_a_resized_photograph_is_scored_on_its_native_pixels(pair):
    sample, _, mask = pair
    packed = run(sample, 'resize_factor=0.5', resize=False)
    assert packed['inputs'].shape == (3, 20, 30)
    meta = packed['data_samples'].metainfo
    assert meta['ori_shape'] == (40, 60) and meta['img_shape'] == (20, 30)
    np.testing.assert_array_equal(packed['data_samples'].gt_sem_seg.data[0], mask)


@pytest.mark.parametrize('resize', [True, False])
def test_a_crop_cuts_the_mask_alike(pair, resize):
    sample, _, mask = pair
    packed = run(sample, 'crop_side_share=0.5+resize_factor=0.5', resize)
    ground_truth = packed['data_samples'].gt_sem_seg.data[0].numpy()
    np.testing.assert_array_equal(ground_truth, mask[10:30, 15:45])
    assert packed['data_samples'].metainfo['ori_shape'] == (20, 30)
    assert packed['data_samples'].metainfo['forged'] is True


def test_a_crop_without_the_forgery_is_authentic(pair):
    sample, _, _ = pair
    packed = run(sample, 'crop_side_share=0.02')
    assert packed['data_samples'].metainfo['forged'] is False


def test_a_mask_that_was_resized_cannot_be_cropped(pair):
    sample, _, _ = pair
    with pytest.raises(ValueError, match=r'i\.png: its mask is \(32, 32\)'):
        run(sample, 'crop_side_share=0.5', mask_first=True)


def test_a_wrong_setting_is_named():
    with pytest.raises(ValueError, match="'blurred' is no post-processing"):
        PostProcessImage('blurred')


def test_they_say_what_they_do():
    assert "'jpeg_quality=70'" in repr(PostProcessImage('jpeg_quality=70'))
    assert repr(CropMaskToImage()) == 'CropMaskToImage()'
