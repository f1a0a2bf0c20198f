"""Parameters and multiply-adds of a network, without running it."""

import copy
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

PARTS = ('backbone', 'neck', 'decode_head')


def multiply_adds(module: nn.Module, *inputs: Any) -> tuple[int, Any]:
    """Multiply-adds of a forward pass in convolutions and matrix products.

    The products of attention count, whether written out or by
    ``scaled_dot_product_attention``, which the meta device splits into them.
    Normalisation, activations, softmax, additions and resizing do not.

    Args:
        module: Any module.
        inputs: What its forward takes.

    Returns:
        Their number and the module's output.
    """
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        output = module(*inputs)
    return counter.get_total_flops() // 2, output


def complexity_of(model: dict, shape: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Parameters and multiply-adds of a segmentor's parts for one image.

    Args:
        model: Config of a segmentor. Backbone, neck (optional) and decode_head count;
            the contrast and phase 1's clusters do not.
        shape: (H, W) of the image.

    Returns:
        Part -> (parameters, multiply-adds), with the sums as ``'total'``.
    """
    config = copy.deepcopy(dict(model))
    maps: Any = torch.empty(1, 3, *shape, device='meta')
    found: dict[str, tuple[int, int]] = {}
    for name in PARTS:
        if config.get(name) is None:
            continue
        # Built on the CPU: constructors may compute with their tensors.
        part = MODELS.build(config[name]).to('meta')
        part.eval()
        products, maps = multiply_adds(part, maps)
        parameters = sum(p.numel() for p in part.parameters())
        found[name] = parameters, products
    parameters, products = (sum(column) for column in zip(*found.values()))
    return {**found, 'total': (parameters, products)}
