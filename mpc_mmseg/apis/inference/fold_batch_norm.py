"""BatchNorm as part of the convolution before it, for inference."""

import copy

import torch
from mmcv.cnn import fuse_conv_bn
from mmengine.model import BaseModel
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

#: Largest error of a map, relative to the map's largest value.
TOLERANCE = 1e-4


def fold_batch_norm(model: BaseModel) -> BaseModel:
    """A copy of a segmentor whose convolutions scale and shift by themselves.

    In eval mode a BatchNorm is a scale and a shift per channel, which the convolution
    before it can do. mmcv takes the order in which a module holds its parts for the
    order in which they run, so the result is compared with the model on noise.

    Args:
        model: In eval mode.

    Returns:
        The copy, in eval mode. It cannot be trained. A model without BatchNorm is given
        back as it is.

    Raises:
        ValueError: If the model is in training mode.
        RuntimeError: If the copy computes something else, which a network does
            whose BatchNorm is not run right after the convolution held before it.
    """
    if model.training:
        raise ValueError('BatchNorm is folded for inference: call model.eval() first')
    if not any(isinstance(m, _BatchNorm) for m in model.modules()):
        return model
    folded = fuse_conv_bn(copy.deepcopy(model))
    for before, after in zip(_maps(model), _maps(folded)):
        error = (after - before).abs().max() / before.abs().max().clamp_min(1e-12)
        if not error <= TOLERANCE:
            raise RuntimeError(
                f'{type(model).__name__} does not run BatchNorm right after the '
                f'convolution it is folded into: a map of {tuple(before.shape)} '
                f'changed by {float(error):.1e} of its largest value'
            )
    return folded


@torch.no_grad()
def _maps(model: BaseModel) -> list[Tensor]:
    """What backbone, neck and head give of the same noise."""
    parameter = next(model.parameters())
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 64, 64, generator=generator).to(parameter)
    maps = list(model.extract_feat(image))
    head = getattr(model, 'decode_head', None)
    return [*maps, head(maps)] if isinstance(head, torch.nn.Module) else maps
