"""Mixed precision on a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(OptimWrapper):
    """bfloat16 autocast on a CPU, which MMEngine's ``AmpOptimWrapper`` refuses.

    bfloat16 has the range of float32, so losses are not scaled and no further state is
    saved. Weights and optimizer stay in float32. Faster only on a CPU with bfloat16
    instructions. On a GPU use ``AmpOptimWrapper`` with ``dtype``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around a training step's forward pass."""
        with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
            yield
