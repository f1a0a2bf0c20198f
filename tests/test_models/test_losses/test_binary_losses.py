import math

import pytest
import torch

from mpc_mmseg.models.losses.binary_losses import ForgeryBCELoss, ForgeryFocalLoss

LOGITS = torch.tensor([[[[0.5, -1.0], [2.0, 0.0]]]])
MASK = torch.tensor([[[1, 0], [255, 1]]])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_cross_entropy_by_hand():
    forged = -math.log(sigmoid(0.5)) - math.log(sigmoid(0.0))
    authentic = -math.log(1 - sigmoid(-1.0))
    assert ForgeryBCELoss()(LOGITS, MASK).item() == pytest.approx(
        (forged + authentic) / 3
    )
    weighted = ForgeryBCELoss(forged_weight=4.0, loss_weight=2.0)(LOGITS, MASK)
    assert weighted.item() == pytest.approx(2 * (4 * forged + authentic) / 3)


def test_focal_by_hand():
    terms = [
        0.3 * (1 - sigmoid(0.5)) ** 2 * -math.log(sigmoid(0.5)),
        0.3 * (1 - sigmoid(0.0)) ** 2 * -math.log(sigmoid(0.0)),
        0.7 * sigmoid(-1.0) ** 2 * -math.log(1 - sigmoid(-1.0)),
    ]
    loss = ForgeryFocalLoss(alpha=0.3, gamma=2.0)(LOGITS, MASK)
    assert loss.item() == pytest.approx(sum(terms) / 3)


@pytest.mark.parametrize('loss', [ForgeryBCELoss(), ForgeryFocalLoss()])
def test_all_ignored_is_zero_and_extreme_logits_are_finite(loss):
    logits = torch.tensor([[[[1e4, -1e4]]]], requires_grad=True)
    assert loss(logits, torch.full((1, 1, 2), 255)).item() == 0
    value = loss(logits, torch.tensor([[[0, 1]]]))
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(logits.grad).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='forged_weight'):
        ForgeryBCELoss(forged_weight=0)
    with pytest.raises(ValueError, match='alpha'):
        ForgeryFocalLoss(alpha=2)
    with pytest.raises(ValueError, match='loss_name'):
        ForgeryBCELoss(loss_name='bce')
    with pytest.raises(ValueError, match='one logit'):
        ForgeryBCELoss()(torch.zeros(1, 2, 2, 2), MASK)
