"""What a piece of torch code launches, and how often the host waits for it."""

from collections import Counter
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

# Operators whose result the host needs, on whatever device.
WAITS = {'_local_scalar_dense', 'nonzero', 'masked_select', 'equal', 'unique_dim'}
# Methods that copy to the host, of which a CPU's dispatcher sees nothing.
COPIES = {'tolist', 'cpu', 'numpy'}


class HostCopies(TorchFunctionMode):
    def __init__(self, waits: Counter) -> None:
        super().__init__()
        self.waits = waits

    def __torch_function__(self, func, types, args=(), kwargs=None) -> Any:
        name = getattr(func, '__name__', '')
        if name in COPIES:
            self.waits[name] += 1
        return func(*args, **(kwargs or {}))


class Launches(TorchDispatchMode):
    """Counts operators, without views of a tensor, and what the host waits for.

    Attributes:
        operators: Number of calls by operator, forward and backward.
        waits: Number of host syncs by what causes them. A CPU shows them too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operators: Counter = Counter()
        self.waits: Counter = Counter()
        self.copies = HostCopies(self.waits)

    def __enter__(self) -> 'Launches':
        self.copies.__enter__()
        return super().__enter__()

    def __exit__(self, *error) -> None:
        super().__exit__(*error)
        self.copies.__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None) -> Any:
        name = func.overloadpacket.__name__
        if not (func.is_view or name in ('empty', '_unsafe_view')):
            self.operators[name] += 1
        by_mask = name == 'index' and any(
            x is not None and x.dtype == torch.bool for x in args[1]
        )
        if name in WAITS or by_mask:
            self.waits[name] += 1
        return func(*args, **(kwargs or {}))


def of_contrast(criterion: torch.nn.Module, batch: int) -> Launches:
    """Of a step of the contrast loss on small maps, images of different masks.

    Args:
        criterion: A ``MultiViewPixelContrastLoss`` for embeddings of 8 channels.
        batch: Images of the step.
    """
    torch.manual_seed(0)
    first, second = (
        [torch.randn(batch, 8, s, s, requires_grad=True) for s in (16, 8, 4, 2)]
        for _ in range(2)
    )
    mask = torch.zeros(batch, 32, 32, dtype=torch.long)
    for i, m in enumerate(mask):
        m[:, : 8 + 4 * (i % 5)] = 1
    with Launches() as launches:
        sum(criterion(first, second, mask).values()).backward()
    return launches
