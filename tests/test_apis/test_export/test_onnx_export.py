import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from calibrated_images import random_images
from exported_models import LOAD, PACK, exported, trained
from hrformer_extra import hrformer_extra
from torch import nn

from mpc_mmseg.apis.export.onnx_export import export_onnx, resize_rule
from mpc_mmseg.apis.inference import onnx_engine
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.inference.onnx_engine import METADATA_KEY, OnnxEngine
from mpc_mmseg.apis.inference.onnx_inferencer import OnnxInferencer
from mpc_mmseg.datasets.io.file_kind import FileRange
from mpc_mmseg.evaluation.image_calibration import fit_calibration
from mpc_mmseg.forensics.case.case_report import Examiner

onnx = pytest.importorskip('onnx', reason='pip install onnx: the export needs it')
pytest.importorskip('onnxruntime', reason='pip install onnxruntime: it runs the export')


@pytest.fixture
def hrnet(tiny_model):
    return tiny_model


@pytest.fixture
def hrformer(tiny_model):
    extra = hrformer_extra(
        first=4,
        # Heads and widths that are filled up to a multiple of 8 in eager mode.
        channels=(6, 12, 24, 48),
        heads=(1, 2, 2, 2),
        windows=(7,) * 4,
        ratios=(2,) * 4,
        blocks=(1,) * 4,
        third=1,
    )
    tiny_model['backbone'] = dict(type='HRFormer', extra=extra)
    tiny_model['neck']['in_channels'] = [6, 12, 24, 48]
    return tiny_model


@pytest.mark.parametrize('backbone', ['hrnet', 'hrformer'])
def test_probabilities_are_those_of_pytorch_at_any_batch_and_size(
    backbone, request, tmp_path
):
    _, file, model = exported(tmp_path, request.getfixturevalue(backbone))
    engine = OnnxEngine(file, 'cpu', 1)
    # Whole windows, windows to fill, one smaller than a window; multiples of 32, to
    # which images are padded.
    for shape in ((1, 224, 224), (2, 64, 160), (3, 96, 128), (1, 32, 32)):
        images = torch.rand(shape[0], 3, *shape[1:])
        with torch.no_grad():
            expected = model._forward(images).sigmoid().numpy()
        prob = engine.run(images.numpy())
        assert prob.shape == expected.shape
        assert expected.max() - expected.min() > 0.1
        assert np.abs(prob - expected).max() < 1e-3


@pytest.mark.parametrize('resized', [True, False])
def test_inferencer_and_lone_engine_agree_with_the_checkpoint(hrnet, tmp_path, resized):
    steps = [dict(type='Resize', scale=(96, 64))] if resized else []
    checkpoint, file, _ = exported(tmp_path, hrnet, *steps)
    # Without resizing, 50x70 is padded to 64x96.
    image = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'photo.png'), image)
    expected = ForgeryInferencer(checkpoint, device='cpu').predict(image)
    inferencer = ForgeryInferencer(file, device='cpu')
    result = inferencer.predict(tmp_path / 'photo.png')
    assert result.error is None and result.verdict is None
    assert np.abs(result.prob - expected.prob).max() < 1e-3
    assert expected.prob.max() - expected.prob.min() > 0.1
    lone = OnnxEngine(file, 'cpu', 1).probability(image)
    assert lone.dtype == np.float32 and lone.shape == (50, 70)
    assert np.abs(lone - expected.prob).max() < 1e-3


def test_a_case_report_of_an_exported_model(hrnet, tmp_path):
    _, file, _ = exported(tmp_path, hrnet)
    examiner = Examiner.load(file, device='cpu')
    content = cv2.imencode('.png', np.zeros((40, 60, 3), np.uint8))[1].tobytes()
    case = json.loads(examiner.report(examiner.analyse(content, 'a.png')).json)['case']
    assert case['model']['weights'] == 'model.onnx'
    assert case['settings']['engine'] == 'onnxruntime'
    assert case['settings']['device'] == 'CPUExecutionProvider'
    assert case['reliability']['separation'] is None


def test_the_file_describes_what_inference_needs(hrnet, tmp_path):
    small = FileRange(['PNG'], [1024, 1024], [])
    fitted = fit_calibration(random_images(30, 0), 0.1)
    fitted = replace(fitted, files=small, forged_above=0.0, slope=0.0, bias=1.0)
    calibration = fitted.as_meta()
    hrnet['test_cfg'] = dict(threshold=0.3)
    checkpoint, file, _ = exported(
        tmp_path,
        hrnet,
        change=lambda said: said.update(calibration=calibration),
    )
    said = OnnxEngine(file, 'cpu').description
    assert (said['mean'], said['std']) == ([0, 0, 0], [255, 255, 255])
    assert said['channel_order'] == 'RGB' and said['resize'] is None
    assert (said['pad_value'], said['size_divisor']) == (0, 32)
    content = hashlib.sha256(checkpoint.read_bytes())
    assert said['weights_sha256'] == content.hexdigest()
    assert len(said['config_sha256']) == 64
    inferencer = ForgeryInferencer(file, device='cpu')
    assert inferencer.threshold == 0.3
    photo = cv2.imencode('.png', np.zeros((32, 32, 3), np.uint8))[1].tobytes()
    for each in (inferencer, OnnxInferencer(file, 'cpu')):
        found = each.predict(photo)
        assert found.verdict == 'forged' and found.statement.startswith('Forged:')


@pytest.mark.parametrize(
    ('steps', 'rule'),
    [
        ([LOAD, PACK], None),
        ([LOAD, dict(type='Resize', scale=[96, 64]), PACK], [64, 96]),
        ([LOAD, dict(type='Resize', scale=[96, 64], keep_ratio=True), PACK], 'other'),
        ([LOAD, dict(type='Resize', scale_factor=0.5), PACK], 'other'),
        ([dict(LOAD, reduce_to=[8, 8]), PACK], 'other'),
    ],
)
def test_resize_rule(steps, rule):
    assert resize_rule(steps) == rule


def test_what_cannot_be_exported_or_run_is_refused(hrnet, tmp_path):
    _, file, model = exported(
        tmp_path, hrnet, dict(type='Resize', scale=(64, 64), keep_ratio=True)
    )
    photo = np.zeros((40, 50, 3), np.uint8)
    with pytest.raises(ValueError, match='keep_ratio'):
        OnnxEngine(file).probability(photo)
    # The whole pipeline is in the file, for the inferencer.
    assert ForgeryInferencer(file, device='cpu').predict(photo).error is None
    with pytest.raises(ValueError, match='weights'):
        ForgeryInferencer(file, weights=tmp_path / 'model.pth')
    with pytest.raises(ValueError, match=r'device.*tpu'):
        OnnxEngine(file, 'tpu')
    with pytest.raises(FileNotFoundError, match=r'absent\.onnx'):
        ForgeryInferencer(tmp_path / 'absent.onnx')
    model.set_phase('contrast')
    with pytest.raises(ValueError, match='clustering'):
        export_onnx(model, {}, tmp_path / 'other.onnx')
    with pytest.raises(ValueError, match='Conv2d'):
        export_onnx(nn.Conv2d(3, 1, 1), {}, tmp_path / 'other.onnx')
    assert not list(tmp_path.glob('other*'))
    (tmp_path / 'text.onnx').write_text('no model')
    with pytest.raises(RuntimeError, match=r'text\.onnx is no ONNX model'):
        ForgeryInferencer(tmp_path / 'text.onnx')
    graph = onnx.load(file)
    for value, message in (('{"format": 99}', '99'), ('[]', 'export')):
        onnx.helper.set_model_props(graph, {METADATA_KEY: value})
        onnx.save(graph, tmp_path / 'strange.onnx')
        with pytest.raises(ValueError, match=message):
            ForgeryInferencer(tmp_path / 'strange.onnx')


DESCRIPTION = dict(
    format=onnx_engine.FORMAT, resize=None, channel_order='RGB', mean=[0, 0, 0],
    std=[1, 1, 1], pad_value=0, size_divisor=1, threshold=0.5, calibration=None,
    pipeline=[], data_preprocessor=dict(type='SegDataPreProcessor'),
)  # fmt: skip


def test_an_export_that_computes_something_else_is_not_written(
    hrnet, tmp_path, monkeypatch
):
    model = trained(hrnet)

    def wrong(self, images, *_):
        return 0.99 * np.ones((len(images), 1, 1, 1), np.float32)

    monkeypatch.setattr(OnnxEngine, 'run', wrong)
    with pytest.raises(RuntimeError, match='differ by'):
        export_onnx(model, DESCRIPTION, tmp_path / 'model.onnx')
    assert not list(tmp_path.iterdir())


def test_a_file_from_elsewhere_cannot_name_code_to_run(hrnet, tmp_path):
    def hide(description):
        step = dict(type='pathlib.Path.touch', self='touched')
        description['pipeline'].append(step)

    _, file, _ = exported(tmp_path, hrnet, change=hide)
    with pytest.raises(ValueError, match=r'pathlib\.Path\.touch'):
        ForgeryInferencer(file)


def test_the_engine_file_alone_needs_no_torch(hrnet, tmp_path):
    _, file, _ = exported(tmp_path, hrnet)
    source = importlib.util.find_spec('mpc_mmseg.apis.inference.onnx_engine').origin
    shutil.copy(source, tmp_path)
    program = (
        'import sys, numpy as np\n'
        'from onnx_engine import OnnxEngine\n'
        f'prob = OnnxEngine({str(file)!r}, "cpu", 1).probability(\n'
        '    np.zeros((40, 50, 3), np.uint8))\n'
        'assert prob.shape == (40, 50)\n'
        'loaded = {"torch", "mmengine", "mpc_mmseg"} & set(sys.modules)\n'
        'assert not loaded, loaded\n'
    )
    subprocess.run([sys.executable, '-c', program], check=True, cwd=tmp_path)
