"""BatchNorm merged into the preceding convolution, for inference."""

import copy

import torch
from mmcv.cnn import fuse_conv_bn
from mmengine.model import BaseModel
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

#: Largest error of a map, relative to the map's largest value.
TOLERANCE = 1e-4


def fold_batch_norm(model: BaseModel) -> BaseModel:
    """Copies a segmentor and merges each BatchNorm into the preceding convolution.

    In eval mode a BatchNorm is a scale and a shift per channel, which the convolution
    can include. mmcv assumes that a module's children run in the order in which they
    are registered, so the copy is compared with the model on noise.

    Args:
        model: In eval mode.

    Returns:
        The copy, in eval mode. It cannot be trained. A model without BatchNorm is
        returned itself.

    Raises:
        ValueError: If the model is in training mode.
        RuntimeError: If the outputs of the copy differ, because a BatchNorm does not
            run directly after the convolution registered before it.
    """
    if model.training:
        raise ValueError(
            'BatchNorm can only be folded in eval mode: call model.eval() first'
        )
    if not any(isinstance(m, _BatchNorm) for m in model.modules()):
        return model
    folded = fuse_conv_bn(copy.deepcopy(model))
    for before, after in zip(_maps(model), _maps(folded)):
        error = (after - before).abs().max() / before.abs().max().clamp_min(1e-12)
        if not error <= TOLERANCE:
            raise RuntimeError(
                f'{type(model).__name__} does not run each BatchNorm directly after '
                'the convolution registered before it: folding changed a map of '
                f'{tuple(before.shape)} by {float(error):.1e} of its largest value. '
                'Run it without folding'
            )
    return folded


@torch.no_grad()
def _maps(model: BaseModel) -> list[Tensor]:
    """Outputs of backbone, neck and head for the same noise."""
    parameter = next(model.parameters())
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 64, 64, generator=generator).to(parameter)
    maps = list(model.extract_feat(image))
    head = getattr(model, 'decode_head', None)
    return [*maps, head(maps)] if isinstance(head, torch.nn.Module) else maps
