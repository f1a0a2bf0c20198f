"""Report pages with hostile names, opened in a browser whose requests are recorded."""

import json

import pytest
from bright_is_forged import write_image
from model_files import checkpoint, config  # noqa: F401
from test_visualization.headless_browser import Browser, find_browser
from tool_by_path import run_tool

BINARY = find_browser()
pytestmark = pytest.mark.skipif(
    BINARY is None, reason='no browser: install chromium or set BROWSER_BINARY'
)
NAME = '<img src=x onerror=document.title=1>'
REMOTE = f'</script><script src=//127.0.0.1:9/a.js></script>{NAME}<link href=//x>'


def test_no_report_page_requests_anything(
    checkpoint,  # noqa: F811
    tmp_path,
    monkeypatch,
    capsys,
):
    write_image(tmp_path / f'photos/{NAME}.png', shape=(80, 90))
    (tmp_path / f'photos/broken{NAME}.jpg').write_bytes(b'')
    record = dict(img_path=REMOTE, dataset=REMOTE, forged=False, image_score=0.5)
    record |= dict(seg_map_path=None, scores={REMOTE: 1}, tags=[REMOTE])
    record |= dict(tp=0, fp=1, fn=0, tn=1)
    content = dict(
        format='mpc_mmseg.results', version=1, list_hash='x', conventions={},
        datasets={REMOTE: dict(list_hash='x', scores={REMOTE: dict(value=0.5)})},
        images=[record],
    )  # fmt: skip
    (tmp_path / 'a.json').write_text(json.dumps(content))
    photos, out = tmp_path / 'photos', tmp_path / 'out'
    results = [tmp_path / 'a.json', '--title', REMOTE, '--names', REMOTE]
    note = ['--note', REMOTE]
    for tool, *options in (
        ('report.py', *results, '--out', out / 'report.html'),
        ('case_report.py', photos, '--model', checkpoint, '--out', out, *note),
        ('dataset_converters/check_data.py', photos, '--out', out / 'check'),
    ):
        run_tool(monkeypatch, tool, *options)
    pages = [*out.rglob('*.html')]
    assert len(pages) == 3, capsys.readouterr().err
    browser = Browser(BINARY, tmp_path / 'profile')
    try:
        for page in pages:
            browser.open(page.as_uri())
            assert browser.run('document.title') != '1'
            assert 'onerror' in browser.run('document.body.innerText')
        asked = [u for u in browser.requests if not u.startswith(('data:', 'blob:'))]
    finally:
        browser.close()
    assert sorted(asked) == sorted(page.as_uri() for page in pages)
