"""The localize phase's losses: one logit per pixel against the forgery mask."""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn


def weighted_cross_entropy(x: Tensor, target: Tensor, forged_weight: float) -> Tensor:
    """Cross-entropy of logits x (B, H, W), of forged pixels times ``forged_weight``."""
    cross_entropy = F.binary_cross_entropy_with_logits(x, target, reduction='none')
    return cross_entropy * (1 + (forged_weight - 1) * target)


def sigmoid_focal(x: Tensor, target: Tensor, alpha: float, gamma: float) -> Tensor:
    """Focal loss of logits x (B, H, W) (Lin et al., ICCV 2017, eq. 5).

    ``alpha`` is the weight of the forged class; the authentic one has 1 - alpha.
    """
    cross_entropy = F.binary_cross_entropy_with_logits(x, target, reduction='none')
    balance = alpha * target + (1 - alpha) * (1 - target)
    return balance * (x.sigmoid() - target).abs() ** gamma * cross_entropy


class _BinaryPixelLoss(nn.Module):
    """mmseg's calling convention; the mean of ``terms`` over pixels not ignored."""

    def __init__(self, loss_weight: float, loss_name: str) -> None:
        super().__init__()
        if not loss_name.startswith('loss_'):
            raise ValueError(f"loss_name must start with 'loss_', got {loss_name!r}")
        self.loss_weight, self.loss_name = loss_weight, loss_name

    def terms(self, x: Tensor, target: Tensor) -> Tensor:
        """Loss of each pixel (B, H, W)."""
        raise NotImplementedError

    def forward(
        self,
        logits: Tensor,
        mask: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
        **_,
    ) -> Tensor:
        """Scalar loss of logits (B, 1, H, W) against mask (B, H, W)."""
        if logits.size(1) != 1:
            raise ValueError(
                f'{type(self).__name__} takes one logit, got {logits.size(1)}: set '
                'out_channels=1 in the head'
            )
        valid = mask != ignore_index
        terms = self.terms(logits[:, 0].float(), (mask == 1).float())
        return self.loss_weight * (terms * valid).sum() / valid.sum().clamp(min=1)


@MODELS.register_module()
class ForgeryBCELoss(_BinaryPixelLoss):
    """Binary cross-entropy, the paper's loss of the localize phase.

    Args:
        forged_weight: Factor of forged pixels, positive; above 1 balances their rarity.
        loss_weight: Factor of the loss.
        loss_name: Its key in the log.
    """

    def __init__(
        self,
        forged_weight: float = 1.0,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_bce',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        if not forged_weight > 0:
            raise ValueError(f'forged_weight must be positive, got {forged_weight}')
        self.forged_weight = forged_weight

    def terms(self, x: Tensor, target: Tensor) -> Tensor:
        return weighted_cross_entropy(x, target, self.forged_weight)


@MODELS.register_module()
class ForgeryFocalLoss(_BinaryPixelLoss):
    """Sigmoid focal loss, as in the released code (alpha 0.5, gamma 2).

    Args:
        alpha: Weight of forged pixels, in [0, 1].
        gamma: Focusing exponent, at least 0.
        loss_weight: Factor of the loss.
        loss_name: Its key in the log.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        gamma: float = 2.0,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_focal',
    ) -> None:
        super().__init__(loss_weight, loss_name)
        if not 0 <= alpha <= 1 or gamma < 0:
            raise ValueError(
                f'alpha must be in [0, 1] and gamma >= 0, got {alpha} and {gamma}'
            )
        self.alpha, self.gamma = alpha, gamma

    def terms(self, x: Tensor, target: Tensor) -> Tensor:
        return sigmoid_focal(x, target, self.alpha, self.gamma)
