"""Convolutions whose gradients are quick in the channels-last layout, on a CPU."""

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .pointwise import is_fast, pointwise_map


class _DenseConv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, conv: nn.Conv2d
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.conv = conv
        return F.conv2d(x, weight, bias, conv.stride, conv.padding, conv.dilation)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias = ctx.needs_input_grad[:3]
        grad_x = grad_weight = None
        if need_x:
            grad = grad.contiguous(memory_format=torch.channels_last)
            grad_x = _gradients(ctx.conv, grad, x, weight, [True, False, False])[0]
        if need_weight:
            parts = (grad.contiguous(), x.contiguous(), weight.contiguous())
            grad_weight = _gradients(ctx.conv, *parts, [False, True, False])[1]
        grad_bias = grad.sum((0, 2, 3)) if need_bias else None
        return grad_x, grad_weight, grad_bias, None


def _gradients(
    conv: nn.Conv2d, grad: Tensor, x: Tensor, weight: Tensor, mask: list[bool]
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        None,
        conv.stride,
        conv.padding,
        conv.dilation,
        False,
        [0, 0],
        1,
        mask,
    )


# Beside mmcv's own layers, which are found from every scope.
@MODELS.register_module()
class DenseConv(nn.Conv2d):
    """A convolution that computes channels-last maps on a CPU in its own way.

    A 1x1 convolution is a `pointwise` product. The weight gradient of another one is
    taken in the default layout, where oneDNN's needs a third of the time, copies
    included (docs/benchmarks.md). Convolutions of several groups are torch's.

    Its weights, arguments and values are those of ``nn.Conv2d``. A layer of mmcv too:
    ``conv_cfg=dict(type='DenseConv')``.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, D, H', W') of maps (B, C, H, W)."""
        return self.with_bias(x, self.bias)

    def with_bias(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """`forward` with a bias (D,) in the place of its own, as a detached one."""
        if not (
            self.groups == 1
            and self.padding_mode == 'zeros'
            and not isinstance(self.padding, str)
            and x.dim() == 4
            and x.is_contiguous(memory_format=torch.channels_last)
            and is_fast(x, self.weight, bias)
        ):
            return self._conv_forward(x, self.weight, bias)
        if (self.kernel_size, self.stride, self.padding) == ((1, 1), (1, 1), (0, 0)):
            return pointwise_map(x, self.weight, bias)
        trained = torch.is_grad_enabled() and self.weight.requires_grad
        # For the channels of an image the copies would take longer.
        if trained and self.in_channels >= 16:
            return _DenseConv.apply(x, self.weight, bias, self)
        return self._conv_forward(x, self.weight, bias)


@MODELS.register_module()
class PointwiseConv(DenseConv):
    """A `DenseConv` that can only be 1x1: ``conv_cfg=dict(type='PointwiseConv')``.

    Args:
        in_channels: Channels C of the input.
        out_channels: Channels D of the output.
        kernel_size: 1, as mmcv hands it over.
        **kwargs: ``bias`` and what else leaves a 1x1 convolution one: the defaults of
            ``nn.Conv2d``.

    Raises:
        ValueError: If it is another convolution than 1x1 of stride 1 in one group.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, **kwargs)
        found = (self.kernel_size, self.stride, self.padding, self.groups)
        if found != ((1, 1), (1, 1), (0, 0), 1):
            raise ValueError(
                'a PointwiseConv is 1x1 of stride 1, unpadded and in one group, got '
                f'kernel_size, stride, padding, groups = {found}'
            )
