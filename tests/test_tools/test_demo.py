"""What `make demo` runs beside training and testing."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[2]


def tool(name, *arguments):
    subprocess.run(
        [sys.executable, ROOT / 'tools/demo' / name, *map(str, arguments)],
        check=True,
        capture_output=True,
        env={'PYTHONPATH': str(ROOT), 'PATH': '', 'OMP_NUM_THREADS': '1'},
    )


@pytest.fixture
def config_file(tiny_config, tmp_path):
    path = tmp_path / 'tiny.py'
    tiny_config.dump(path)
    return path


def test_embeddings_are_balanced_unit_vectors_and_repeat(config_file, tmp_path):
    found = []
    for name in ('a', 'b'):
        tool(
            'embeddings.py', config_file, '--out', tmp_path / f'{name}.npz',
            '--per-image', 5, '--save-untrained', tmp_path / f'{name}.pth',
        )  # fmt: skip
        data = np.load(tmp_path / f'{name}.npz')
        found.append(data['embeddings'])
        assert data['embeddings'].shape == (2 * 6 * 5, 8)
        assert data['labels'].tolist() == [0] * 30 + [1] * 30
        # An untrained ReLU may leave a pixel without any active channel.
        lengths = np.linalg.norm(data['embeddings'], axis=1)
        assert np.all(np.isclose(lengths, 1, rtol=1e-5) | (lengths == 0))
    np.testing.assert_array_equal(*found)
    state = torch.load(tmp_path / 'a.pth', weights_only=True)
    assert state['meta']['mpc_phase'] == 'localize'
