"""Layers that cannot be trained in the channels-last layout on a CPU."""

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
