"""Agreement with plain code, and with numbers of the released code where available.

The numbers of the plain code are in tests/data. For the others set MPC_REFERENCE_DIR to
a folder with ``loss_*.pt``, ``hrformer_*.pt`` and ``metric_*.npz``; see
docs/extending.md.
"""

import os
from pathlib import Path

import naive_reference
import numpy as np
import plain_hrformer
import pytest
import torch
from mmseg.registry import MODELS
from released_names import model_cfg, released

from mpc_mmseg.apis.release.mpc_release import (
    bare_names,
    convert_release,
    read_release,
)
from mpc_mmseg.models.losses.contrast_loss import MultiViewPixelContrastLoss

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get('MPC_REFERENCE_DIR', ROOT.parent / 'shared/reference'))
LOSS_FILES = sorted(FOLDER.glob('loss_*.pt'))
HRFORMER_FILES = sorted(FOLDER.glob('hrformer_*.pt'))
METRIC_FILES = sorted(FOLDER.glob('metric_*.npz'))


@pytest.mark.parametrize('positives', ['own', 'other'])
def test_loss_of_the_loops(positives):
    data = np.load(ROOT / 'tests/data/loss.npz')
    *first, second = (
        torch.from_numpy(data[name])[None].requires_grad_()
        for name in (*(f'first_{i}' for i in range(4)), 'second')
    )
    across = [
        dict(type=view, positives=positives)
        for view in ('CrossScaleView', 'CrossModalityView')
    ]
    criterion = MultiViewPixelContrastLoss(
        views=[dict(type='WithinImageView'), *across],
        temperature=float(data['temperature']),
    )
    mask = torch.from_numpy(data['mask'])[None].long()
    losses = criterion(first, [second], mask)
    for view in naive_reference.VIEWS:
        expected = float(data[f'{positives}_{view}'])
        assert losses[f'loss_{view}'].item() == pytest.approx(expected, rel=1e-5), view
    sum(losses.values()).backward()
    for i, m in enumerate([*first, second]):
        gradient = torch.from_numpy(data[f'{positives}_gradient_{i}'])
        assert (m.grad[0] - gradient).norm() < 1e-5 * gradient.norm()


def test_the_stored_numbers_are_those_of_the_loops():
    for name in ('loss', 'metric'):
        stored = np.load(ROOT / f'tests/data/{name}.npz')
        made = getattr(naive_reference, f'make_{name}')()
        assert set(stored) == set(made)
        for key, value in made.items():
            np.testing.assert_allclose(stored[key], value, rtol=1e-9, atol=1e-12)


@pytest.mark.skipif(not LOSS_FILES, reason=f'no loss_*.pt in {FOLDER}')
@pytest.mark.parametrize('path', LOSS_FILES, ids=lambda p: p.stem)
@torch.no_grad()
def test_loops_agree_with_the_released_loss(path):
    data = torch.load(path, weights_only=True)
    first = [m.double() for m in data['first_pass']]
    second = data['second_pass'][0].double()
    found = naive_reference.losses(first, second, data['mask'], data['temperature'])
    for view, value in found.items():
        assert float(value) == pytest.approx(float(data[view]), rel=1e-5), view


@pytest.mark.skipif(not METRIC_FILES, reason=f'no metric_*.npz in {FOLDER}')
@pytest.mark.parametrize('path', METRIC_FILES, ids=lambda p: p.stem)
def test_loops_agree_with_the_released_metric(path):
    data = np.load(path)
    for k in range(len(data['f1'])):
        found = naive_reference.scores(data[f'prob_{k}'], data[f'mask_{k}'])
        assert found == (data['f1'][k], data['iou'][k]), k


@pytest.mark.skipif(not LOSS_FILES, reason=f'no loss_*.pt in {FOLDER}')
@pytest.mark.parametrize('path', LOSS_FILES, ids=lambda p: p.stem)
def test_loss(path):
    data = torch.load(path, weights_only=True)
    first = [m[None].clone().requires_grad_() for m in data['first_pass']]
    second = [m[None].clone().requires_grad_() for m in data['second_pass']]
    criterion = MultiViewPixelContrastLoss(
        sampler=dict(type='RandomPixelSampler', max_pixels=10**9),
        views=[
            dict(type='WithinImageView'),
            dict(type='CrossScaleView', positives='own'),
            dict(type='CrossModalityView', positives='own'),
        ],
        temperature=data['temperature'],
    )
    losses = criterion(first, second, data['mask'][None].long())
    for view in ('within_image', 'cross_scale', 'cross_modality'):
        value = losses[f'loss_{view}'].item()
        assert value == pytest.approx(float(data[view]), rel=1e-5), view
    total = sum(losses.values())
    assert total.item() == pytest.approx(float(data['total']), rel=1e-5)
    total.backward()
    expected = [*data['grad_first_pass'], data['grad_second_pass_level0']]
    for m, gradient in zip([*first, second[0]], expected):
        error = (m.grad[0] - gradient).norm() / gradient.norm()
        assert error < 1e-5


def converted(weights, source):
    """The model of released weights, in eval mode."""
    state, cfg, lacks = convert_release(weights, source)
    assert lacks == []
    model = MODELS.build(cfg['model']).eval()
    model.load_state_dict(state)
    return model


@torch.no_grad()
def assert_agrees(model, image, expected, tolerance=1e-4):
    """Stage 4, projected maps and logit: largest error, of the largest value."""
    stage4 = model.backbone(image)
    levels = model.neck(stage4)
    found = [*stage4, *levels, model.decode_head(levels)]
    assert len(found) == len(expected) == 9
    for value, wanted in zip(found, expected):
        assert value.shape == wanted.shape
        assert (value - wanted).abs().max() <= tolerance * wanted.abs().max()


def test_hrformer_stored():
    numbers = np.load(plain_hrformer.NUMBERS)
    names = [f'{kind}_{i}' for kind in ('stage4', 'levels') for i in range(4)]
    expected = [torch.from_numpy(numbers[name]) for name in [*names, 'logit']]
    released_weights = plain_hrformer.seeded_weights(
        released(MODELS.build(model_cfg()))
    )
    model = converted(bare_names(released_weights), 'seeded weights')
    assert_agrees(model, plain_hrformer.seeded_image(), expected)


@pytest.mark.skipif(not HRFORMER_FILES, reason=f'no hrformer_*.pt in {FOLDER}')
@pytest.mark.parametrize('path', HRFORMER_FILES, ids=lambda p: p.stem)
def test_hrformer(path):
    data = torch.load(path, weights_only=True)
    expected = [*data['stage4'], *data['levels'], data['logit']]
    assert_agrees(converted(read_release(path), str(path)), data['image'], expected)
    # What gave the stored numbers agrees as well.
    with torch.no_grad():
        plain = plain_hrformer.Plain(data['state_dict']).forward(data['image'])
    for value, wanted in zip([*plain[0], *plain[1], plain[2]], expected):
        assert (value - wanted).abs().max() <= 1e-4 * wanted.abs().max()
