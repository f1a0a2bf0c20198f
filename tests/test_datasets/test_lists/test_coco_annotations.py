import json

import numpy as np
import pytest

from mpc_mmseg.datasets.lists.coco_annotations import (
    decompress_counts,
    draw_segmentation,
    read_annotations,
)


def test_a_polygon_covers_whole_pixels():
    square = [2, 1, 6, 1, 6, 4, 2, 4]
    mask = draw_segmentation([square, [0, 0, 1, 0, 1, 1, 0, 1]], (6, 8))
    expected = np.zeros((6, 8), np.uint8)
    expected[1:4, 2:6] = expected[0, 0] = 1
    np.testing.assert_array_equal(mask, expected)


def test_a_polygon_is_its_pixel_centres():
    # a circle that leaves the image at the top; each centre is asked by itself
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    outline = 20 + 13.3 * np.stack([np.cos(angles), np.sin(angles)], 1) - (0, 12)
    mask = draw_segmentation([outline.ravel().tolist()], (30, 40))
    rows, columns = np.mgrid[:30, :40] + 0.5
    radius = np.hypot(columns - 20, rows - 8)
    np.testing.assert_array_equal(mask[radius < 12.9], 1)
    np.testing.assert_array_equal(mask[radius > 13.7], 0)


def test_runs_go_down_the_columns():
    code = {'size': [3, 2], 'counts': [1, 2, 2, 1]}
    assert draw_segmentation(code, (3, 2)).tolist() == [[0, 0], [1, 0], [1, 1]]


def compress(counts):
    """COCO's string, written the long way: five bits a character, least first."""
    text = ''
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            done = (value == 0 and not bits & 16) or (value == -1 and bits & 16)
            text += chr(48 + bits + (0 if done else 32))
            if done:
                break
    return text


def test_compressed_runs():
    # the example of the format: runs of a 5 x 5 image with a rectangle in it
    counts = [6, 3, 2, 3, 2, 3, 6]
    assert decompress_counts(compress(counts)) == counts
    rng = np.random.default_rng(0)
    for _ in range(20):
        counts = rng.integers(0, 5000, rng.integers(1, 30)).tolist()
        assert decompress_counts(compress(counts)) == counts
    with pytest.raises(ValueError, match='within a number'):
        decompress_counts('P')


def test_bad_segmentations():
    with pytest.raises(ValueError, match=r'polygon .* got 4 numbers'):
        draw_segmentation([[1, 2, 3, 4]], (4, 4))
    with pytest.raises(ValueError, match='for an image'):
        draw_segmentation({'size': [2, 2], 'counts': [4]}, (4, 4))
    with pytest.raises(ValueError, match='runs of 3'):
        draw_segmentation({'size': [2, 2], 'counts': [1, 2]}, (2, 2))


def test_annotation_files(tmp_path):
    path = tmp_path / 'a.json'
    with pytest.raises(FileNotFoundError, match=r'a\.json'):
        read_annotations(path)
    path.write_text('{"images": []}')
    with pytest.raises(ValueError, match=r'a\.json'):
        read_annotations(path)
    content = {'images': [{'id': 7}], 'annotations': [{'image_id': 7, 'id': 1}]}
    path.write_text(json.dumps(content))
    read = read_annotations(path)
    assert read['annotations'] == {7: [{'image_id': 7, 'id': 1}]}
