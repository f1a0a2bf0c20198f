"""Agreement with numbers of the released program, where a set of them is at hand.

Set MPC_REFERENCE_DIR to a folder with ``loss_*.pt`` and ``hrformer_*.pt``; see the
README.
"""

import os
from pathlib import Path

import pytest
import torch
from mmseg.registry import MODELS

from mpc_mmseg.apis.release.mpc_release import convert_release, read_release
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


@pytest.mark.skipif(not HRFORMER_FILES, reason=f'no hrformer_*.pt in {FOLDER}')
@pytest.mark.parametrize('path', HRFORMER_FILES, ids=lambda p: p.stem)
def test_hrformer(path):
    data = torch.load(path, weights_only=True)
    state, cfg, lacks = convert_release(read_release(path), str(path))
    assert lacks == []
    model = MODELS.build(cfg['model']).eval()
    model.load_state_dict(state)
    with torch.no_grad():
        stage4 = model.backbone(data['image'])
        levels = model.neck(stage4)
        logit = model.decode_head(levels)
    found = [*stage4, *levels, logit]
    for value, expected in zip(
        found, [*data['stage4'], *data['levels'], data['logit']]
    ):
        assert value.shape == expected.shape
        assert (value - expected).abs().max() <= 1e-4 * expected.abs().max()
