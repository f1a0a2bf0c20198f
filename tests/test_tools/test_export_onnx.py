import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmseg.registry import MODELS

pytest.importorskip('onnx', reason='pip install onnx: the export needs it')
pytest.importorskip('onnxruntime', reason='pip install onnxruntime: it runs the export')

TOOL = Path(__file__).parents[2] / 'tools/export_onnx.py'


def test_export_with_int8_and_scores(tiny_config, tmp_path):
    config, checkpoint = tmp_path / 'config.py', tmp_path / 'model.pth'
    # As in configs/_base_/default_runtime.py: one name for all runs of a process.
    tiny_config.visualizer = dict(
        type='Visualizer',
        name='visualizer',
        vis_backends=[dict(type='LocalVisBackend')],
    )
    tiny_config.dump(config)
    state = MODELS.build(tiny_config.model).state_dict()
    torch.save({'meta': {'mpc_phase': 'localize'}, 'state_dict': state}, checkpoint)
    out = tmp_path / 'out/model.onnx'
    command = [sys.executable, TOOL, config, checkpoint, '--out', out]
    done = subprocess.run(
        [*command, '--int8', '--score'], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    names = {path.name for path in out.parent.iterdir()}
    assert names == {'model.onnx', 'model.int8.onnx'}
    assert "of PyTorch's" in done.stdout
    [lost] = [line for line in done.stdout.splitlines() if line.startswith('lost by')]
    assert '/F1 ' in lost and '/pooled_AP ' in lost
