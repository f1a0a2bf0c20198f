"""Exact pixel InfoNCE with memory linear in the number of pixels.

``info_nce`` states the formula. ``packed_info_nce`` computes it for all images of a
batch, those of like sizes together, and ``BlockedInfoNCE`` does so block by block.

Shapes: B images; N queries, M negatives and R positives of an image, each of C
channels.
"""

import functools
import importlib
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import pad_sequence

# Similarities alive at a time. On a CPU 4 MiB, small beside a feature map; a GPU
# wants larger products.
BLOCK_ELEMENTS = {'cpu': 2**20, 'cuda': 2**26}
# Queries of a block even where the negatives are very many: each block reads and
# writes all their gradients, which fewer queries would not pay for.
MIN_ROWS = 512
# Similarities computed for padding that cost less than the launches of a separate
# batch: next to none on a CPU, some twenty on a GPU.
PADDING_FREE = {'cpu': 2**14, 'cuda': 2**22}


class PackedSets(NamedTuple):
    """A set of unit vectors for each image, padded to one length N >= 1."""

    rows: Tensor  # (B, N, C), zeros behind each set
    counts: Tensor  # (B,), the length of each set
    sizes: Sequence[int]  # the same on the host: what decides shapes

    @classmethod
    def pack(cls, sets: Sequence[Tensor]) -> 'PackedSets':
        """The sets (N_i, C), of which any may be empty."""
        rows, sizes = pad_sequence(list(sets), batch_first=True), list(map(len, sets))
        rows = F.pad(rows, (0, 0, 0, int(not any(sizes))))
        return cls(rows, torch.tensor(sizes, device=rows.device), sizes)

    def of_images(self, order: Tensor, groups: list[list[int]]) -> list['PackedSets']:
        """The sets of each group of images, whose concatenation is ``order``."""
        split = [x.index_select(0, order).split([*map(len, groups)]) for x in self[:2]]
        sizes = [[self.sizes[i] for i in members] for members in groups]
        return [
            PackedSets(rows[:, : max(1, *of_group)], counts, of_group)
            for rows, counts, of_group in zip(*split, sizes)
        ]

    def padding(self) -> Tensor | None:
        """Where a row belongs to no set (B, N); None: nowhere."""
        n = self.rows.size(1)
        if min(self.sizes) == n:
            return None
        return torch.arange(n, device=self.rows.device) >= self.counts[:, None]


class Pair(NamedTuple):
    """One contrast: queries, what they are pushed from, what they are pulled to."""

    queries: PackedSets
    negatives: PackedSets
    positives: PackedSets | None = None  # None: the other queries

    @property
    def pulling(self) -> PackedSets:
        """The sets that the queries are pulled to."""
        return self.queries if self.positives is None else self.positives

    def positive_counts(self) -> Tensor:
        """Positives of each query (B,): of its own set all but itself."""
        return self.pulling.counts - int(self.positives is None)

    def query_weights(self) -> Tensor:
        """(B, N): 1 / N of an image, zero for padding.

        Also zero in an image whose queries lack a negative or a positive.
        """
        usable = (self.negatives.counts > 0) & (self.positive_counts() > 0)
        weights = (usable / self.queries.counts.clamp(min=1))[:, None]
        weights = weights.expand(self.queries.rows.shape[:2])
        padding = self.queries.padding()
        return weights if padding is None else weights.masked_fill(padding, 0)


def info_nce(
    queries: Tensor,
    negatives: Tensor,
    temperature: float = 0.1,
    positives: Tensor | None = None,
) -> Tensor:
    r"""InfoNCE with the mean positive (MPC, IEEE TIFS 2025).

    One positive logit per query, its mean similarity to the other queries (the
    released code) or to the positives of another view (as the paper draws it):

    .. math::
        p_i = \frac{1}{N-1} \sum_{j \ne i} q_i \cdot q_j
            \;\text{or}\; \frac{1}{R} \sum_j q_i \cdot r_j, \qquad
        L = \frac{1}{N} \sum_i -\frac{p_i}{t}
            + \log\Big(e^{p_i / t} + \sum_k e^{q_i \cdot k / t}\Big)

    Computed in float32 whatever the input's type; no N x N or N x M tensor is
    ever alive.

    Args:
        queries: L2-normalised embeddings (N, C) of the queries' class.
        negatives: L2-normalised embeddings (M, C) of the other class.
        temperature: t, above 0.
        positives: L2-normalised embeddings (R, C) of the queries' class in another
            view; None: the other queries.

    Returns:
        Scalar loss; zero, attached to the graph, when there is no negative, no
        query, or none but the query itself to be its positive.

    Raises:
        ValueError: If the temperature is not positive or the shapes do not fit.
    """
    pair = single_pair(queries, negatives, temperature, positives)
    return packed_info_nce(pair, temperature)[0]


def single_pair(
    queries: Tensor, negatives: Tensor, temperature: float, positives: Tensor | None
) -> Pair:
    """The arguments of ``info_nce`` as a batch of one image, checked."""
    if not temperature > 0:
        raise ValueError(f'temperature must be positive, got {temperature}')
    sets = [x for x in (queries, negatives, positives) if x is not None]
    shapes = [tuple(x.shape) for x in sets]
    if any(len(shape) != 2 or shape[1] != shapes[0][1] for shape in shapes):
        raise ValueError(
            'queries (N, C), negatives (M, C) and positives (R, C) must share C, '
            f'got {shapes}'
        )
    return Pair(*(PackedSets.pack([x]) for x in sets))


def packed_info_nce(pair: Pair, temperature: float, fused: bool = False) -> Tensor:
    """``info_nce`` (B,) of each image of a batch, in float32.

    Launches nothing image by image and waits for nothing. With ``fused`` a GPU that can
    uses FlexAttention's kernel in place of the blocked sweep, in the inputs' precision.
    """
    k, weights, padding = pair.negatives, pair.query_weights(), pair.negatives.padding()
    queries, negatives = pair.queries.rows.float(), k.rows.float()
    with torch.autocast(queries.device.type, enabled=False):
        positive = mean_positives(pair) / temperature
        if fused and can_fuse(queries):
            rows, counts = pair.queries.rows, k.counts.clamp(min=1)
            log_sums = fused_log_sum_exp(
                rows, k.rows.to(rows.dtype), counts, temperature
            )
            return (F.softplus(log_sums - positive) * weights).sum(1)
        return BlockedInfoNCE.apply(
            queries, negatives, positive, weights, padding, temperature
        )


@MODELS.register_module()
class MeanPositiveContrast(nn.Module):
    """One positive logit per query, the mean over its positives: see ``info_nce``.

    The released code's form and the one to start with: the fastest.

    Args:
        fused: Use a fused kernel on a GPU that can (docs/benchmarks.md).
    """

    def __init__(self, fused: bool = False) -> None:
        super().__init__()
        self.fused = fused

    def forward(self, pairs: Sequence[Pair], temperature: float) -> Tensor:
        """Losses (P, B) of P pairs of sets for B images."""
        return torch.stack(
            [by_group(p, packed_info_nce, temperature, self.fused) for p in pairs]
        )


def by_group(pair: Pair, contrast: Callable[..., Tensor], *args: Any) -> Tensor:
    """``contrast(pair, *args)`` (B,), images of like sizes together."""
    device = pair.queries.rows.device
    sizes = dict(enumerate(zip(pair.queries.sizes, pair.negatives.sizes)))
    groups = group(sizes, PADDING_FREE.get(device.type, PADDING_FREE['cuda']))
    if len(groups) == 1:
        return contrast(pair, *args)
    # A blocking copy would wait for all that was launched before.
    order = torch.tensor([*chain(*groups)]).to(device, non_blocking=True)
    parts = zip(*(x.of_images(order, groups) for x in pair if x is not None))
    losses = torch.cat([contrast(Pair(*sets), *args) for sets in parts])
    return losses.index_select(0, order.argsort())


def group(sizes: dict[int, tuple[int, int]], padding_free: int) -> list[list[int]]:
    """Which images are computed together: where padding costs less than a launch.

    Of the sizes (N, M) of each image by its index; an image may cost ``padding_free``
    similarities of padding.
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


def mean_positives(pair: Pair) -> Tensor:
    """p_i of each query (B, N).

    Without a matrix of pairs: ``(q_i . sum(Q) - q_i . q_i) / (N - 1)``. Elementwise,
    since a matrix product over thousands of like rows loses three digits in backward.
    """
    queries, rows = pair.queries.rows.float(), pair.pulling.rows
    total = rows.sum(1, keepdim=True, dtype=torch.float64).float()  # (B, 1, C)
    similarity = (queries * total).sum(2)
    if pair.positives is None:
        similarity = similarity - queries.square().sum(2)
    return similarity / pair.positive_counts().clamp(min=1)[:, None]


class BlockedInfoNCE(torch.autograd.Function):
    """Losses (B,) of a padded batch, block of queries by block.

    A block of rows holds all its negatives, so its softmax is known at once and
    the gradients are taken in forward, while the block is alive: three matrix
    products, where recomputing the block in backward takes four. The upstream
    gradient, a scalar an image, scales them.

    Args:
        queries: (B, N, C), float32.
        negatives: (B, M, C), float32.
        positive: Positive logits p / t (B, N).
        row_weights: ``Pair.query_weights`` (B, N).
        padding: (B, M), true where a negative is padding; None: nowhere.
        temperature: t.
    """

    @staticmethod
    def forward(
        ctx, queries, negatives, positive, row_weights, padding, temperature
    ) -> Tensor:
        need_grad = any(ctx.needs_input_grad)
        grad_q, grad_k = torch.empty_like(queries), torch.zeros_like(negatives)
        slopes, losses = torch.empty_like(positive), positive.new_zeros(len(positive))
        (batch, n, _), m = queries.shape, negatives.size(1)
        budget = BLOCK_ELEMENTS.get(queries.device.type, BLOCK_ELEMENTS['cuda'])
        rows = min(n, max(1, budget // (batch * m), min(MIN_ROWS, m // 32)))
        buffer = queries.new_empty(batch * rows * m)
        for start in range(0, n, rows):
            block = slice(start, min(start + rows, n))
            q, p, weights = queries[:, block], positive[:, block], row_weights[:, block]
            logits = buffer[: p.numel() * m].view(*p.shape, m)
            torch.baddbmm(
                logits, q, negatives.mT, beta=0, alpha=1 / temperature, out=logits
            )
            if padding is not None:
                logits.masked_fill_(padding[:, None], float('-inf'))
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
    """Whether torch has the kernel for these queries (B, N, C) and their device."""
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
    """log of the sum over negatives k of exp(q . k / t) for each query (B, N), float32.

    Attention computes it on its way; what attention returns is not used. The gradient
    needs CUDA.

    Args:
        queries: (B, N, C).
        negatives: (B, M, C), padded at the end.
        counts: Negatives of each image that are not padding (B,), at least 1.
        temperature: t.
    """

    def without_padding(score, batch, head, row, column):
        return torch.where(column < counts[batch], score, -float('inf'))

    q, k = queries[:, None], negatives[:, None]
    attend, scale = _kernel(queries.is_cuda), 1 / temperature
    return attend(q, k, k, score_mod=without_padding, scale=scale)[1].lse[:, 0].float()
