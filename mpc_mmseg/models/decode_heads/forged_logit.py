"""One logit of "forged" from any decode head of mmseg."""

from collections.abc import Sequence

import torch
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn


def forged_logit(
    head: nn.Module, maps: Sequence[Tensor], test_cfg: dict | None = None
) -> Tensor:
    """The logit of "forged" against "authentic" (B, 1, h, w), at the head's own size.

    Args:
        head: A head of one logit, or of two classes (authentic, forged); their
            difference is the logit whose sigmoid is the softmax.
        maps: Embedding maps (B, C_i, H_i, W_i), finest first.
        test_cfg: Handed to the head.
    """
    own = getattr(type(head), 'predict', None)
    if own is None or own is BaseDecodeHead.predict:
        logits = head(maps)
    else:
        # DAHead, EncHead: several outputs; the head selects its prediction.
        metas = [dict(img_shape=maps[0].shape[-2:])] * len(maps[0])
        logits = own(head, maps, metas, test_cfg)
    if logits.size(1) == 2:
        logits = logits[:, 1:] - logits[:, :1]
    return logits


def check_head(head: nn.Module) -> None:
    """Refuse a built decode head that cannot predict "forged or authentic" alone.

    Raises:
        ValueError: If it refines another head's output, has neither one logit nor two,
            or one of its losses does not fit.
    """
    name = type(head).__name__
    if isinstance(head, BaseCascadeDecodeHead):
        raise ValueError(
            f'decode_head {name} refines the output of another head, and there is '
            'none: choose a head that takes the maps alone'
        )
    if (logits := getattr(head, 'out_channels', None)) not in (1, 2):
        raise ValueError(
            f'decode_head {name} gives {logits} logits: set num_classes=2, and '
            'out_channels=1 (one logit) or 2 (authentic and forged)'
        )
    losses = getattr(head, 'loss_decode', [])
    for loss in losses if isinstance(losses, nn.ModuleList) else [losses]:
        if isinstance(loss, nn.Module):
            check_loss(loss, logits, getattr(head, 'ignore_index', 255))


@torch.no_grad()
def check_loss(loss: nn.Module, logits: int, ignore_index: int | None) -> None:
    """Evaluate a head's loss for a right and a wrong prediction of 1 or 2 logits.

    Several losses of mmseg accept one logit and then reward the opposite (DiceLoss) or
    nothing (TverskyLoss, and those that apply a softmax).

    Raises:
        ValueError: If the right prediction does not cost less, or the loss fails.
    """
    mask = torch.zeros(1, 8, 8, dtype=torch.long)
    mask[:, :, 4:] = 1
    sign = (2.0 * mask - 1)[:, None]
    right = 4 * (sign if logits == 1 else torch.cat([-sign, sign], 1))
    try:
        costs = [
            float(loss(x, mask, weight=None, ignore_index=ignore_index))
            for x in (right, -right)
        ]
    except IndexError as error:
        if 'out of bounds' not in str(error):
            raise ValueError(
                f'{type(loss).__name__} fails for {logits} logit(s): {error} (for '
                'CrossEntropyLoss: class_weight and avg_non_ignore=True exclude '
                'each other)'
            ) from error
        costs = [0.0, 0.0]  # "Target 1 is out of bounds": a softmax over one logit
    except Exception:  # a loss that needs other arguments, or a GPU
        return
    if not costs[0] < costs[1]:
        raise ValueError(
            f'{type(loss).__name__} does not teach a head of {logits} logit(s) what is '
            f'forged (right: {costs[0]:.3g}, wrong: {costs[1]:.3g}): with one logit '
            'use ForgeryBCELoss, ForgeryFocalLoss or CrossEntropyLoss with '
            'use_sigmoid=True; others need out_channels=2'
        )
