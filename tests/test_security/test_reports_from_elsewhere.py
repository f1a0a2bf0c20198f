"""Results and names from others: pages run nothing, show and fetch nothing else."""

import csv
import io
import json
import os
import re

import numpy as np
import pytest
from bright_is_forged import write_image

from mpc_mmseg.datasets.lists.coco_annotations import (
    draw_segmentation,
    read_annotations,
)
from mpc_mmseg.evaluation.results.results_file import (
    read_per_image,
    read_results,
    write_images,
)
from mpc_mmseg.visualization.pages import render
from mpc_mmseg.visualization.results_files import read_files
from mpc_mmseg.visualization.results_report import build_results_report
from mpc_mmseg.visualization.score_table import score_table

SCRIPT = '</script><script>alert(1)</script><img src=//evil.example/x onerror=alert(2)>'
RECORD = {
    'img_path': 'a.png',
    'seg_map_path': None,
    'dataset': 'set',
    'forged': True,
    'tp': 1,
    'fp': 2,
    'fn': 3,
    'tn': 4,
    'F1': 0.5,
    'IoU': 0.4,
    'image_score': 0.7,
    'image_hash': None,
    'truth_hash': None,
    'scores': {},
    'map_features': {},
    'tags': [],
}


def results(tmp_path, record=(), summary=(), conventions=(), **more):
    found = {'value': 0.5, 'low': 0.4, 'high': 0.6, 'n': 3}
    content = {
        'format': 'mpc_mmseg.results',
        'version': 1,
        'list_hash': 'x',
        'conventions': dict(conventions),
        'datasets': {
            'set': {'list_hash': 'x', 'scores': {'F1': {**found, **dict(summary)}}}
        },
        'images': [{**RECORD, **dict(record)}],
        **more,
    }
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize('key', ['value', 'low', 'high', 'n', 'bounds'])
@pytest.mark.parametrize('value', [SCRIPT, {'a': 1}, [SCRIPT, 1], 10**400, [[]] * 3])
def test_a_score_that_is_no_number_is_refused(tmp_path, key, value):
    path = results(tmp_path, summary={key: value})
    if value == [[]] * 3:
        path = results(tmp_path, summary={key: [1, 'x']})
    with pytest.raises(ValueError, match=r'results\.json'):
        build_results_report([path], tmp_path / 'page.html')


@pytest.mark.parametrize(
    'record',
    [
        {'tp': SCRIPT},
        {'F1': '0.5'},
        {'image_score': None, 'forged': SCRIPT},
        {'img_path': ['a']},
        {'img_path': None},
        {'dataset': {}},
        {'tags': SCRIPT},
        {'tags': [1]},
        {'scores': {'x': SCRIPT}},
        {'source': 7},
        {'seg_map_path': True},
        {'F1': None},
        {'tp': None},
        {'scores': 5},
        {'scores': [1]},
        {'tags': {}},
        {'versions': 'x', 'config_differences': 5},
    ],
)
def test_a_record_of_another_form_is_refused(tmp_path, record):
    with pytest.raises(ValueError, match=r'results\.json, image 1'):
        build_results_report([results(tmp_path, record)], tmp_path / 'page.html')


@pytest.mark.parametrize(
    'origin', ['x', [1], 5, {'versions': 'x'}, {'config_differences': [1]}]
)
def test_an_origin_of_another_form_is_refused(tmp_path, origin):
    with pytest.raises(ValueError, match=r'results\.json'):
        build_results_report([results(tmp_path, origin=origin)], tmp_path / 'a.html')


@pytest.mark.parametrize('value', [None, 'x', {'a': 1}, [1]])
def test_a_severity_that_is_no_number_is_refused(tmp_path, value):
    scores = {'set': {'F1': {'value': 0.5}}}
    clean = dict(name='clean', family='clean', chain='', value=None)
    clean |= dict(scores=scores, difference=scores)
    found = dict(format='mpc_mmseg.robustness', version=1, hashes={}, settings=[clean])
    path = tmp_path / 'robustness.json'
    for number, settings in enumerate(
        ([clean], [clean, {**clean, 'family': 'jpeg_quality', 'value': value}])
    ):
        path.write_text(json.dumps({**found, 'settings': settings}))
        if number:
            with pytest.raises(ValueError, match=r'robustness\.json'):
                read_files([path])
        else:
            read_files([path])


def test_a_name_is_no_command_in_a_table(tmp_path):
    name = '\\input{x}^^5cinput\n<script>|'
    path = results(tmp_path)
    tex, md = (score_table([path], [name], kind) for kind in ('tex', 'md'))
    assert r'\textbackslash{}input\{x\}\^\^5cinput' in tex and '\\input' not in tex
    assert r'\<script>\|' in md and '\n<' not in md


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='no pipes here')
def test_results_from_a_pipe_are_refused_at_once(tmp_path):
    for name, read in (('a.json', read_results), ('a.jsonl', read_per_image)):
        os.mkfifo(tmp_path / name)
        with pytest.raises(OSError, match='no regular file'):
            read(tmp_path / name)


def test_texts_of_results_stay_text(tmp_path):
    path = results(
        tmp_path,
        {'img_path': SCRIPT, 'tags': [SCRIPT], 'dataset': SCRIPT},
        conventions={SCRIPT: SCRIPT},
    )
    page = build_results_report([path], tmp_path / 'page.html', names=[SCRIPT])
    text = page.read_text()
    assert 'alert(1)' in text and '<script>alert' not in text
    assert '<img src=//' not in text


def test_pictures_are_shown_from_below_the_named_folder_only(tmp_path):
    inside, outside = tmp_path / 'data/a.png', tmp_path / 'private/b.png'
    for path in (inside, outside):
        write_image(path)
    for path, shown in (
        (inside, True),
        (outside, False),
        (tmp_path / 'data/../private/b.png', False),
    ):
        for key in ('img_path', 'seg_map_path'):
            record = {'img_path': str(inside), key: str(path)}
            page = build_results_report(
                [results(tmp_path, record)],
                tmp_path / 'page.html',
                image_root=tmp_path / 'data',
            ).read_text()
            assert ('--images' in page) != shown


def test_cells_that_a_spreadsheet_would_compute_are_quoted(tmp_path):
    nasty = ['=1+1', '+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1']
    shown = ["'=1+1", "'+1", "'-1+1", "'@SUM(A1)", '\\t=1', '\\r=1']
    images = [{**RECORD, 'img_path': name, 'image_score': -0.5} for name in nasty]
    write_images(tmp_path / 'images.csv', images)
    text = (tmp_path / 'images.csv').read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline='')))
    assert [row['img_path'] for row in rows] == shown
    assert {row['image_score'] for row in rows} == {'-0.5'}


def test_any_name_survives_lines_of_results(tmp_path):
    names = ['a\u2028b', 'a\x85b', 'a\nb', 'bad\udcff.jpg', '\x1b[2J']
    path = tmp_path / 'images.jsonl'
    write_images(path, [{**RECORD, 'img_path': name} for name in names])
    assert [record['img_path'] for record in read_per_image(path)] == names


@pytest.mark.parametrize('template', ['base.html'])
def test_a_page_may_load_nothing(template):
    assert '<script>alert' not in render(template, title=SCRIPT)
    page = render(template, title='results')
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href|action|url\()\s*=?\s*["\'(]?(https?:)?//', page)


def test_polygons_are_bounded_and_numbers():
    for polygon, reason in (
        ([0, 0] * 30_000, 'needs 3 to 4000'),
        ([0, 0, 1, float('nan'), 2, 2], 'not finite'),
        ([0, 0, 1, float('inf'), 2, 2], 'not finite'),
        ([0, 0, 1e300, 1, 2, 2], 'huge'),
        ([0, 0, 10**400, 1, 2, 2], 'no segmentation'),
        ([0, 0, 'x', 1, 2, 2], 'could not convert'),
        ([0, 0, None, [], 2, 2], ''),
    ):
        with pytest.raises(ValueError, match=reason):
            draw_segmentation([polygon], (20, 20))
    for counts in ([-5, 105], [1e400, 1], [50.5, 49.5]):
        with pytest.raises((ValueError, TypeError)):
            draw_segmentation({'size': [10, 10], 'counts': counts}, (10, 10))
    square = draw_segmentation([[0, 0, 5, 0, 5, 5, 0, 5]], (10, 10))
    assert np.array_equal(square[:5, :5], np.ones((5, 5)))


def test_deep_annotations_are_an_error_with_a_name(tmp_path):
    path = tmp_path / 'deep.json'
    path.write_text('[' * 100_000)
    with pytest.raises(ValueError, match=r'deep\.json'):
        read_annotations(path)
