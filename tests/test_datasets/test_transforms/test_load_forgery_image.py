import os

import cv2
import numpy as np
import pytest
from mmseg.registry import TRANSFORMS
from PIL import Image

from mpc_mmseg.datasets import LoadForgeryImage
from mpc_mmseg.datasets.image_io import ImageReadError


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
