"""Fixtures: a config, and a checkpoint as the runner saves it."""

import pytest
import torch
from bright_is_forged import CONFIG
from mmengine.config import Config


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'files' / 'config.py'
    path.parent.mkdir()
    path.write_text(CONFIG)
    return path


@pytest.fixture
def checkpoint(config):
    """A checkpoint as MMEngine's runner saves it: the config's text inside."""
    path = config.with_name('model.pth')
    torch.save(
        {
            'meta': {
                'cfg': Config.fromfile(config).pretty_text,
                'mpc_phase': 'localize',
            },
            'state_dict': {'weight': torch.ones(1)},
        },
        path,
    )
    return path
