"""Case reports from files to files, and what --verify says of them."""

import json
import subprocess
from functools import partial

import cv2
import numpy as np
import pytest
from bright_is_forged import write_image
from calibrated_images import random_images
from PIL import ExifTags, Image
from tool_by_path import run_tool

from mpc_mmseg.evaluation.image_calibration import fit_calibration, write_calibration
from mpc_mmseg.forensics.case import case_files
from mpc_mmseg.forensics.case.case_files import verify, write_cases
from mpc_mmseg.forensics.case.case_report import Examiner
from mpc_mmseg.forensics.case.seal import sealed
from mpc_mmseg.hashing import file_sha256

NASTY = '<img src=x onerror=alert(1)>\u202egpj.jpg'


@pytest.fixture
def examiner(checkpoint):
    return Examiner.load(checkpoint, device='cpu')


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / 'photos'
    image = write_image(folder / 'a.png')
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = '</dd><script>alert(2)</script>'
    Image.fromarray(image[..., ::-1]).save(folder / NASTY, exif=exif, quality=90)
    return folder


def files(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_the_same_input_gives_the_same_bytes(examiner, checkpoint, photos, tmp_path):
    seals, failures = write_cases([photos], tmp_path / 'one', examiner)
    assert len(seals) == 4 and failures == []
    again = Examiner.load(checkpoint, device='cpu')
    moved = tmp_path / 'elsewhere'
    photos.rename(moved)
    assert write_cases([moved], tmp_path / 'two', again) == (seals, [])
    assert files(tmp_path / 'one') == files(tmp_path / 'two')
    dated = write_cases([moved], tmp_path / 'three', again, {'date': '1 May'})[0]
    assert set(dated.values()).isdisjoint(seals.values())


def test_what_a_report_holds(examiner, photos, tmp_path):
    write_cases([photos], tmp_path / 'case', examiner, {'note': 'case 7'})
    case = json.loads((tmp_path / 'case/a_case.json').read_text())['case']
    assert case['file']['name'] == 'a.png' and case['notes'] == {'note': 'case 7'}
    assert len(case['model']['weights_sha256']) == 64
    assert case['model']['weights'] == 'model.pth'
    assert case['settings']['threshold'] == 0.5
    assert case['model']['config_differences'] == []
    assert case['settings']['frame'] == '[{"scale": [32, 32], "type": "Resize"}]'
    assert case['settings']['interpolation'] == 'bilinear'
    assert case['result']['verdict'] is None
    assert 'not calibrated' in case['result']['meaning'][0]
    [region] = case['result']['regions']
    x, y, width, height = region['box']
    assert (x, y, height) == (0, 0, 40) and 23 <= width <= 27
    assert 40 * 22 < region['area'] <= 40 * width
    page = (tmp_path / 'case/a_case.html').read_text()
    for text in (case['file']['sha256'], case['model']['weights_sha256'], 'case 7'):
        assert text in page


def test_names_and_metadata_stay_text(examiner, photos, tmp_path):
    write_cases([photos / NASTY], tmp_path / 'case', examiner)
    page = next((tmp_path / 'case').glob('*.html')).read_text()
    assert '<img src=x' not in page and '<script' not in page
    assert '&lt;img src=x onerror=alert(1)&gt;\\u202egpj.jpg' in page
    assert '&lt;/dd&gt;&lt;script&gt;alert(2)' in page
    assert '\u202e' not in page


def test_a_broken_image_is_reported_and_the_others_examined(examiner, photos, tmp_path):
    (photos / 'cut.png').write_bytes((photos / 'a.png').read_bytes()[:200])
    seals, failures = write_cases([photos], tmp_path / 'case', examiner)
    assert len(seals) == 4
    assert len(failures) == 1 and 'cut.png' in failures[0]
    _, failures = write_cases([photos / 'a.png'], tmp_path, examiner, pixel_limit=100)
    assert 'pixel_limit=100' in failures[0]


def test_alterations_are_detected(examiner, photos, tmp_path):
    out = tmp_path / 'case'
    write_cases([photos], out, examiner)
    assert set(verify([out]).values()) == {None} and len(verify([out])) == 4
    page, data = out / 'a_case.html', out / 'a_case.json'
    page.write_bytes(page.read_bytes().replace(b'a.png', b'b.png'))
    data.write_bytes(data.read_bytes().replace(b'"bytes": ', b'"bytes": 1'))
    assert 'altered' in verify([page])[str(page)]
    assert 'altered' in verify([data])[str(data)]
    # Each is whole, but they are of two cases.
    write_cases([photos], out, examiner)
    kept = page.read_bytes()
    cv2.imwrite(str(photos / 'a.png'), np.zeros((20, 20, 3), np.uint8))
    write_cases([photos], out, examiner)
    page.write_bytes(kept)
    assert 'another case' in verify([page])[str(page)]
    with pytest.raises(FileNotFoundError, match='absent'):
        verify([tmp_path / 'absent'])


def test_one_unexpected_file_does_not_end_the_check(examiner, photos, tmp_path):
    out = tmp_path / 'case'
    write_cases([photos / 'a.png'], out, examiner)
    names = {
        'deep_case.json': sealed('[' * 100_000 + '\n', 'json')[0].encode(),
        'bytes_case.html': sealed('x\n', 'html')[0].encode() + b'\xff\n',
        'other_case.html': sealed('<p>a page\n', 'html')[0].encode(),
        'empty_case.json': b'',
    }
    for name, content in names.items():
        (out / name).write_bytes(content)
    (out / 'folder_case.html').mkdir()
    (out / 'gone_case.html').symlink_to('nowhere')
    found = verify([out, tmp_path / 'absent'])
    good = {str(out / 'a_case.html'), str(out / 'a_case.json')}
    assert {path for path, problem in found.items() if problem is None} == good
    assert len(found) == len(names) + len(good) + 3


def test_seals_survive_what_cannot_be_written(examiner, photos, tmp_path, monkeypatch):
    write = case_files.write_atomic

    def full(path, text):
        if path.name == 'b_case.html':
            raise OSError(28, 'No space left on device', str(path))
        write(path, text)

    monkeypatch.setattr(case_files, 'write_atomic', full)
    write_image(photos / 'b.png')
    write_image(photos / 'c.png')
    files = [photos / f'{name}.png' for name in 'abc']
    seals, failures = write_cases(files, tmp_path / 'case', examiner)
    assert len(seals) == 4 and len(failures) == 1 and 'No space left' in failures[0]


def test_the_tool_writes_and_verifies(
    checkpoint, photos, tmp_path, monkeypatch, capsys
):
    run = partial(run_tool, monkeypatch, 'case_report.py')
    out = tmp_path / 'case'
    assert run(photos / 'a.png', '--model', checkpoint, '--out', out) == 0
    [line] = [x for x in capsys.readouterr().out.splitlines() if 'html' in x]
    # The seal is what anyone's own tools compute.
    command = f'head -n -1 {out}/a_case.html | sha256sum'
    digest = subprocess.run(
        command, shell=True, check=True, capture_output=True, text=True
    ).stdout.split()[0]
    assert line == f'sha256:{digest}  a_case.html'
    assert run('--verify', out) == 0
    (out / 'a_case.html').write_text('forged')
    assert run('--verify', out) == 1
    assert 'no seal' in capsys.readouterr().out
    assert run('--verify', tmp_path / 'absent') == 2


def test_settings_to_repeat_it(checkpoint, photos, tmp_path):
    settings = dict(tile=32, overlap=8, tta=['flip'], batch_size=3, threshold=0.4)
    for folder in ('one', 'two'):
        examiner = Examiner.load(checkpoint, device='cpu', **settings)
        write_cases([photos], tmp_path / folder, examiner)
    assert files(tmp_path / 'one') == files(tmp_path / 'two')
    case = json.loads((tmp_path / 'one/a_case.json').read_text())['case']
    assert settings.items() <= case['settings'].items()
    assert case['settings']['engine'] == 'torch'
    assert case['settings']['device'] == 'cpu'
    page = (tmp_path / 'one/a_case.html').read_text()
    for name, value in (('tile', '32'), ('overlap', '8'), ('tta', 'flip')):
        assert f'<dt>{name}</dt><dd>{value}</dd>' in page


def test_a_report_needs_weights(config):
    with pytest.raises(ValueError, match=r'config\.py is a config: its weights'):
        Examiner.load(config, device='cpu')
    with pytest.raises(FileNotFoundError, match='name of a config needs weights'):
        Examiner.load('mpc_hrnet-w18s_1xb8_demo-128x128', device='cpu')


def test_a_report_states_the_reason_for_no_verdict_with_a_calibration(
    checkpoint, photos, tmp_path
):
    fitted = fit_calibration(random_images(30, 0), 0.1)
    write_calibration(tmp_path / 'c.json', fitted, file_sha256(checkpoint))
    examiner = Examiner.load(checkpoint, calibration=tmp_path / 'c.json', device='cpu')
    write_cases([photos / 'a.png'], tmp_path / 'case', examiner)
    case = json.loads((tmp_path / 'case/a_case.json').read_text())['case']
    said = case['result']['meaning'][0]
    assert said.startswith('No verdict: the file (PNG, 2,000 pixels) is outside')
    assert '1 region marked' in said and len(case['result']['regions']) == 1
    assert len(case['settings']['calibration_sha256']) == 64
