"""The strides of a backbone's maps, from a forward pass."""

import torch
from torch import nn

#: Side of the image of zeros by which strides are found.
PROBE_SIDE = 256


@torch.no_grad()
def map_strides(backbone: nn.Module) -> list[int]:
    """Stride of each map of a backbone, by a forward pass of zeros in eval mode."""
    training = backbone.training
    backbone.eval()
    maps = backbone(torch.zeros(1, 3, PROBE_SIDE, PROBE_SIDE))
    backbone.train(training)
    return [round(PROBE_SIDE / m.shape[-1]) for m in maps]
