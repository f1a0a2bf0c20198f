"""What a wide 1x1 stack on frozen maps need not hold until its backward pass."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.autograd.graph import saved_tensors_hooks


class _ReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        x.relu_()
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return torch.ops.aten.threshold_backward.grad_input(grad, y, 0, grad_input=grad)


class LeanReLU(nn.Module):
    """ReLU in place, its gradient as well.

    Only for where a convolution is the one reader of the output: the gradient that
    it hands back is then nobody else's, and may be overwritten.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not (torch.is_grad_enabled() and x.requires_grad):
            return x.relu_()
        return _ReLU.apply(x)


def made_again(
    tensor: Tensor, make: Callable[[], Tensor]
) -> AbstractContextManager[object]:
    """Within it, operations that save a tensor for backward save how to make it.

    Args:
        tensor: What is not kept; one that requires a gradient is kept after all.
        make: Gives the same values anew, without random numbers.
    """
    if tensor.requires_grad or not torch.is_grad_enabled():
        return nullcontext()
    # Only the address is held: the tensor itself is to go.
    address, shape = tensor.data_ptr(), tensor.shape
    device = tensor.device.type
    # The backward pass runs outside autocast.
    mixed = torch.is_autocast_enabled(device)
    low = torch.get_autocast_dtype(device) if mixed else None

    def pack(saved: Tensor) -> Tensor | None:
        same = saved.data_ptr() == address and saved.shape == shape
        return None if same else saved

    def unpack(kept: Tensor | None) -> Tensor:
        if kept is not None:
            return kept
        with torch.no_grad(), torch.autocast(device, dtype=low, enabled=mixed):
            return make()

    return saved_tensors_hooks(pack, unpack)
