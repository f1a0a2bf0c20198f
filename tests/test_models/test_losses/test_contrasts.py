import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mpc_mmseg.models.losses import (
    MultiViewPixelContrastLoss,
    Pair,
    info_nce,
    supervised_contrast,
)

FUNCTIONS = dict(MeanPositiveContrast=info_nce, SupervisedContrast=supervised_contrast)


@pytest.mark.parametrize(('name', 'function'), FUNCTIONS.items())
def test_each_pair_gets_its_loss(name, function):
    pairs = [
        Pair(*(F.normalize(torch.randn(n, 4), dim=1) for n in sizes))
        for sizes in [(5, 6), (7, 3, 4), (5, 0)]
    ]
    losses = MODELS.build(dict(type=name))(pairs, 0.2)
    expected = [function(p[0], p[1], 0.2, p[2]) for p in pairs]
    torch.testing.assert_close(losses, torch.stack(expected))


@pytest.mark.parametrize(('name', 'function'), FUNCTIONS.items())
def test_the_loss_uses_the_contrast_of_its_config(name, function):
    maps, mask = [torch.randn(1, 6, 4, 4)], torch.zeros(1, 4, 4, dtype=torch.long)
    mask[:, 1:3, 1:] = 1
    criterion = MultiViewPixelContrastLoss(
        views=[dict(type='WithinImageView')], contrast=dict(type=name), temperature=0.3
    )
    loss = criterion(maps, None, mask)['loss_within_image']
    pixels = F.normalize(maps[0][0].flatten(1).T, dim=1)
    sets = [pixels[mask.flatten() == c] for c in (0, 1)]
    assert loss.item() == pytest.approx(function(*sets, 0.3).item(), rel=1e-5)
