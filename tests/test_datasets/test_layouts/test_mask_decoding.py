import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.layouts.mask_decoding import (
    any_is_forged,
    bright_is_forged,
    dark_is_forged,
    green_is_forged,
)


def written(path, pixels):
    cv2.imwrite(str(path), np.asarray(pixels, np.uint8))
    return path


def test_dark(tmp_path):
    path = written(tmp_path / 'a.png', [[0, 127, 128, 255]])
    assert dark_is_forged([path]).tolist() == [[1, 1, 0, 0]]


def test_green_in_both_shades_and_a_noisy_edge(tmp_path):
    colours = [(0, 200, 0), (0, 255, 0), (0, 0, 200), (0, 0, 255), (9, 90, 110)]
    path = written(tmp_path / 'a.png', [colours])
    assert green_is_forged([path]).tolist() == [[1, 1, 0, 0, 0]]


def test_bright(tmp_path):
    path = written(tmp_path / 'a.png', [[0, 10, 11, 128, 255]])
    assert bright_is_forged([path], above=10).tolist() == [[0, 0, 1, 1, 1]]
    assert bright_is_forged([path], above=200).tolist() == [[0, 0, 0, 0, 1]]


def test_any(tmp_path):
    paths = [
        written(tmp_path / 'a.png', [[255, 0, 0]]),
        written(tmp_path / 'b.png', [[0, 0, 255]]),
    ]
    assert any_is_forged(paths).tolist() == [[1, 0, 1]]
    paths.append(written(tmp_path / 'c.png', [[0, 255]]))
    with pytest.raises(ValueError, match=r'c\.png is 2 x 1'):
        any_is_forged(paths)
