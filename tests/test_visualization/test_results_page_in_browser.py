"""The page of results in a real browser: sorted and filtered by clicking."""

import json
import time

import pytest
from headless_browser import Browser, find_browser

from mpc_mmseg.visualization.results_report import build_results_report

BINARY = find_browser()
pytestmark = pytest.mark.skipif(
    BINARY is None, reason='no browser: install chromium or set BROWSER_BINARY'
)
NASTY = '<img src=x onerror=document.title=1>.png'


def lines(count):
    """Records whose F1 is i / count; every fourth is authentic."""
    for i in range(count):
        name = NASTY if i == 1 else f'image{i}.png'
        record = dict(
            img_path=f'/absent/{name}', seg_map_path=None, dataset='ab'[i % 2],
            forged=i % 4 != 3, tp=10, fp=i % 7, fn=5, tn=100, image_score=i / count,
        )  # fmt: skip
        if record['forged']:
            record.update(F1=i / count, IoU=i / count / 2)
        else:
            record.update(tp=0, fn=0)
        yield record


def write(folder, count):
    content = {
        'format': 'mpc_mmseg.results', 'version': 1, 'list_hash': 'h',
        'conventions': {}, 'datasets': {}, 'images': [*lines(count)],
    }  # fmt: skip
    (folder / 'run.json').write_text(json.dumps(content))
    page = build_results_report(
        [folder / 'run.json'], folder / 'page.html', max_images=4
    )
    return page.as_uri()


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    browser = Browser(BINARY, tmp_path_factory.mktemp('profile'))
    yield browser
    browser.close()


@pytest.fixture(scope='module')
def small_page(tmp_path_factory):
    return write(tmp_path_factory.mktemp('small'), 40)


def column(browser, name):
    return browser.run(
        '(() => { const heads = [...document.querySelectorAll("#image-table th")];'
        f'const i = heads.findIndex(h => h.textContent === {json.dumps(name)});'
        'return [...document.querySelectorAll("#image-table tbody tr")]'
        '.map(r => r.cells[i].textContent); })()'
    )


def head(browser, name):
    index = browser.run(
        '[...document.querySelectorAll("#image-table th")].findIndex('
        f'h => h.textContent === {json.dumps(name)}) + 1'
    )
    return f'#image-table th:nth-child({index}) button'


def count(browser):
    return browser.run('document.querySelector("#image-table .count").textContent')


def test_names_are_text_and_nothing_is_loaded(browser, small_page):
    browser.requests.clear()
    browser.open(small_page)
    assert NASTY in column(browser, 'image')
    assert browser.run('document.title') == 'Image forgery localization: results'
    assert browser.errors == []
    outside = [u for u in browser.requests if not u.startswith(('data:', 'file:'))]
    assert not outside and browser.requests[0] == small_page


def test_a_click_on_a_heading_sorts_numbers_and_names(browser, small_page):
    browser.open(small_page)
    browser.click(head(browser, 'F1'))
    f1s = column(browser, 'F1')
    numbers = [float(value) for value in f1s if value != '–']
    assert numbers == sorted(numbers) and f1s[-10:] == ['–'] * 10
    browser.click(head(browser, 'F1'))
    f1s = column(browser, 'F1')
    numbers = [float(value) for value in f1s if value != '–']
    # Images without an F1 stay last.
    assert numbers == sorted(numbers, reverse=True) and f1s[-10:] == ['–'] * 10
    state = browser.run(
        f'document.querySelector({json.dumps(head(browser, "F1"))})'
        '.parentElement.getAttribute("aria-sort")'
    )
    assert state == 'descending'
    browser.click(head(browser, 'image'))
    names = [name for name in column(browser, 'image') if name != NASTY]
    # image2 before image10.
    assert names == [f'image{i}.png' for i in range(40) if i != 1]


def test_filters_by_name_kind_and_range(browser, small_page):
    browser.open(small_page)
    assert count(browser) == '40 images'
    browser.type('[data-filter=text]', 'IMAGE3')
    assert len(column(browser, 'image')) == 11
    assert count(browser) == '11 images that match, of 40'
    choose(browser, 'kind', 'forged')
    assert set(column(browser, 'kind')) == {'forged'}
    kept = column(browser, 'image')
    assert kept == [f'image{i}.png' for i in (30, 32, 33, 34, 36, 37, 38)]
    browser.run(
        '(() => { const s = document.querySelector("[data-filter=range]");'
        's.selectedIndex = [...s.options].findIndex(o => o.text === "F1");'
        's.dispatchEvent(new Event("input", {bubbles: true})); })()'
    )
    browser.type('[data-filter=low]', '0.85')
    assert column(browser, 'image') == [f'image{i}.png' for i in (34, 36, 37, 38)]
    browser.type('[data-filter=high]', '0.92')
    assert column(browser, 'image') == ['image34.png', 'image36.png']
    browser.click('#image-table [type=reset]')
    assert count(browser) == '40 images'


def test_no_match_is_said(browser, small_page):
    browser.open(small_page)
    browser.type('[data-filter=text]', 'nothing is called so')
    assert column(browser, 'image') == []
    assert count(browser) == '0 images that match, of 40'


def test_ten_thousand_rows_sort_and_filter_quickly(browser, tmp_path):
    browser.open(write(tmp_path, 10_000))
    assert count(browser) == 'The first 200 of 10000 images'
    started = time.monotonic()
    browser.click(head(browser, 'F1'))
    browser.click(head(browser, 'F1'))
    browser.type('[data-filter=text]', 'image99')
    # A tenth of a second; more where the machine is busy.
    assert time.monotonic() - started < 10
    assert column(browser, 'image')[0] == 'image9998.png'
    assert count(browser) == '111 images that match, of 10000'
    browser.click('#image-table [type=reset]')
    browser.click('.more')
    assert len(column(browser, 'image')) == 400


def test_a_narrow_window_and_paper(browser, small_page):
    browser.width(420)
    browser.open(small_page)
    # Wide tables scroll by themselves, the page does not.
    assert browser.run('document.documentElement.scrollWidth') <= 420
    browser.medium('print')
    shown = 'getComputedStyle(document.querySelector(".filters")).display'
    assert browser.run(shown) == 'none'
    browser.medium('screen')
    assert browser.run(shown) == 'flex'
    browser.width(1280)


def choose(browser, name, value):
    browser.run(
        '(() => { const labels = [...document.querySelectorAll(".filters label")];'
        f'const label = labels.find(l => l.firstChild.data.trim() === "{name}");'
        f'const s = label.querySelector("select"); s.value = "{value}";'
        's.dispatchEvent(new Event("input", {bubbles: true})); })()'
    )
