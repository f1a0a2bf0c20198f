"""Pairs of pixel sets, and how many of them share one pass."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

# Similarities (rows times columns) computed for padding that cost less than the
# kernel launches of a pass of its own. A CPU launches for next to nothing; on a GPU
# a pass is some twenty launches, about the time of this many similarities.
PADDING_FREE = {'cpu': 2**14, 'cuda': 2**22}


class Pair(NamedTuple):
    """One contrast: anchors, what they are pushed from, what they are pulled to."""

    queries: Tensor  # (N, C), L2-normalised
    negatives: Tensor  # (M, C), L2-normalised
    positives: Tensor | None = None  # (R, C); None: the other queries

    @property
    def is_degenerate(self) -> bool:
        """Whether a query lacks a negative or a positive other than itself."""
        fewest = 2 if self.positives is None else 1
        return self.queries.size(0) < fewest or any(
            x is not None and x.size(0) == 0 for x in self[1:]
        )

    @property
    def sizes(self) -> tuple[int, int]:
        """(N, M)."""
        return self.queries.size(0), self.negatives.size(0)


def pad(sets: Sequence[Tensor]) -> Tensor:
    """Sets (N_i, C) as one tensor (P, max N_i, C), zeros behind each.

    Two kernels however many sets there are; a single set is not copied.
    """
    if len(sets) == 1:
        return sets[0][None]
    lengths = [x.size(0) for x in sets]
    longest, channels = max(lengths), sets[0].size(1)
    rows = torch.cat(
        [i * longest + torch.arange(length) for i, length in enumerate(lengths)]
    )
    flat = torch.cat(list(sets))
    padded = flat.new_zeros(len(sets) * longest, channels)
    return padded.index_copy(0, rows.to(flat.device), flat).unflatten(
        0, (len(sets), longest)
    )


def group(sizes: Sequence[tuple[int, int]], padding_free: int) -> list[list[int]]:
    """Which pairs share a pass: those whose padding costs less than a pass.

    Args:
        sizes: (N, M) of each pair.
        padding_free: Similarities of padding that a pair may cost.

    Returns:
        Indices into ``sizes``, each once.
    """
    groups: list[list[int]] = []
    # Largest first: the first of a group nearly sets its padded size.
    for i in sorted(range(len(sizes)), key=lambda i: sizes[i], reverse=True):
        for members in groups:
            n, m = (max(sizes[j][d] for j in [*members, i]) for d in (0, 1))
            real = sum(sizes[j][0] * sizes[j][1] for j in [*members, i])
            if n * m * (len(members) + 1) - real <= padding_free * len(members):
                members.append(i)
                break
        else:
            groups.append([i])
    return groups
