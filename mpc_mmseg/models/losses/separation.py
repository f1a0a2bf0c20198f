"""How well the embeddings of the two classes are apart, in two numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from .pixel_samplers import PixelSet


def mean_similarity(points: Tensor) -> Tensor:
    """Mean cosine similarity of two different points of one set.

    Without a matrix of pairs: :math:`(|\\sum_i q_i|^2 - N) / (N (N - 1))`.

    Args:
        points: Unit vectors (N, C), N at least 2.
    """
    n = len(points)
    return (points.sum(0).square().sum() - n) / (n * (n - 1))


@torch.no_grad()
def separation(sets: Sequence[PixelSet]) -> dict[str, Tensor]:
    """Mean cosine similarities within and between the classes, for the log.

    Embeddings that are all alike give 1 and 1; classes that nothing tells apart give
    two equal numbers.

    Args:
        sets: The pixels of each image by class.

    Returns:
        ``similarity_intra``, the mean over images and over their two classes, and
        ``similarity_inter``, the mean over images. An image with fewer than two
        pixels of a class says nothing of either; without any other there is no entry.
    """
    intra, inter = [], []
    for authentic, forged in sets:
        if len(authentic) < 2 or len(forged) < 2:
            continue
        q, k = authentic.float(), forged.float()
        intra.append((mean_similarity(q) + mean_similarity(k)) / 2)
        inter.append(q.mean(0) @ k.mean(0))
    if not inter:
        return {}
    return {
        'similarity_intra': torch.stack(intra).mean(),
        'similarity_inter': torch.stack(inter).mean(),
    }
