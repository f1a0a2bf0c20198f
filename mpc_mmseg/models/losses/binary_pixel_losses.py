"""Phase 2's losses: one logit per pixel against the tampered mask."""

import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn


def binary_cross_entropy(
    logits: Tensor, mask: Tensor, forged_weight: float = 1.0, ignore_index: int = 255
) -> Tensor:
    """Cross-entropy of the forged class, averaged over pixels not ignored.

    Args:
        logits: (B, 1, H, W).
        mask: (B, H, W), 1 forged, 0 authentic.
        forged_weight: Factor of a forged pixel's term.
        ignore_index: Value of mask that counts for nothing.
    """
    valid = mask != ignore_index
    target = (mask == 1).float()
    weight = valid * (1 + (forged_weight - 1) * target)
    term = F.binary_cross_entropy_with_logits(
        logits[:, 0].float(), target, weight, reduction='sum'
    )
    return term / valid.sum().clamp(min=1)


def sigmoid_focal(
    logits: Tensor,
    mask: Tensor,
    alpha: float = 0.5,
    gamma: float = 2.0,
    ignore_index: int = 255,
) -> Tensor:
    """Focal loss (Lin et al., ICCV 2017, eq. 5), averaged over pixels not ignored.

    Args:
        logits: (B, 1, H, W).
        mask: (B, H, W), 1 forged, 0 authentic.
        alpha: Weight of the forged class; the authentic one has 1 - alpha.
        gamma: Focusing exponent.
        ignore_index: Value of mask that counts for nothing.
    """
    valid = mask != ignore_index
    target = (mask == 1).float()
    x = logits[:, 0].float()
    cross_entropy = F.binary_cross_entropy_with_logits(x, target, reduction='none')
    miss = (x.sigmoid() - target).abs()
    balance = alpha * target + (1 - alpha) * (1 - target)
    return (balance * miss**gamma * cross_entropy * valid).sum() / valid.sum().clamp(
        min=1
    )


class _BinaryPixelLoss(nn.Module):
    """mmseg's calling convention for a loss on one logit."""

    def __init__(self, loss_weight: float, loss_name: str) -> None:
        super().__init__()
        if not loss_name.startswith('loss_'):
            raise ValueError(f"loss_name must start with 'loss_', got {loss_name!r}")
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def compute(self, logits: Tensor, mask: Tensor, ignore_index: int) -> Tensor:
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
        return self.loss_weight * self.compute(logits, mask, ignore_index)


@MODELS.register_module()
class ForgeryBCELoss(_BinaryPixelLoss):
    """Binary cross-entropy, the paper's phase 2.

    Args:
        forged_weight: Factor of forged pixels; above 1 answers their rarity.
        loss_weight: Factor of the loss.
        loss_name: Its key in the log.

    Raises:
        ValueError: If ``forged_weight`` is not positive.
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

    def compute(self, logits: Tensor, mask: Tensor, ignore_index: int) -> Tensor:
        return binary_cross_entropy(logits, mask, self.forged_weight, ignore_index)


@MODELS.register_module()
class ForgeryFocalLoss(_BinaryPixelLoss):
    """Sigmoid focal loss, the released program's phase 2 (alpha 0.5, gamma 2).

    Args:
        alpha: Weight of forged pixels, in [0, 1].
        gamma: Focusing exponent, at least 0.
        loss_weight: Factor of the loss.
        loss_name: Its key in the log.

    Raises:
        ValueError: If ``alpha`` or ``gamma`` is out of range.
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

    def compute(self, logits: Tensor, mask: Tensor, ignore_index: int) -> Tensor:
        return sigmoid_focal(logits, mask, self.alpha, self.gamma, ignore_index)
