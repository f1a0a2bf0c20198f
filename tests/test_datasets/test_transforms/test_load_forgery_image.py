import os

import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS
from PIL import ExifTags, Image

from mpc_mmseg.datasets import LoadForgeryImage
from mpc_mmseg.datasets.io.image_io import ImageReadError


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
    # a pixel is about the mean of the square that it stands for
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
