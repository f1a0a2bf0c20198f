"""Layers that cannot be trained in the channels-last layout on a CPU."""

import torch
from torch import nn


def unsafe_on_cpu(module: nn.Module) -> list[str]:
    """Names of strided 1x1 convolutions of fewer than 16 input channels.

    In the channels-last layout torch 2.13 (oneDNN, more than one thread) writes beyond
    the memory of their weight gradient: the process crashes, or continues with wrong
    numbers. The default layout, wider layers and GPUs are not affected.
    """
    return [
        name
        for name, conv in module.named_modules()
        if isinstance(conv, nn.Conv2d)
        and conv.kernel_size == (1, 1)
        and max(conv.stride) > 1
        and conv.in_channels < 16
    ]


def to_channels_last(module: nn.Module) -> None:
    """Set the layout.

    Raises:
        ValueError: Without a GPU, if the module has such layers.
    """
    if not torch.cuda.is_available() and (unsafe := unsafe_on_cpu(module)):
        raise ValueError(
            f'{unsafe[0]} is a strided 1x1 convolution of fewer than 16 input '
            'channels, which torch cannot train in channels-last on a CPU: set '
            'channels_last=False'
        )
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
