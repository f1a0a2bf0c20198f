"""The web page, clicked through in a real browser."""

import json
import re
import time

import cv2
import numpy as np
import pytest
from headless_browser import Browser, find_browser

from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.forensics.case.case_report import Examiner
from mpc_mmseg.forensics.case.seal import check_seal

pytest.importorskip('gradio', reason="no gradio: pip install 'mpc_mmseg[web]'")
BINARY = find_browser()
pytestmark = pytest.mark.skipif(
    BINARY is None, reason='no browser: install chromium or set BROWSER_BINARY'
)


@pytest.fixture
def address(tiny_config, tmp_path, monkeypatch):
    monkeypatch.setenv('GRADIO_TEMP_DIR', str(tmp_path / 'uploads'))
    from mpc_mmseg.forensics.web.web_page import build_page
    from mpc_mmseg.forensics.web.web_server import serve

    path = tmp_path / 'tiny.py'
    tiny_config.dump(path)
    examiner = Examiner(
        ForgeryInferencer(path, device='cpu'),
        dict(
            weights='model.pth',
            weights_sha256='0' * 64,
            config_sha256='0' * 64,
            phase=None,
        ),
    )
    page = build_page(examiner, 100_000)
    yield serve(page, port=None, max_file_size=200_000)
    page.close()


@pytest.fixture
def browser(tmp_path):
    browser = Browser(BINARY, tmp_path / 'profile')
    yield browser
    browser.close()


def wait(browser, script):
    deadline = time.monotonic() + 40
    while not (value := browser.run(script)):
        if time.monotonic() > deadline:
            raise TimeoutError(script)
        time.sleep(0.05)
    return value


def source(part):
    return f'document.querySelector("#{part} img")?.src'


def move(browser, slider, value):
    browser.run(
        f'{{ const s = document.querySelector("#{slider} input[type=range]");'
        f's.value = {value};'
        'for (const kind of ["input", "change"])'
        's.dispatchEvent(new Event(kind, {bubbles: true})); }'
    )


def test_a_visit(address, browser, tmp_path):
    rng = np.random.default_rng(0)
    photo = tmp_path / 'photo.jpg'
    cv2.imwrite(str(photo), rng.integers(0, 255, (60, 90, 3), np.uint8))
    browser.open(address)
    wait(browser, 'document.querySelector("#upload input[type=file]") !== null')
    browser.choose_file('#upload input[type=file]', photo)
    overlay = wait(browser, source('overlay'))
    assert overlay.startswith('data:image/jpeg')
    # What was uploaded has been read and is gone.
    stored = (p for p in (tmp_path / 'uploads').rglob('*') if p.is_file())
    # Gradio leaves an empty file.
    left = [p for p in stored if p.stat().st_size]
    assert left == []
    for kind in ('html', 'json'):
        folder = tmp_path / f'saved_{kind}'
        folder.mkdir()
        link = f'#links a[download="photo_case.{kind}"]'
        saved = browser.download(link, folder)
        assert saved.name == f'photo_case.{kind}'
        check_seal(saved.read_bytes())
    said = browser.run("document.querySelector('#verdict').innerText")
    assert 'No verdict' in said and 'Separation of two clusters' in said
    for slider, value in (('threshold', 0), ('opacity', 0.9)):
        before = browser.run(source('overlay'))
        move(browser, slider, value)
        wait(browser, f'{source("overlay")} !== {json.dumps(before)}')
    wait(browser, 'document.querySelector("#overlay").innerText.includes("100.00 %")')
    browser.click('#overlay img')
    wait(browser, source('similarity'))
    said = browser.run('document.querySelector("#similarity").innerText')
    # The middle; a mouse stands on whole pixels of the screen.
    assert re.search(r'pixel \((44|45), (29|30)\)', said)
    browser.screenshot(tmp_path / 'page.png')
    assert cv2.imread(str(tmp_path / 'page.png')).std() > 5
    outside = [
        u for u in browser.requests if not u.startswith((address, 'data:', 'blob:'))
    ]
    assert outside == []
    # Too many pixels: said, not shown.
    large = tmp_path / 'large.png'
    cv2.imwrite(str(large), np.zeros((400, 400, 3), np.uint8))
    browser.open(address)
    wait(browser, 'document.querySelector("#upload input[type=file]") !== null')
    browser.choose_file('#upload input[type=file]', large)
    wait(browser, 'document.body.innerText.includes("pixel_limit=100000")')
