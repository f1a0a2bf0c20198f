import base64
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from jinja2 import UndefinedError

from mpc_mmseg.datasets.check.checked_list import CheckedList
from mpc_mmseg.datasets.check.defect import Defect
from mpc_mmseg.datasets.check.result import judge
from mpc_mmseg.visualization.check_page import check_page
from mpc_mmseg.visualization.pages import data_url, render, render_part
from mpc_mmseg.visualization.pictures import Picture
from mpc_mmseg.visualization.report_images import ImageRow
from mpc_mmseg.visualization.results_report import build_results_report

NASTY = '"\'><script>alert("x")</script><img src=x onerror=a()><!-- & <b>co</b>'


def png(level=0):
    return cv2.imencode('.png', np.full((4, 4), level, np.uint8))[1].tobytes()


def jpeg():
    return cv2.imencode('.jpg', np.zeros((4, 4, 3), np.uint8))[1].tobytes()


class Collector(HTMLParser):
    """Checks that tags close in order, and keeps what a browser would load."""

    VOID = {'meta', 'img', 'br', 'link', 'input'}

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.sources, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [v for k, v in attrs if k in ('src', 'href')]
        assert not any(name.startswith('on') for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError(f'a comment: {data}')

    def handle_data(self, data):
        self.text.append(data)


def parse(page):
    collector = Collector()
    collector.feed(page)
    assert not collector.open
    return collector


def report(**values):
    empty = dict(
        title='Nothing yet', scores={}, score_notes={}, conventions={}, origins={},
        robustness={}, curves=[], waiting=None, embeddings=[],
        images={}, colours=[], columns=(), sources=['r'],
    )  # fmt: skip
    return render('results.html', **{**empty, **values})


def summary(value):
    return dict(value=value, low=None, high=None, n=3)


def full_report():
    return report(
        title=NASTY,
        scores={
            NASTY: (
                [NASTY, 'b'],
                {'F1': [summary(0.5), None], NASTY: [summary(1)] * 2},
            ),
            'other': (['b'], {'F1': [summary(0.125)]}),
        },
        score_notes={'F1': NASTY},
        curves=[Picture(png(1), NASTY)],
        images={
            NASTY: {
                NASTY: [
                    ImageRow(
                        NASTY,
                        {NASTY: Picture(png(2)), 'b': Picture(jpeg())},
                        NASTY,
                        0.5,
                    ),
                    ImageRow('plain', {}, 'no score'),
                ]
            }
        },
        colours=['#000000', '#ffffff'],
        sources=[NASTY],
    )


def test_page_is_well_formed_and_self_contained():
    page = full_report()
    collector = parse(page)
    assert 'script' not in collector.tags and 'link' not in collector.tags
    assert len(collector.sources) == 3
    assert all(
        s.startswith(('data:image/png', 'data:image/jpeg')) for s in collector.sources
    )
    assert base64.b64decode(collector.sources[2].split(',')[1]) == png(1)
    assert '://' not in page and 'url(' not in page
    # Title, heading, notes and so on: shown as written.
    assert ''.join(collector.text).count(NASTY) >= 8


def test_scores_have_three_digits_and_gaps_a_dash():
    page = full_report()
    assert '<td>0.500</td><td>–</td>' in page
    # A data set has the columns of its own runs.
    assert re.search(r'<td>0\.125</td>\s*<td>3</td>', page)


def test_a_bar_only_where_there_is_a_score():
    page = full_report()
    assert page.count('class="bar"') == 1 and 'width:50%' in page


def test_empty_report():
    collector = parse(report())
    assert 'table' not in collector.tags and 'h2' not in collector.tags


def results_page(folder):
    image = dict(
        img_path=f'/absent/{NASTY.rpartition("/")[2]}', dataset=NASTY, forged=True,
        tp=1, fp=1, fn=1, tn=1, image_score=0.5, F1=0.5, IoU=0.5, tags=[NASTY],
        scores={NASTY: 0.5},
    )  # fmt: skip
    scores = {NASTY: {'value': 0.5, 'low': None, 'high': None, 'n': 1}}
    results = {
        'format': 'mpc_mmseg.results',
        'version': 1,
        'list_hash': 'h',
        'conventions': {NASTY: NASTY},
        'datasets': {NASTY: {'list_hash': 'h', 'scores': scores}},
        'images': [image],
    }
    (folder / 'a.json').write_text(json.dumps(results))
    page = build_results_report(
        [folder / 'a.json'], folder / 'page.html', names=[NASTY], title=NASTY
    )
    return page.read_text()


def case_page(folder):
    file = dict(
        name=NASTY, bytes=1, sha256='0', format=NASTY, mode=NASTY, stored_size=[1, 1],
        frames=1, jpeg={}, exif={NASTY: {NASTY: NASTY}}, other={NASTY: NASTY},
        thumbnails=[dict(source=NASTY, bytes=1, sha256='0')], problems=[NASTY],
    )  # fmt: skip
    result = dict(
        size=[1, 1], verdict=None, meaning=[NASTY, NASTY], regions=[], map_sha256='0',
        mask_sha256='0',
    )  # fmt: skip
    case = dict(
        file=file, result=result, notes={NASTY: NASTY}, model={'weights': NASTY},
        settings={'tta': [NASTY]}, versions={NASTY: NASTY}, limits=[NASTY],
        reliability={'meaning': NASTY},
    )  # fmt: skip
    pictures = [Picture(png(), NASTY)]
    return render(
        'case.html', case=case, pictures=pictures, thumbnails=pictures, colours=[],
        json_seal='seal',
    )  # fmt: skip


def data_check_page(folder):
    lost = Defect('missing file', NASTY, NASTY)
    return check_page(judge([CheckedList(NASTY, [], [lost], [])]), NASTY)


def gallery_page(folder):
    record = dict(kind=NASTY, forged_share=0.5, parameters=dict(method=NASTY))
    samples = [(record, Picture(png()), Picture(png()))]
    return render('gallery.html', title=NASTY, samples=samples)


def web_page(folder):
    reliability = {'level': None, 'meaning': NASTY}
    parts = {
        'introduction': [],
        'problem': [NASTY],
        'hint': [],
        'overlay': [Picture(png()), 0.5, 0.5],
        'similarity': [Picture(png()), 1, 2, ['#000000']],
        'verdict': [[NASTY], reliability],
        'links': [[(NASTY, NASTY, data_url(b'', 'text/html'))], 0.5],
    }
    return ''.join(
        render_part('web_page.html', part, *values) for part, values in parts.items()
    )


@pytest.mark.parametrize(
    ('write', 'scripts'),
    [
        (results_page, 2),
        (lambda folder: full_report(), 0),
        (case_page, 0),
        (data_check_page, 0),
        (gallery_page, 0),
        (web_page, 0),
    ],
)
def test_a_hostile_name_stays_text_on_every_page(tmp_path, write, scripts):
    collector = parse(write(tmp_path))
    assert collector.tags.count('script') == scripts
    assert all(source.startswith('data:') for source in collector.sources)
    assert ''.join(collector.text).count(NASTY) >= 2


def test_a_value_that_a_template_lacks_is_an_error():
    with pytest.raises(UndefinedError, match='title'):
        render('gallery.html', samples=[])
