import importlib.util
import json
import re
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.post_processing import parse_grid
from mpc_mmseg.visualization.report_images import best_and_worst
from mpc_mmseg.visualization.results_report import build_results_report

TOOL = Path(__file__).parents[2] / 'tools' / 'report.py'


def record(path, f1=None, fp=0):
    scores = {} if f1 is None else dict(F1=f1, IoU=f1 / 2)
    return dict(
        img_path=str(path), seg_map_path=None, dataset='d', forged=f1 is not None,
        tp=0, fp=fp, fn=0 if f1 is None else 8, tn=92 - fp, image_score=0.5, **scores,
    )  # fmt: skip


def summary(value):
    return dict(value=value, low=value - 0.1, high=value + 0.1, n=3)


@pytest.fixture
def files(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    cv2.imwrite(str(tmp_path / 'm.png'), np.eye(20, 30, dtype=np.uint8) * 255)
    (tmp_path / 'maps').mkdir()
    cv2.imwrite(str(tmp_path / 'maps/a.png'), np.eye(20, 30, dtype=np.uint8) * 200)
    images = [
        {**record(tmp_path / 'a.png', 0.5), 'seg_map_path': str(tmp_path / 'm.png')},
        record(tmp_path / 'absent.png', 0.25),
    ]
    results = {
        'format': 'mpc_mmseg.results',
        'version': 1,
        'list_hash': 'h',
        'conventions': {'mpc': 'resized & binarized'},
        'datasets': {'d': {'list_hash': 'h', 'scores': {'mpc.F1': summary(0.375)}}},
        'images': images,
    }
    settings = [
        dict(
            name=s.name,
            family=s.family,
            chain=s.chain,
            value=s.steps[0].value if len(s.steps) == 1 else None,
            scores={'d': {'F1': summary(0.3)}},
            difference={'d': {'F1': summary(-0.075)}},
        )
        for s in parse_grid({'jpeg_quality': [90, 50], 'chain': ['weibo_like']})
    ]
    robustness = dict(
        format='mpc_mmseg.robustness', version=1, hashes={}, settings=settings
    )
    (tmp_path / 'results.json').write_text(json.dumps(results))
    (tmp_path / 'robustness.json').write_text(json.dumps(robustness))
    np.savez(tmp_path / 'after.npz', embeddings=np.eye(6), labels=np.array([0, 1] * 3))
    return tmp_path


def test_every_part_is_there(files):
    page = build_results_report(
        [files / 'results.json', files / 'robustness.json'],
        files / 'sub/page.html',
        maps=[files / 'maps'],
        embeddings=[files / 'after.npz'],
    ).read_text()
    titles = re.findall('<h2>(.*?)</h2>', page)
    assert titles == [
        'Scores', 'Robustness', 'Images',
        'Pixel embeddings', 'All images',
    ]  # fmt: skip
    assert '0.375 <small>[0.275, 0.475]</small>' in page
    assert '<dd>resized &amp; binarized</dd>' in page
    # Clean has no difference; an imitation says what it is.
    assert page.count('-0.075 <small>') == 3
    assert '<dt>weibo_like</dt><dd>longest_side_px=2048+jpeg_quality=85</dd>' in page
    assert 'alt="overlay of a.png"' in page
    assert 'no picture' in page and 'absent.png' in page
    # Two families, five pictures of one image, embeddings.
    assert page.count('src="data:image') == 2 + 5 + 1
    assert '://' not in page and 'url(' not in page


ORIGIN = {
    'checkpoint': 'best.pth', 'weights_sha256': 'ab12', 'phase': 'contrast',
    'config_sha256': 'cd34', 'frame': 'native size', 'interpolation': 'none',
    'threshold': 0.5, 'date': '2026-01-31T10:00:00+00:00',
    'config_differences': {'model.test_cfg.threshold': ['0.5', '0.4']},
    'versions': {'mpc_mmseg': '1.0', 'torch': '2.13.0', 'numpy': '2'},
}  # fmt: skip


def test_what_was_run_is_stated(files):
    path = files / 'results.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), 'origin': ORIGIN}))
    inputs = [path, files / 'robustness.json']
    page = build_results_report(inputs, files / 'page.html').read_text()
    part = page.split('<h2>What was run</h2>')[1].split('</section>')[0]
    versions = 'mpc_mmseg 1.0, torch 2.13.0'
    differing = 'model.test_cfg.threshold'
    for shown in ('ab12', 'cd34', 'contrast', '2026-01-31', versions, differing):
        assert f'<td>{shown}' in part
    # The other file does not state it.
    assert part.count('<td>–</td>') == 10


def test_an_overlay_without_a_map_says_why(files):
    path = files / 'results.json'
    content = json.loads(path.read_text())
    content['images'].append(record(files / 'a.png', fp=46))
    path.write_text(json.dumps(content))
    page = build_results_report([path], files / 'page.html').read_text()
    assert (
        'predicted forged: 50.0% (not drawn: the page was made without --maps)' in page
    )
    page = build_results_report(
        [path], files / 'p.html', maps=[files / 'maps']
    ).read_text()
    assert 'predicted forged: 50.0%<' in page and 'not drawn' not in page


def test_parts_without_a_file_are_left_out(files):
    page = build_results_report([files / 'robustness.json'], files / 'page.html')
    assert re.findall('<h2>(.*?)</h2>', page.read_text()) == ['Robustness']


def test_best_worst_and_false_alarms_are_chosen_once_each():
    images = [record(f'f{i}', i / 10) for i in range(6)]
    images += [record(f'a{i}', fp=i) for i in range(3)]
    found = best_and_worst(images, 8)
    names = [[r['img_path'] for r in rows] for rows in found.values()]
    assert names == [['f5', 'f4', 'f3'], ['f0', 'f1', 'f2'], ['a2', 'a1']]
    few = best_and_worst(images[:3], 100)
    assert sum(map(len, few.values())) == 3
    *_, alarms = best_and_worst(images[6:], 2).values()
    assert [r['img_path'] for r in alarms] == ['a2', 'a1']
    assert not any(best_and_worst(images, 0).values())


def test_a_wrong_number_of_images(files):
    with pytest.raises(ValueError, match='max_images must not be negative, got -1'):
        build_results_report(
            [files / 'results.json'], files / 'page.html', max_images=-1
        )


@pytest.fixture
def run_tool(monkeypatch):
    spec = importlib.util.spec_from_file_location('results_report_tool', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['report.py', *map(str, args)])
        return module.main()

    return run


def test_the_tool_names_the_page(files, run_tool, capsys):
    page = files / 'page.html'
    assert run_tool(files / 'results.json', '--out', page, '--title', 'A <run>') == 0
    assert str(page) in capsys.readouterr().out
    assert '<h1>A &lt;run&gt;</h1>' in page.read_text()


@pytest.mark.parametrize('name', ['absent.json', 'after.npz', 'm.png'])
def test_a_wrong_file_is_named_without_a_traceback(files, run_tool, capsys, name):
    assert run_tool(files / name, '--out', files / 'page.html') == 1
    assert name in capsys.readouterr().err
    assert not (files / 'page.html').exists()
