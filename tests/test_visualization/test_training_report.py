"""Image rows and the whole report, from files as a run leaves them."""

import json
import re

import cv2
import numpy as np
import pytest

from mpc_mmseg.evaluation.functional import count_confusion, mpc_scores
from mpc_mmseg.evaluation.results.results_file import read_per_image
from mpc_mmseg.probability import binarize
from mpc_mmseg.visualization.report_images import (
    ProbabilityFiles,
    choose_images,
    image_row,
)
from mpc_mmseg.visualization.training_report import build_report


@pytest.fixture
def run(tmp_path):
    """Two forged images and an authentic one, with maps, logs and embeddings."""
    rng = np.random.default_rng(0)
    for name in ('images', 'maps', 'run/1/vis_data'):
        (tmp_path / name).mkdir(parents=True)
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
    log = [
        {'loss': 2, 'loss_within_image': 2, 'data_time': 0.1, 'time': 1, 'step': 1},
        {'demo/F1': 0.3, 'mean/F1': 0.3, 'step': 1},
        {'loss': 1, 'loss_bce': 1, 'data_time': 0.1, 'time': 1, 'step': 2},
    ]
    (tmp_path / 'run/1/vis_data/scalars.json').write_text(
        '\n'.join(json.dumps(record) for record in log)
    )
    labels = np.arange(50) % 2
    np.savez(
        tmp_path / 'before.npz', embeddings=rng.normal(size=(50, 4)), labels=labels
    )
    (tmp_path / 'baselines.json').write_text('{"all <forged>": {"demo/F1": 0.2}}')
    return tmp_path


def pixels(picture):
    return cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)


def test_row_shows_photograph_ground_truth_map_and_mask(run):
    good, bad, clean = read_per_image(run / 'images.jsonl')
    maps = ProbabilityFiles(run / 'maps')
    row = image_row(good, maps)
    assert row.name == 'good.png' and row.note == 'F1 1.000' and row.score == 1
    assert list(row.pictures) == [
        'photograph',
        'ground truth',
        'heat map',
        'mask at 0.5',
    ]
    shapes = {pixels(picture).shape for picture in row.pictures.values()}
    assert shapes == {(48, 320, 3)}
    truth, mask = (
        pixels(row.pictures[name]) for name in ('ground truth', 'mask at 0.5')
    )
    assert (truth == mask).all() and truth[20, 160, 0] == 255 and truth[2, 2, 0] == 0
    assert pixels(image_row(bad, maps).pictures['mask at 0.5']).max() == 0
    lower = image_row(bad, maps, threshold=0.25)
    assert pixels(lower.pictures['mask at 0.25']).max() == 255
    row = image_row(clean, maps)
    assert row.score is None and row.note == 'authentic; predicted forged: 0.0%'
    assert pixels(row.pictures['ground truth']).max() == 0
    assert list(image_row(good).pictures) == ['photograph', 'ground truth']


def test_images_are_ranked_and_thinned_out_evenly():
    records = [{'img_path': f'{i}', 'forged': True, 'F1': i / 10} for i in range(11)]
    records.append({'img_path': 'authentic', 'forged': False})
    ranked = choose_images(records, 100)
    assert [r.get('F1') for r in ranked] == [i / 10 for i in range(10, -1, -1)] + [None]
    chosen = [r['img_path'] for r in choose_images(records, 3)]
    assert chosen == ['10', '4', 'authentic']
    with pytest.raises(ValueError, match='limit'):
        choose_images(records, 0)


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


def test_whole_report(run):
    out = build_report(
        run / 'run',
        run / 'new' / 'report.html',
        per_image=run / 'images.jsonl',
        predictions=run / 'maps',
        baselines=run / 'baselines.json',
        embeddings_before=run / 'before.npz',
        embeddings_after=run / 'before.npz',
        title='Tom & Jerry',
    )
    page = out.read_text()
    assert [path.name for path in out.parent.iterdir()] == ['report.html']
    assert 'The model beats every baseline: mean F1 is 0.500 over 2 forged' in page
    assert '0.200 (all &lt;forged&gt;)' in page and 'Tom &amp; Jerry' in page
    assert 'waited for data 10.0% of their time' in page
    # Two losses, one validation, two embeddings, four pictures of three images.
    assert page.count('<img ') == 5 + 12
    order = re.findall(r'<b>(.*?)</b>', page)
    assert order == ['good.png', 'bad.png', 'clean.png']
    assert 'image AUC' in page


def test_parts_without_files_are_left_out(run):
    page = build_report(run / 'run', run / 'report.html').read_text()
    assert '<table' not in page and 'Pixel embeddings' not in page
    assert page.count('<img ') == 3


def test_wrong_files_are_named(run):
    def build(**files):
        build_report(run / 'run', run / 'report.html', **files)

    (run / 'broken.npz').write_bytes(b'no archive')
    np.savez(run / 'other.npz', labels=np.zeros(3))
    for name in ('broken.npz', 'other.npz'):
        with pytest.raises(ValueError, match=re.escape(name)):
            build(embeddings_before=run / name)
    with pytest.raises(FileNotFoundError, match=r'absent\.jsonl'):
        build(per_image=run / 'absent.jsonl')
    for content in ('', '{', '3', '{"forged": true}', '{"img_path": "x"}'):
        (run / 'bad.jsonl').write_text(content)
        with pytest.raises(ValueError, match=r'bad\.jsonl'):
            build(per_image=run / 'bad.jsonl')
    cv2.imwrite(str(run / 'images' / 'good_gt.png'), np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match=r'good_gt\.png is \(5, 5\)'):
        build(per_image=run / 'images.jsonl')
    assert not (run / 'report.html').exists()


def test_models_side_by_side_on_the_same_images(run):
    lines = (run / 'images.jsonl').read_text().splitlines()
    folders = {'small': run / 'small', 'large': run / 'large'}
    for number, folder in enumerate(folders.values()):
        folder.mkdir()
        (folder / 'maps').symlink_to(run / 'maps')
        # The order of a run's lines does not matter.
        (folder / 'images.jsonl').write_text('\n'.join(lines[:: 1 - 2 * number]))
        (folder / 'scores.json').write_text(json.dumps({'demo/F1': 0.25 + number / 2}))
    page = build_report(run / 'run', run / 'report.html', compared=folders).read_text()
    assert 'small and large' in page and '>0.250<' in page and '>0.750<' in page
    assert page.count('heat map: small<') == page.count('heat map: large<') == 3
    assert 'small: F1 1.000; large: F1 1.000' in page
    (run / 'large/images.jsonl').write_text('\n'.join(lines[1:]))
    with pytest.raises(ValueError, match=r'large/images.jsonl lacks .*good.png'):
        build_report(run / 'run', run / 'report.html', compared=folders)
