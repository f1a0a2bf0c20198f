"""Evidence from an image's embeddings: separation of two clusters.

The embeddings are those of the forward pass that also gives the map.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from mpc_mmseg.models.decode_heads.cluster_head import (
    cosine_two_means,
    two_cluster_separation,
)
from mpc_mmseg.models.decode_heads.fuse import fuse

#: 'none' is `ClusterHead`'s own level (docs/experiments/contrast.md).
SEPARATION_LEVELS = ((0.45, 'strong'), (0.3, 'reasonable'), (0.2, 'weak'))


@contextmanager
def captured_embeddings(model: BaseModel) -> Iterator[list[Tensor]]:
    """Captures the fused embeddings of the first image that a model predicts.

    Args:
        model: A segmentor with a ``neck`` or a ``backbone``; others give none.

    Yields:
        A list that receives one (C, h, w), without the padding. Later inputs, such
        as augmented copies of the image, are ignored.
    """
    part = getattr(model, 'neck', None) or getattr(model, 'backbone', None)
    captured: list[Tensor] = []
    # Share of the network's rows and columns that is not padding.
    inner: list[tuple[float, float]] = []

    def note_padding(module: nn.Module, inputs: Any, output: dict[str, Any]) -> None:
        height, width = output['inputs'].shape[-2:]
        for sample in output['data_samples'] or ():
            inner.append((sample.img_shape[0] / height, sample.img_shape[1] / width))

    def note_maps(module: nn.Module, inputs: Any, output: Any) -> None:
        if captured or not inner:
            return
        maps = [output] if isinstance(output, Tensor) else list(output)
        fused = fuse([m[:1] for m in maps]).detach()[0]
        h, w = (max(1, round(n * own)) for n, own in zip(fused.shape[1:], inner[0]))
        captured.append(fused[:, :h, :w])

    if part is None:
        yield captured
        return
    handles = (
        model.data_preprocessor.register_forward_hook(note_padding),
        part.register_forward_hook(note_maps),
    )
    try:
        yield captured
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def cluster_separation(embeddings: Tensor) -> float:
    """How clearly an image's embeddings are of two sources: a reliability score.

    `two_cluster_separation` of cosine 2-means, by which `ClusterHead` decides whether
    it found a second source, in 0..2, for embeddings (C, h, w). It does not show which
    cluster is forged.
    """
    points = F.normalize(embeddings.float().flatten(1), dim=0).T[None]
    return float(two_cluster_separation(*cosine_two_means(points, 20)))


def separation_in_words(score: float) -> str:
    """'strong', 'reasonable', 'weak' or 'none', from `cluster_separation`."""
    return next((word for least, word in SEPARATION_LEVELS if score > least), 'none')
