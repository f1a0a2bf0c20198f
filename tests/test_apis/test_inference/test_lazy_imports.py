import subprocess
import sys
from pathlib import Path

import pytest
import torch
from bright_is_forged import write_image
from mmengine.config import Config
from mmseg.registry import MODELS

INFER = Path(__file__).parents[3] / 'tools' / 'infer.py'


def modules_after(code, *args):
    """Top-level modules that a fresh process has imported in the end."""
    code += '\nprint("\\n".join({"", *(name.split(".")[0] for name in sys.modules)}))'
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', f'import sys\n{code}', *map(str, args)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def after_inference(model, tmp_path, then=''):
    write_image(tmp_path / 'photos' / 'a.png')
    out = tmp_path / 'out'
    code = (
        'import runpy\n'
        f'sys.path.insert(0, {str(INFER.parent)!r})\n'
        f'assert not runpy.run_path({str(INFER)!r})["main"]()\n'
        f'unused = {{{then}}} & set(sys.modules)\nassert not unused, unused'
    )
    found = modules_after(
        code, tmp_path / 'photos', '--model', model, '--out', out, '--device', 'cpu'
    )
    assert (out / 'a_mask.png').is_file() and (out / 'a_prob.png').is_file()
    return found


def test_an_onnx_file_needs_no_torch(tiny_model, tmp_path):
    pytest.importorskip('onnx', reason='pip install onnx: the export needs it')
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime: it runs it')
    from exported_models import exported

    _, file, _ = exported(tmp_path, tiny_model)
    found = after_inference(file, tmp_path, '*()')
    assert 'onnxruntime' in found
    assert not found & {'torch', 'mmengine', 'mmcv', 'mmseg', 'scipy', 'matplotlib'}


def test_a_checkpoint_needs_no_plots_and_no_hooks(tiny_model, tmp_path):
    steps = [dict(type='LoadForgeryImage'), dict(type='PackForgeryInputs')]
    dataset = dict(type='ForgeryDataset', pipeline=steps)
    cfg = Config(dict(model=tiny_model, test_dataloader=dict(dataset=dataset)))
    cfg.custom_imports = dict(imports=['mpc_mmseg'])
    state = MODELS.build(tiny_model).state_dict()
    meta = {'cfg': cfg.pretty_text, 'mpc_phase': 'localize'}
    torch.save({'meta': meta, 'state_dict': state}, tmp_path / 'model.pth')
    unused = ('mpc_mmseg.engine.hooks', 'mpc_mmseg.evaluation.metrics')
    then = ', '.join(repr(name) for name in unused)
    found = after_inference(tmp_path / 'model.pth', tmp_path, then)
    assert not found & {'matplotlib', 'sklearn', 'pandas', 'onnxruntime', 'onnx'}


def test_a_plain_import_registers_and_a_lazy_name_is_found():
    code = (
        'import mpc_mmseg\n'
        'from mmengine.registry import Registry\n'
        'from mmseg.registry import HOOKS, METRICS, MODELS, TRANSFORMS\n'
        'for registry, name in ((HOOKS, "TwoPhaseHook"), (METRICS, "ForgeryMetric"),\n'
        '                       (MODELS, "HRFormer"), (TRANSFORMS, "RandomJPEG")):\n'
        '    assert name in registry._module_dict, name\n'
    )
    assert 'torch' in modules_after(code)
    code = (
        'import os; os.environ["MPC_MMSEG_LAZY"] = "1"\n'
        'import mpc_mmseg\nassert "torch" not in sys.modules\n'
        'from mpc_mmseg.datasets import ForgeryDataset\n'
        'assert mpc_mmseg.models.backbones.HRFormer and ForgeryDataset\n'
        'try: mpc_mmseg.datasets.absent\n'
        'except AttributeError as error: assert "absent" in str(error)\n'
        'else: raise AssertionError'
    )
    assert 'torch' in modules_after(code)
