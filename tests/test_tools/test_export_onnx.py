import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmseg.registry import MODELS

pytest.importorskip('onnx', reason='pip install onnx: the export needs it')
pytest.importorskip('onnxruntime', reason='pip install onnxruntime: it runs the export')

TOOL = Path(__file__).parents[2] / 'tools/export_onnx.py'


def test_export(tiny_config, tmp_path):
    config, checkpoint = tmp_path / 'config.py', tmp_path / 'model.pth'
    tiny_config.dump(config)
    state = MODELS.build(tiny_config.model).state_dict()
    torch.save({'meta': {'mpc_phase': 'localize'}, 'state_dict': state}, checkpoint)
    out = tmp_path / 'out/model.onnx'
    command = [sys.executable, TOOL, config, checkpoint, '--out', out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert [path.name for path in out.parent.iterdir()] == ['model.onnx']
    assert "of PyTorch's" in done.stdout
