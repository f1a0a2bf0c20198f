"""Which layers cannot be trained in the channels-last layout on a CPU."""

from torch import nn


def unsafe_on_cpu(module: nn.Module) -> list[str]:
    """Names of strided 1x1 convolutions of fewer than 16 input channels.

    torch 2.13 (oneDNN, more than one thread) writes beyond the memory of their weight
    gradient in the channels-last layout: the process crashes, or trains on with wrong
    numbers. The default layout, wider layers and GPUs are not affected.

    Args:
        module: A network.
    """
    return [
        name
        for name, conv in module.named_modules()
        if isinstance(conv, nn.Conv2d)
        and conv.kernel_size == (1, 1)
        and max(conv.stride) > 1
        and conv.in_channels < 16
    ]
