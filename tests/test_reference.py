"""Agreement with plain implementations, and with numbers of the released program.

The plain ones are in tests/, their numbers in tests/data. For those of the released
program set MPC_REFERENCE_DIR to a folder with ``loss_*.pt`` and ``hrformer_*.pt``; see
the README.
"""

import os
from pathlib import Path

import numpy as np
import plain_hrformer
import pytest
import torch
from mmseg.registry import MODELS
from released_names import model_cfg, released

from mpc_mmseg.apis.release.mpc_release import convert_release, read_release
from mpc_mmseg.apis.release.release_keys import bare_names
from mpc_mmseg.models.losses import MultiViewPixelContrastLoss

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get('MPC_REFERENCE_DIR', ROOT.parent / 'shared/reference'))
LOSS_FILES = sorted(FOLDER.glob('loss_*.pt'))
HRFORMER_FILES = sorted(FOLDER.glob('hrformer_*.pt'))


@pytest.mark.skipif(not LOSS_FILES, reason=f'no loss_*.pt in {FOLDER}')
@pytest.mark.parametrize('path', LOSS_FILES, ids=lambda p: p.stem)
def test_loss(path):
    data = torch.load(path, weights_only=True)
    first = [m[None].clone().requires_grad_() for m in data['first_pass']]
    second = [m[None].clone().requires_grad_() for m in data['second_pass']]
    criterion = MultiViewPixelContrastLoss(
        sampler=dict(type='RandomPixelSampler', max_pixels=10**9),
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
