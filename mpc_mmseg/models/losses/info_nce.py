"""Exact pixel InfoNCE with memory linear in the number of pixels.

``info_nce`` states the formula. ``info_nce_of_pairs`` packs pairs of like sizes into
one padded batch, and ``BlockedInfoNCE`` computes a batch block of queries by block.

Shapes: P pairs of a batch; N queries, M negatives and R positives of a pair, each of
C channels.
"""

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# Similarities alive at a time. On a CPU 4 MiB, small beside a feature map; a GPU
# wants larger products.
BLOCK_ELEMENTS = {'cpu': 2**20, 'cuda': 2**26}
# Queries of a block even where the negatives are very many: each block reads and
# writes all their gradients, which fewer queries would not pay for.
MIN_ROWS = 512
# Similarities computed for padding that cost less than the kernel launches of a
# separate batch. A CPU launches for next to nothing; on a GPU a batch is some twenty
# launches, about the time of this many similarities.
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
        others = [x for x in self[1:] if x is not None]
        return len(self.queries) < fewest or not all(len(x) for x in others)

    def zero(self) -> Tensor:
        """The loss of a degenerate pair: a scalar zero whose graph reaches each set."""
        return torch.cat([x for x in self if x is not None]).float().sum() * 0


def info_nce(
    queries: Tensor,
    negatives: Tensor,
    temperature: float = 0.1,
    positives: Tensor | None = None,
) -> Tensor:
    r"""InfoNCE with the mean positive (MPC, IEEE TIFS 2025).

    One positive logit per query, its mean similarity to the other queries (the
    released program) or to the positives of another view (as the paper draws it):

    .. math::
        p_i = \frac{1}{N-1} \sum_{j \ne i} q_i \cdot q_j
            \;\text{or}\; \frac{1}{R} \sum_j q_i \cdot r_j, \qquad
        L = \frac{1}{N} \sum_i -\frac{p_i}{t}
            + \log\Big(e^{p_i / t} + \sum_k e^{q_i \cdot k / t}\Big)

    Computed in float32 whatever the input's type; no N x N or N x M tensor is
    ever alive.

    Args:
        queries: L2-normalised embeddings (N, C) of the anchor class.
        negatives: L2-normalised embeddings (M, C) of the other class.
        temperature: t, above 0.
        positives: L2-normalised embeddings (R, C) of the anchor class in another
            view; None: the other queries.

    Returns:
        Scalar loss; zero, attached to the graph, when there is no negative, no
        query, or none but the query itself to be its positive.

    Raises:
        ValueError: If the temperature is not positive or the shapes do not fit.
    """
    return info_nce_of_pairs([Pair(queries, negatives, positives)], temperature)[0]


def info_nce_of_pairs(
    pairs: Sequence[Pair], temperature: float = 0.1, fused: bool = False
) -> Tensor:
    """``info_nce`` of each of several pairs, computed in shared batches.

    The number of kernel launches does not grow with the number of like pairs.

    Args:
        pairs: Pairs whose sets share C; their sizes may differ.
        temperature: t, above 0.
        fused: On a GPU that can, use FlexAttention's kernel in place of the blocked
            sweep, in the precision of the inputs.

    Returns:
        Losses (P,), float32; zero, attached to the graph, for degenerate pairs.

    Raises:
        ValueError: If the temperature is not positive or the shapes do not fit.
    """
    if not temperature > 0:
        raise ValueError(f'temperature must be positive, got {temperature}')
    if not pairs:
        return torch.zeros(0)
    shapes = [tuple(x.shape) for pair in pairs for x in pair if x is not None]
    if any(len(shape) != 2 or shape[1] != shapes[0][1] for shape in shapes):
        raise ValueError(
            'queries (N, C), negatives (M, C) and positives (R, C) must share C, '
            f'got {shapes}'
        )
    device = pairs[0].queries.device
    order = [i for i, pair in enumerate(pairs) if pair.is_degenerate]
    losses = [pairs[i].zero()[None] for i in order]
    sizes = {
        i: (len(pair.queries), len(pair.negatives))
        for i, pair in enumerate(pairs)
        if i not in order
    }
    with torch.autocast(device.type, enabled=False):
        for members in group(sizes, PADDING_FREE.get(device.type, 2**22)):
            losses.append(_one_batch([pairs[i] for i in members], temperature, fused))
            order += members
    return torch.cat(losses)[torch.tensor(order).argsort().to(device)]


@MODELS.register_module()
class MeanPositiveContrast(nn.Module):
    """One positive logit per query, the mean over its positives: see ``info_nce``.

    The released program's form and the one to start with: the fastest, and like pairs
    of a batch of images are computed together.

    Args:
        fused: Use a fused kernel on a GPU that can; off until it has been measured
            on one (docs/benchmarks.md).
    """

    def __init__(self, fused: bool = False) -> None:
        super().__init__()
        self.fused = fused

    def forward(self, pairs: Sequence[Pair], temperature: float) -> Tensor:
        """Losses (P,) of P pairs."""
        return info_nce_of_pairs(pairs, temperature, self.fused)


def group(sizes: dict[int, tuple[int, int]], padding_free: int) -> list[list[int]]:
    """Which pairs share a batch: those whose padding costs less than a batch.

    Args:
        sizes: (N, M) of each pair by its index.
        padding_free: Similarities of padding that a pair may cost.
    """
    groups: list[list[int]] = []
    # Largest first: the first of a group nearly sets its padded size.
    for i in sorted(sizes, key=sizes.__getitem__, reverse=True):
        for members in groups:
            shapes = [sizes[j] for j in [*members, i]]
            padded = max(n for n, _ in shapes) * max(m for _, m in shapes) * len(shapes)
            if padded - sum(n * m for n, m in shapes) <= padding_free * len(members):
                members.append(i)
                break
        else:
            groups.append([i])
    return groups


def pad(sets: Sequence[Tensor]) -> Tensor:
    """Sets (N_i, C) as one tensor (P, max N_i, C), zeros behind each.

    Two kernels however many sets there are; a single set is not copied.
    """
    if len(sets) == 1:
        return sets[0][None]
    longest, flat = max(len(x) for x in sets), torch.cat(list(sets))
    rows = torch.cat([i * longest + torch.arange(len(x)) for i, x in enumerate(sets)])
    padded = flat.new_zeros(len(sets) * longest, flat.size(1))
    padded = padded.index_copy(0, rows.to(flat.device), flat)
    return padded.unflatten(0, (len(sets), longest))


def _one_batch(pairs: Sequence[Pair], temperature: float, fused: bool) -> Tensor:
    """Losses (P,) of P pairs, none degenerate."""
    queries = pad([p.queries for p in pairs])
    negatives = pad([p.negatives for p in pairs])
    q, k, device = queries.float(), negatives.float(), queries.device
    positive = mean_positives(pairs, q) / temperature
    n = torch.tensor([[len(p.queries)] for p in pairs])  # (P, 1)
    m = torch.tensor([[len(p.negatives)] for p in pairs])
    row_weights = ((torch.arange(q.size(1)) < n) / n).to(device)  # (P, N)
    if fused and can_fuse(queries):
        counts = m[:, 0].to(device)
        log_sums = fused_log_sum_exp(queries, negatives, counts, temperature)
        return (F.softplus(log_sums - positive) * row_weights).sum(1)
    padding = None
    if len({len(p.negatives) for p in pairs}) > 1:
        padding = (torch.arange(k.size(1)) >= m)[:, None].to(device)  # (P, 1, M)
    return BlockedInfoNCE.apply(q, k, positive, row_weights, padding, temperature)


def mean_positives(pairs: Sequence[Pair], queries: Tensor) -> Tensor:
    """p_i of each pair (P, N) for its padded queries (P, N, C).

    Without a matrix of pairs: ``(q_i . sum(Q) - q_i . q_i) / (N - 1)``. Elementwise,
    since a matrix product over thousands of like rows loses three digits in backward.
    """
    own = [p.positives is None for p in pairs]
    sets = [p.queries if p.positives is None else p.positives for p in pairs]
    counts = [[len(x) - itself] for x, itself in zip(sets, own)]
    padded = queries if all(own) else pad(sets)
    total = padded.sum(1, keepdim=True, dtype=torch.float64).float()  # (P, 1, C)
    is_own = torch.tensor(own).to(queries.device)[:, None]
    similarity = (queries * total).sum(2) - is_own * queries.square().sum(2)
    return similarity / torch.tensor(counts).to(queries.device)


class BlockedInfoNCE(torch.autograd.Function):
    """Losses (P,) of a padded batch, block of queries by block.

    A block of rows holds all its negatives, so its softmax is known at once and
    the gradients are taken in forward, while the block is alive: three matrix
    products, where recomputing the block in backward takes four. The upstream
    gradient, a scalar a pair, scales them.

    Args:
        queries: (P, N, C), float32.
        negatives: (P, M, C), float32.
        positive: Positive logits p / t (P, N).
        row_weights: (P, N), 1 / N of the pair, zero for padding.
        padding: (P, 1, M), true where a negative is padding; None: nowhere.
        temperature: t.
    """

    @staticmethod
    def forward(
        ctx, queries, negatives, positive, row_weights, padding, temperature
    ) -> Tensor:
        need_grad = any(ctx.needs_input_grad)
        grad_q, grad_k = torch.empty_like(queries), torch.zeros_like(negatives)
        slopes, losses = torch.empty_like(positive), positive.new_zeros(len(positive))
        (pairs, n, _), m = queries.shape, negatives.size(1)
        budget = BLOCK_ELEMENTS.get(queries.device.type, BLOCK_ELEMENTS['cuda'])
        rows = min(n, max(1, budget // (pairs * m), min(MIN_ROWS, m // 32)))
        buffer = queries.new_empty(pairs * rows * m)
        for start in range(0, n, rows):
            block = slice(start, min(start + rows, n))
            q, p, weights = queries[:, block], positive[:, block], row_weights[:, block]
            logits = buffer[: p.numel() * m].view(*p.shape, m)
            torch.baddbmm(
                logits, q, negatives.mT, beta=0, alpha=1 / temperature, out=logits
            )
            if padding is not None:
                logits.masked_fill_(padding, float('-inf'))
            shift = torch.maximum(logits.amax(2), p)
            terms = logits.sub_(shift[..., None]).exp_()
            over_negatives = terms.sum(2)
            # log(e^p + sum of e^negative) - p, without cancellation.
            values = F.softplus(over_negatives.log() + (shift - p))
            losses += (values * weights).sum(1)
            if need_grad:
                share = weights / (over_negatives + torch.exp(p - shift))
                torch.mul(share, over_negatives, out=slopes[:, block]).neg_()
                share = share[..., None] / temperature
                grad_q[:, block] = torch.bmm(terms, negatives).mul_(share)
                grad_k.baddbmm_(terms.mT, q * share)
        if need_grad:
            ctx.save_for_backward(grad_q, grad_k, slopes)
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_losses):
        grad_q, grad_k, slopes = ctx.saved_tensors
        scale = grad_losses[:, None, None]
        return grad_q * scale, grad_k * scale, slopes * scale[..., 0], None, None, None


@functools.cache
def _kernel(compiled: bool) -> Callable:
    # Imported on use: older torch versions lack it and do not need it.
    from torch.nn.attention.flex_attention import AuxRequest, flex_attention

    attend = functools.partial(flex_attention, return_aux=AuxRequest(lse=True))
    # Uncompiled it builds the whole matrix: good for tests on a CPU alone.
    return torch.compile(attend) if compiled else attend


def can_fuse(queries: Tensor) -> bool:
    """Whether torch has the kernel for these queries (P, N, C) and their device."""
    if not queries.is_cuda or queries.size(-1) < 16:
        return False
    if torch.cuda.get_device_capability(queries.device) < (8, 0):
        return False
    try:
        module = importlib.import_module('torch.nn.attention.flex_attention')
    except ImportError:
        return False
    return hasattr(module, 'AuxRequest')


def fused_log_sum_exp(
    queries: Tensor, negatives: Tensor, counts: Tensor, temperature: float
) -> Tensor:
    """log of the sum over negatives k of exp(q . k / t) for each query.

    Attention computes it on its way; what attention returns is not used.

    Args:
        queries: (P, N, C).
        negatives: (P, M, C), padded at the end.
        counts: Negatives of each pair that are not padding (P,), at least 1.
        temperature: t.

    Returns:
        (P, N) in float32. Its gradient needs CUDA.
    """

    def without_padding(score, batch, head, row, column):
        return torch.where(column < counts[batch], score, -float('inf'))

    q, k = queries[:, None], negatives[:, None]
    attend, scale = _kernel(queries.is_cuda), 1 / temperature
    return attend(q, k, k, score_mod=without_padding, scale=scale)[1].lse[:, 0].float()
