"""Padding does not count as photograph, and tiles share what the whole one shows."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mpc_mmseg.apis.export.onnx_export import describe, export_onnx
from mpc_mmseg.apis.inference.image_inputs import as_loaded
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.inference.onnx_inferencer import OnnxInferencer
from mpc_mmseg.datasets.degradation import jpeg
from mpc_mmseg.models.input_filters import BlockHistogram
from mpc_mmseg.models.input_filters.whole_photograph import padding_known

STEPS = [dict(type='LoadForgeryImage'), dict(type='PackForgeryInputs')]


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Config and weights of a small model on JPEG's blocks, and its ONNX file."""
    folder = tmp_path_factory.mktemp('blocks')
    model = Config.fromfile('configs/_base_/models/mpc_r18s_blocks.py').model
    model.phase = 'localize'
    # Without a coarser map, whose place in the fused ones depends on the image's size.
    model.backbone.backbone.update(
        num_stages=1, strides=(1,), dilations=(1,), out_indices=(0,)
    )
    model.neck.update(in_channels=[32])
    model.decode_head.in_channels = [32]
    config = Config(
        dict(model=model, test_dataloader=dict(dataset=dict(pipeline=STEPS)))
    )
    config.dump(folder / 'config.py')
    torch.manual_seed(0)
    net = MODELS.build(model).eval()
    with torch.no_grad():
        logits = net._forward(torch.rand(1, 3, 128, 128))
        net.decode_head.conv_seg.weight *= 3 / logits.std()
        net.decode_head.conv_seg.bias.sub_(logits.mean()).mul_(3 / logits.std())
    torch.save({'state_dict': net.state_dict()}, folder / 'weights.pth')
    net.image_calibration = None
    description = describe(net, config, folder / 'weights.pth')
    export_onnx(net, description, folder / 'model.onnx')
    return folder


def inferencer(files, **arguments):
    names = (files / 'config.py', files / 'weights.pth')
    return ForgeryInferencer(*names, device='cpu', **arguments)


@pytest.fixture(scope='module')
def photograph():
    """(349, 333, 3): one quality to the left, another to the right."""
    noise = np.random.default_rng(0).normal(120, 25, (349, 333, 1)).repeat(3, 2)
    image = cv2.GaussianBlur(noise, (0, 0), 1).clip(0, 255).astype(np.uint8)
    image[:, 160:] = jpeg(image, 60)[:, 160:]
    return image


def test_statistics_are_those_of_the_complete_blocks_alone():
    x = torch.rand(2, 3, 64, 64)
    view = BlockHistogram(frequencies=2, bins=3)
    sizes = [(45, 64), (64, 30)]
    x[0, :, 45:], x[1, :, :, 30:] = 0, 0
    with padding_known(view, sizes, (64, 64)):
        found = view.histograms(x)
    for each, image, (height, width) in zip(found, x, sizes):
        alone = view.histograms(image[None, :, : height // 8 * 8, : width // 8 * 8])[0]
        torch.testing.assert_close(each[:, : height // 8, : width // 8], alone)
    assert view.sizes is None


def test_an_incomplete_row_of_blocks_changes_nothing_else(files, photograph):
    full = inferencer(files).predict(photograph[:320, :320]).prob
    more = inferencer(files).predict(photograph[:327, :327]).prob
    # The network has a border and sees zeros there: only its neighbourhood changes.
    assert np.abs(more[:192, :192] - full[:192, :192]).max() < 1e-5


def test_a_tile_sees_what_the_whole_photograph_shows(files, photograph):
    whole = inferencer(files).predict(photograph).prob
    assert whole.std() > 0.05
    run = inferencer(files, tile=160)
    assert run.tiling.grid == 32
    image = as_loaded(photograph, None)
    window = np.ascontiguousarray(photograph[96:256, 64:224])
    [alone] = run.network([as_loaded(window, None)])
    with run.network.whole(image):
        [shared] = run.network([as_loaded(window, None)])
    inner = slice(64, 96)
    expected = whole[96:256, 64:224][inner, inner]
    assert np.abs(shared[inner, inner] - expected).max() < 1e-5
    assert np.abs(alone[inner, inner] - expected).max() > 1e-3
    tiled = run.predict(photograph).prob
    assert np.abs(tiled - whole).mean() < 0.01


def test_mirrored_photographs_keep_their_grid(files, photograph):
    plain = inferencer(files)
    turned = inferencer(files, tta=['flip'])
    result = turned.predict(photograph).prob
    assert result.shape == photograph.shape[:2]
    # Off the grid the statistics of a mirrored image would be others.
    views = turned.network.views
    with turned.network.whole(as_loaded(photograph, None)):
        known = [turned.network._statistics[view][0] for view in views]
    for each in known[1:]:
        torch.testing.assert_close(each, known[0], atol=1e-4, rtol=1e-3)
    with pytest.raises(ValueError, match="tta 'rot90'"):
        inferencer(files, tta=['rot90'])
    assert plain.predict(photograph).error is None


@pytest.mark.parametrize('arguments', [dict(), dict(tile=128)])
def test_an_exported_model_does_the_same(files, photograph, arguments):
    expected = inferencer(files, **arguments).predict(photograph).prob
    lone = OnnxInferencer(files / 'model.onnx', 'cpu', **arguments)
    assert np.abs(lone.predict(photograph).prob - expected).max() < 1e-3
    torch_too = ForgeryInferencer(files / 'model.onnx', device='cpu', **arguments)
    assert np.abs(torch_too.predict(photograph).prob - expected).max() < 1e-3
    if not arguments:
        found = lone.engine.probability(photograph)
        assert np.abs(found - expected).max() < 1e-3


def test_resizing_in_the_test_pipeline_is_refused(files, tmp_path):
    config = Config.fromfile(files / 'config.py')
    resize = dict(type='Resize', scale=(64, 64))
    config.test_dataloader.dataset.pipeline.insert(1, resize)
    config.dump(tmp_path / 'resized.py')
    with pytest.raises(ValueError, match='native size'):
        ForgeryInferencer(tmp_path / 'resized.py', files / 'weights.pth', device='cpu')
