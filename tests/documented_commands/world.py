"""A folder in which the documented commands find what they name, in small."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import torch
from layout_miniatures import BUILDERS, Miniature
from markdown_pages import ROOT
from mmengine.config import Config
from mmseg.registry import MODELS
from released_names import model_cfg, released
from tables import SHORTENED, SMALL, SWIN
from warm_python import STAND_IN, warm_python

from mpc_mmseg.engine.launch import override

FOLDERS = 'configs/mpc/mpc_hrnet-w18s_1xb8-2phase_folders-256x256.py'


@dataclass(frozen=True)
class World:
    """The folder, the variables that commands see there, the address of its zoo."""

    folder: Path
    environment: dict[str, str]
    zoo: str

    def call(self, *words: str) -> None:
        """Runs a tool that must not fail."""
        done = subprocess.run(
            ['python', *words], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f'{" ".join(words)}\n{done.stdout}'


def free_port() -> int:
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Makes the folder; serves its zoo while the context lasts."""
    for name in (
        *('configs', 'tools', 'mpc_mmseg', 'setup.py', 'Makefile'),
        *(path.name for path in ROOT.glob('constraints*.txt')),
    ):
        (folder / name).symlink_to(ROOT / name)
    # A copy: models are published into it.
    shutil.copytree(ROOT / 'zoo', folder / 'zoo')
    paths = [str(STAND_IN.parent), os.path.dirname(sys.executable), os.environ['PATH']]
    environment = {
        **os.environ,
        'PATH': os.pathsep.join(paths),
        'PYTHONPATH': str(ROOT),
        'WARM_PYTHON': str(folder / 'warm_python'),
        'OMP_NUM_THREADS': '1',
        'MPC_ZOO': str(folder / 'zoo'),
        'MPC_ZOO_CACHE': str(folder / 'cache'),
        'TORCH_HOME': str(folder / 'torch'),
        'no_proxy': '127.0.0.1',
    }
    handler = partial(_Quiet, directory=folder / 'zoo')
    with (
        warm_python(folder / 'warm_python'),
        ThreadingHTTPServer(('127.0.0.1', 0), handler) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = World(folder, environment, f'http://127.0.0.1:{server.server_port}')
        _write_data(here)
        _write_models(here)
        yield here
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def _write_forgeries(root: Path, sources: list[str], suffix: str) -> None:
    """A forged and an authentic picture of each source, of noise."""
    rng = np.random.default_rng(0)
    for name in ('images', 'masks', 'authentic'):
        (root / name).mkdir(parents=True)
    for source in sources:
        for kind in ('authentic', 'images'):
            picture = cv2.resize(rng.integers(0, 256, (12, 16, 3), np.uint8), (128, 96))
            mask = np.zeros((96, 128), np.uint8)
            mask[32:64, 40:88] = 255
            noise = rng.normal(0, 8, picture.shape) * (1 + (mask > 0))[..., None]
            picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
            cv2.imwrite(str(root / kind / f'{source}{suffix}'), picture)
        cv2.imwrite(str(root / f'masks/{source}.png'), mask)


def _write_data(here: World) -> None:
    folder = here.folder
    kinds = ('ani', 'arc', 'art', 'cha', 'nat')
    # Names that the source patterns of all pages tell apart.
    names = [f'{kind}{digit * 4}' for kind in kinds for digit in '0123456789']
    _write_forgeries(folder / 'my_forgeries', names, '.png')
    _write_forgeries(folder / 'casia', names[:10], '.jpg')
    (folder / 'data').mkdir()
    (folder / 'data/casia').symlink_to(folder / 'casia')
    here.call('tools/dataset_converters/split_by_source.py', 'my_forgeries')
    for side in ('train', 'val', 'test'):
        lines = (folder / f'my_forgeries/{side}.txt').read_text().splitlines()
        rows = [line.split('\t') for line in lines if not line.startswith('#')]
        listed = [
            '\t'.join(f'my_forgeries/{path}' if '/' in path else path for path in row)
            for row in rows
        ]
        (folder / f'{side}.txt').write_text('\n'.join(listed) + '\n')
    for layout, name in (
        ('casia_v2', 'CASIA2'), ('columbia', 'Columbia'), ('autosplice', 'AutoSplice'),
    ):  # fmt: skip
        made = Miniature(folder / 'DATA' / name)
        made.root.mkdir(parents=True)
        BUILDERS[layout](made)
    mine = Miniature(folder / 'DATA/mine')
    mine.write('gt/a_gt.png', 255 * (1 - mine.forged('fake/a.png')))
    rows = [{'path': 'fake/a.png', 'mask_path': 'gt/a_gt.png'}]
    mine.table('pairs.csv', rows)
    here.call('tools/demo/prepare_photographs.py', '--out', 'sources')
    (folder / 'photographs').symlink_to('sources/test')
    picture = cv2.imread(str(folder / 'photographs/chelsea.png'))
    (folder / 'photos').mkdir()
    for name in ('photo.jpg', 'photos/a.jpg', 'photos/b.png'):
        cv2.imwrite(str(folder / name), picture)
    here.call(
        'tools/dataset_converters/make_forgeries.py', 'photographs', '--out', 'MADE',
        '--count', '6',
    )  # fmt: skip


def _write_models(here: World) -> None:
    folder = here.folder
    cfg = Config.fromfile(ROOT / FOLDERS)
    override(cfg, SMALL)
    for kind in ('train', 'val', 'test'):
        cfg[f'{kind}_dataloader'].dataset.data_root = 'my_forgeries'
    cfg.robustness_grid = dict(jpeg_quality=[80])
    cfg.dump(folder / 'small.py')
    here.call('tools/train.py', 'small.py', '--work-dir', 'work_dirs/RUN')
    for name in ('best.pth', 'work_dirs/RUN/best.pth'):
        shutil.copy(folder / 'work_dirs/RUN/iter_4.pth', folder / name)
    shutil.copy(folder / 'zoo/template/card.md', folder / 'card.md')
    here.call(
        'tools/publish_model.py', 'best.pth', 'zoo', '--name', 'small', '--card',
        'card.md', '--terms', 'none',
    )  # fmt: skip
    here.call('tools/test.py', 'small.py', 'best.pth', '--results', 'a.json')
    for name in ('b', 'results_a', 'results_b'):
        shutil.copy(folder / 'a.json', folder / f'{name}.json')
    here.call('tools/robustness.py', 'small.py', 'best.pth', '--out', 'before')
    shutil.copy(folder / 'before/robustness.json', folder / 'robustness.json')
    torch.manual_seed(0)
    torch.save(released(MODELS.build(model_cfg())), folder / 'released.pth')
    swin = Config.fromfile(ROOT / SWIN)
    override(swin, SHORTENED[SWIN].split())
    address = swin.model.backbone.pop('init_cfg').checkpoint
    # Where torch looks for a file before it downloads it.
    downloaded = folder / 'torch/hub/checkpoints' / Path(address).name
    downloaded.parent.mkdir(parents=True)
    for file in (downloaded, folder / 'swin_tiny.pth'):
        torch.save(MODELS.build(swin.model.backbone).state_dict(), file)
