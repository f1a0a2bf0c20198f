"""The tool as a user calls it, but within this process: the imports take seconds."""

import runpy
import sys
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.degradation import jpeg

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/probe_blocks.py'


def make(root, names, twice):
    """Noise in JPEG's final save; if twice, all but a part of it was saved before."""
    for folder in ('images', 'masks'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in names:
        picture = rng.normal(128, 30, (128, 192, 1)).repeat(3, axis=2)
        picture = picture.clip(0, 255).astype(np.uint8)
        mask = np.zeros((128, 192), np.uint8)
        mask[32:96, 48:112] = 255
        image = jpeg(picture, 60) if twice else picture.copy()
        image[mask > 0] = picture[mask > 0]
        cv2.imwrite(f'{root}/images/{name}.png', jpeg(image, 95))
        cv2.imwrite(f'{root}/masks/{name}.png', mask)


def test_traces_are_found_where_they_are(tmp_path, monkeypatch, capsys):
    names = [f'{i}' for i in range(6)]

    def mean_aucs(folder, twice):
        root = tmp_path / folder
        make(root, names, twice)
        for listed, part in (('train', names[:4]), ('val', names[4:])):
            lines = [f'images/{name}.png\tmasks/{name}.png\n' for name in part]
            (root / f'{listed}.txt').write_text(''.join(lines))
        monkeypatch.setattr(sys, 'argv', [str(TOOL), str(root)])
        runpy.run_path(str(TOOL), run_name='__main__')
        lines = capsys.readouterr().out.splitlines()
        return [float(line.split('mean AUC')[1].split()[0]) for line in lines[-2:]]

    blocks, place = mean_aucs('twice', twice=True)
    assert blocks > 0.9
    # all parts lie at one place here
    assert place > 0.99
    blocks, place = mean_aucs('once', twice=False)
    assert blocks < 0.8
    assert place > 0.99


def test_a_list_outside_belongs_to_its_own_folder(tmp_path, monkeypatch, capsys):
    names = [f'{i}' for i in range(4)]
    for folder, listed in (('real', ('train', 'val')), ('made', ('list', 'val'))):
        make(tmp_path / folder, names, twice=True)
        lines = [f'images/{name}.png\tmasks/{name}.png\n' for name in names]
        for each in listed:
            (tmp_path / folder / f'{each}.txt').write_text(''.join(lines))
    monkeypatch.chdir(tmp_path)
    for outside in ('made/list.txt', str(tmp_path / 'made/list.txt')):
        argv = [str(TOOL), 'real', '--train', 'train.txt', outside, '--val', 'val.txt']
        monkeypatch.setattr(sys, 'argv', argv)
        runpy.run_path(str(TOOL), run_name='__main__')
        # 30 blocks of each class and photograph.
        assert '480 blocks learned from, 4 forgeries' in capsys.readouterr().out
