"""A folder in which the documented commands find what they name, in small."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from local_server import local_server
from markdown_pages import ROOT
from warm_python import STAND_IN, warm_python
from world_data import write_data
from world_models import write_models


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
    handler = partial(_Quiet, directory=folder / 'zoo')
    with warm_python() as address, local_server(handler) as server:
        environment = {
            **os.environ,
            'PATH': os.pathsep.join(paths),
            'PYTHON': 'python',
            'PYTHONPATH': str(ROOT),
            'WARM_PYTHON': address,
            'CUDA_VISIBLE_DEVICES': '',
            'OMP_NUM_THREADS': '1',
            'MPC_ZOO': str(folder / 'zoo'),
            'MPC_ZOO_CACHE': str(folder / 'cache'),
            'TORCH_HOME': str(folder / 'torch'),
            'no_proxy': '127.0.0.1',
        }
        here = World(folder, environment, server.address)
        write_data(folder, here.call)
        write_models(folder, here.call)
        yield here


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass
