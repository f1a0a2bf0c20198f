import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np

from mpc_mmseg.visualization.pages import ImageRow, Picture, render

NASTY = '<script>alert("x")</script> & \'co\''


def png(level=0):
    return cv2.imencode('.png', np.full((4, 4), level, np.uint8))[1].tobytes()


def jpeg():
    return cv2.imencode('.jpg', np.zeros((4, 4, 3), np.uint8))[1].tobytes()


class Collector(HTMLParser):
    """Checks that tags close in order, and keeps what a browser would load."""

    VOID = {'meta', 'img', 'br', 'link'}

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.sources, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [v for k, v in attrs if k in ('src', 'href')]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parse(page):
    collector = Collector()
    collector.feed(page)
    assert not collector.open
    return collector


def report(**values):
    empty = dict(
        title='Nothing yet', verdict='', scores={}, score_notes={}, curves=[],
        waiting=None, embeddings=[], images=[], n_images=0, colours=[], run='r',
        threshold=0.5,
    )  # fmt: skip
    return render('training.html', **{**empty, **values})


def full_report():
    return report(
        title=NASTY,
        verdict=NASTY,
        scores={NASTY: {'F1': 0.5, NASTY: 0.25}, 'other': {'F1': 0.125}},
        score_notes={'F1': NASTY},
        curves=[Picture(png(1), NASTY)],
        images=[
            ImageRow(NASTY, {NASTY: Picture(png(2)), 'b': Picture(jpeg())}, NASTY, 0.5),
            ImageRow('plain', {}, 'no score'),
        ],
        colours=['#000000', '#ffffff'],
        run=NASTY,
    )


def test_page_is_well_formed_and_self_contained():
    page = full_report()
    collector = parse(page)
    assert 'script' not in collector.tags and 'link' not in collector.tags
    assert len(collector.sources) == 3
    assert all(
        s.startswith(('data:image/png', 'data:image/jpeg')) for s in collector.sources
    )
    assert base64.b64decode(collector.sources[0].split(',')[1]) == png(1)
    assert '://' not in page and 'url(' not in page
    # Title, heading, verdict and so on: shown as written.
    assert ''.join(collector.text).count(NASTY) >= 8


def test_scores_have_three_digits_and_gaps_a_dash():
    page = full_report()
    assert re.search(r'<tr class="own">.*<td>0\.500</td><td>0\.250</td></tr>', page)
    assert '<td>0.125</td><td>–</td>' in page


def test_a_bar_only_where_there_is_a_score():
    page = full_report()
    assert page.count('class="bar"') == 1 and 'width:50%' in page


def test_empty_report():
    collector = parse(report())
    assert 'table' not in collector.tags and 'h2' not in collector.tags
