"""Rows of pictures, from files as a run leaves them."""

import json

import cv2
import numpy as np
import pytest

from mpc_mmseg.evaluation.functional.confusion import count_confusion, mpc_scores
from mpc_mmseg.evaluation.results.results_file import read_per_image
from mpc_mmseg.probability import binarize
from mpc_mmseg.visualization.report_images import ProbabilityFiles, image_row


@pytest.fixture
def run(tmp_path):
    """Two forged images and an authentic one, with maps."""
    rng = np.random.default_rng(0)
    for name in ('images', 'maps'):
        (tmp_path / name).mkdir()
    records = []
    for i, name in enumerate(('good', 'bad', 'clean')):
        forged = name != 'clean'
        image = rng.integers(0, 256, (60, 400, 3), dtype=np.uint8)
        truth = np.zeros((60, 400), np.uint8)
        truth[10:40, 100:300] = forged
        prob = (truth * (0.9 if name == 'good' else 0.3)).astype(np.float32)
        img_path = tmp_path / 'images' / f'{name}.png'
        mask_path = tmp_path / 'images' / f'{name}_gt.png'
        cv2.imwrite(str(img_path), image)
        cv2.imwrite(str(mask_path), truth * 255)
        levels = np.round(prob * 65535).astype(np.uint16)
        cv2.imwrite(str(tmp_path / 'maps' / f'{i:06d}_{name}.png'), levels)
        counts = count_confusion(binarize(prob), truth)
        f1, iou = mpc_scores(counts)
        record = {
            'img_path': str(img_path),
            'seg_map_path': str(mask_path) if forged else None,
            'dataset': 'demo',
            'sample_idx': i,
            'forged': forged,
            **vars(counts),
            'image_score': float(prob.max()),
        }
        records.append(record | ({'F1': f1, 'IoU': iou} if forged else {}))
    lines = '\n'.join(json.dumps(record) for record in records)
    (tmp_path / 'images.jsonl').write_text(lines)
    return tmp_path


def pixels(picture):
    return cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)


def test_row_shows_photograph_ground_truth_map_and_mask(run):
    good, bad, clean = read_per_image(run / 'images.jsonl')
    maps = ProbabilityFiles(run / 'maps')
    row = image_row({'a': good}, {'a': maps})
    assert row.name == 'good.png' and row.note == 'F1 1.000' and row.score == 1
    assert list(row.pictures) == [
        'photograph',
        'ground truth',
        'heat map',
        'mask at 0.5',
        'overlay',
    ]
    plain = [p for name, p in row.pictures.items() if name != 'overlay']
    shapes = {pixels(picture).shape for picture in plain}
    assert shapes == {(48, 320, 3)}
    truth, mask = (
        pixels(row.pictures[name]) for name in ('ground truth', 'mask at 0.5')
    )
    assert (truth == mask).all() and truth[20, 160, 0] == 255 and truth[2, 2, 0] == 0
    row = image_row({'a': bad}, {'a': maps})
    assert pixels(row.pictures['mask at 0.5']).max() == 0
    lower = image_row({'a': bad}, {'a': maps}, threshold=0.25)
    assert pixels(lower.pictures['mask at 0.25']).max() == 255
    row = image_row({'a': clean}, {'a': maps})
    assert row.score is None and row.note == 'authentic; predicted forged: 0.0%'
    assert pixels(row.pictures['ground truth']).max() == 0
    without = image_row({'a': good}, {}).pictures
    assert list(without) == ['photograph', 'ground truth', 'overlay']


def test_runs_stand_side_by_side(run):
    good, bad, _ = read_per_image(run / 'images.jsonl')
    maps = ProbabilityFiles(run / 'maps')
    records = {'small': good, 'large': {**good, 'F1': bad['F1']}, 'third': good}
    row = image_row(records, {'small': maps, 'large': maps})
    assert row.note == 'small: F1 1.000; large: F1 0.000; third: F1 1.000'
    assert row.score is None
    assert list(row.pictures) == [
        'photograph', 'ground truth', 'heat map: small', 'heat map: large',
        'mask at 0.5', 'overlay',
    ]  # fmt: skip


def test_a_mask_of_another_size_is_named(run):
    good, *_ = read_per_image(run / 'images.jsonl')
    cv2.imwrite(good['seg_map_path'], np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match=r'good_gt\.png is \(5, 5\)'):
        image_row({'a': good}, {})


def write_map(path, levels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), levels)


def test_maps_are_found_by_any_name(tmp_path):
    record = {'img_path': 'x/photo.jpg', 'dataset': 'b', 'sample_idx': 7}
    levels = np.array([[0, 51, 255]], np.uint8)
    names = ('a/photo_prob.png', 'a/photo.png', 'a/000007_photo.png')
    for name in names:
        write_map(tmp_path / name, levels)
        (tmp_path / 'other.png').write_bytes((tmp_path / name).read_bytes())
        prob = ProbabilityFiles(tmp_path).read(record)
        assert prob.dtype == np.float32
        assert prob[0] == pytest.approx([0, 0.2, 1])
    # The same name twice: the one of the image's own data set.
    write_map(tmp_path / 'b/000007_photo.png', np.array([[65535]], np.uint16))
    assert ProbabilityFiles(tmp_path).read(record)[0] == [1]
    with pytest.raises(ValueError, match='both fit'):
        ProbabilityFiles(tmp_path).read({**record, 'dataset': 'c'})


def test_maps_that_are_not_there_or_no_maps(tmp_path):
    record = {'img_path': 'x/photo.jpg', 'dataset': 'b', 'sample_idx': 7}
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        ProbabilityFiles(tmp_path)
    write_map(tmp_path / 'photo.png', np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r'photo\.png is no grey PNG'):
        ProbabilityFiles(tmp_path).read(record)
    with pytest.raises(FileNotFoundError, match=r'absent\.jpg'):
        ProbabilityFiles(tmp_path).read({**record, 'img_path': 'absent.jpg'})
