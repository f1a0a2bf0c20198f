"""Our commands on a segmentor that is all mmseg's, of two classes and of one logit."""

import json

import cv2
import numpy as np
import pytest
import torch
from bright_is_forged import write_image
from mmengine.config import Config, ConfigDict
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from plain_segmentor import plain_model
from tool_by_path import run_tool

from mpc_mmseg.apis.calibrate_checkpoint import calibration_images, labelled_folders
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer

STEPS = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=(64, 64)),
    dict(type='LoadForgeryMask'),
    dict(type='PackForgeryInputs'),
]


@pytest.fixture(params=[2, 1], ids=['two classes', 'one logit'])
def run(request, tmp_path, forgery_folder):
    """A config, a checkpoint without it and one with it, as MMEngine's hook saves."""
    torch.manual_seed(0)
    model = plain_model(request.param)
    loader = dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='ForgeryDataset',
            data_root=str(forgery_folder),
            pipeline=STEPS,
        ),
    )
    cfg = Config(
        dict(
            default_scope='mmseg',
            custom_imports=dict(imports=['mpc_mmseg'], allow_failed_imports=False),
            model=model,
            train_dataloader=loader,
            val_dataloader=loader,
            test_dataloader=loader,
            val_evaluator=dict(type='ForgeryMetric'),
            test_evaluator=dict(type='ForgeryMetric'),
            test_cfg=dict(type='TestLoop'),
            work_dir=str(tmp_path / 'work'),
        )
    )
    cfg.dump(tmp_path / 'config.py')
    built = MODELS.build(ConfigDict(model)).eval()
    last = built.decode_head.conv_seg
    with torch.no_grad():  # on noise the logit of "forged" has mean 0 and deviation 2
        batch = built.data_preprocessor(batch_of(half_bright()))
        logits = built._forward(batch['inputs'])
        logit = logits[:, -1] - (logits[:, 0] if request.param == 2 else 0)
        last.weight *= 2 / logit.std()
        last.bias *= 2 / logit.std()
        last.bias[-1] -= 2 * logit.mean() / logit.std()
    state = built.state_dict()
    torch.save(dict(state_dict=state), tmp_path / 'weights.pth')
    meta = dict(cfg=cfg.pretty_text, epoch=1, iter=3)
    torch.save(dict(state_dict=state, meta=meta), tmp_path / 'model.pth')
    return tmp_path


def half_bright():
    """A 64x64 photograph, noise, whose right half is bright."""
    pixels = np.random.default_rng(0).integers(0, 90, (64, 64, 3)).astype(np.uint8)
    pixels[:, 32:] += 150
    return pixels


def batch_of(pixels):
    """A batch as mmseg's pipelines make it."""
    size = dict(ori_shape=(64, 64), img_shape=(64, 64))
    return dict(
        inputs=[torch.from_numpy(pixels.transpose(2, 0, 1).copy())],
        data_samples=[SegDataSample(metainfo=size)],
    )


def test_infer_gives_what_mmseg_predicts(run, monkeypatch):
    pixels = half_bright()
    cv2.imwrite(str(run / 'a.png'), pixels)
    for number, model in enumerate(
        (['model.pth'], ['config.py', '--weights', run / 'weights.pth'])
    ):
        args = ['--model', run / model[0], *model[1:], '--device', 'cpu']
        out = run / f'out{number}'
        assert (
            run_tool(monkeypatch, 'infer.py', run / 'a.png', *args, '--out', out) == 0
        )
        mask = cv2.imread(str(out / 'a_mask.png'), cv2.IMREAD_UNCHANGED)
        assert 0 < (mask > 0).mean() < 1
        built = ForgeryInferencer(run / 'model.pth', device='cpu').model
        with torch.no_grad():
            [sample] = built.test_step(batch_of(pixels))
        expected = sample.pred_sem_seg.data[0].numpy()
        # mmseg's limit is 0.5, ours 127.5 of 255 rounded.
        assert ((mask > 0) == (expected == 1)).mean() > 0.99


def test_case_report_and_tiles(run, monkeypatch):
    write_image(run / 'a.png')
    args = ['--model', run / 'model.pth', '--out', run / 'case', '--tile', '32']
    assert run_tool(monkeypatch, 'case_report.py', run / 'a.png', *args) == 0
    case = json.loads((run / 'case/a_case.json').read_text())['case']
    assert case['model']['phase'] is None
    assert run_tool(monkeypatch, 'case_report.py', '--verify', run / 'case') == 0


def test_robustness_and_calibration(run, monkeypatch, forgery_folder):
    args = [run / 'config.py', run / 'model.pth']
    grid = ['--grid', 'jpeg_quality=70', '--out', run / 'robust', '--device', 'cpu']
    assert run_tool(monkeypatch, 'robustness.py', *args, *grid) == 0
    results = json.loads((run / 'robust/robustness.json').read_text())
    assert [s['name'] for s in results['settings']] == ['clean', 'jpeg_quality=70']
    labelled = labelled_folders(forgery_folder / 'images', forgery_folder / 'authentic')
    images = calibration_images(ForgeryInferencer(*args, 'cpu'), labelled)
    assert len(images) == 8 and sum(image.forged for image in images) == 6


@pytest.mark.parametrize('out', ['onnx', 'onnx/name.onnx'])
def test_an_export_agrees_at_any_size(run, monkeypatch, out):
    pytest.importorskip('onnx', reason='pip install onnx: the export needs it')
    pytest.importorskip('onnxruntime', reason='pip install onnxruntime: it runs it')
    (run / 'onnx').mkdir()
    args = [run / 'model.pth', '--out', run / out]
    assert run_tool(monkeypatch, 'export_onnx.py', *args) == 0
    file = run / 'onnx' / ('model.onnx' if out == 'onnx' else 'name.onnx')
    pixels = half_bright()
    maps = [
        ForgeryInferencer(model, device='cpu', tile=tile).predict(pixels).prob
        for tile in (None, 32)
        for model in (run / 'model.pth', file)
    ]
    for expected, found in (maps[:2], maps[2:]):
        assert expected.max() - expected.min() > 0.02
        assert np.abs(expected - found).max() < 1e-3


def test_three_classes_are_refused_by_name(run, monkeypatch, capsys):
    cfg = Config.fromfile(run / 'config.py')
    cfg.model.decode_head.update(num_classes=3, out_channels=3)
    cfg.model.decode_head.loss_decode.use_sigmoid = False
    state = MODELS.build(cfg.model).state_dict()
    meta = dict(cfg=cfg.pretty_text)
    torch.save(dict(state_dict=state, meta=meta), run / 'three.pth')
    args = [run / 'three.pth', '--out', run / 'onnx']
    assert run_tool(monkeypatch, 'export_onnx.py', *args) == 2
    assert 'set num_classes=2' in capsys.readouterr().err
