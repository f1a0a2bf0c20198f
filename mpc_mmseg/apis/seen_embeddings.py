"""The embeddings of a model's forward pass, without a second one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.model import BaseModel
from torch import Tensor, nn

from mpc_mmseg.models.decode_heads.fuse import fuse


@contextmanager
def seen_embeddings(model: BaseModel) -> Iterator[list[Tensor]]:
    """Collects the fused embeddings of each image that a model predicts.

    Args:
        model: A segmentor with a ``neck`` or a ``backbone``; others give none.

    Yields:
        A list that gets (C, h, w) per image, without what padding added.
    """
    part = getattr(model, 'neck', None) or getattr(model, 'backbone', None)
    seen: list[Tensor] = []
    inner: list[tuple[float, float]] = []

    def note_padding(module: nn.Module, inputs: Any, output: dict[str, Any]) -> None:
        height, width = output['inputs'].shape[-2:]
        for sample in output['data_samples'] or ():
            inner.append((sample.img_shape[0] / height, sample.img_shape[1] / width))

    def note_maps(module: nn.Module, inputs: Any, output: Any) -> None:
        maps = [output] if isinstance(output, Tensor) else list(output)
        fused = fuse(maps).detach()
        for one, (rows, columns) in zip(fused, inner[-len(fused) :]):
            h, w = one.shape[-2:]
            seen.append(one[:, : max(1, round(h * rows)), : max(1, round(w * columns))])

    if part is None:
        yield seen
        return
    handles = (
        model.data_preprocessor.register_forward_hook(note_padding),
        part.register_forward_hook(note_maps),
    )
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
