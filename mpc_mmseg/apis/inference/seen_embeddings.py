"""The embeddings of a model's forward pass, without a second one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.model import BaseModel
from torch import Tensor, nn

from mpc_mmseg.models.decode_heads.fuse import fuse


@contextmanager
def seen_embeddings(model: BaseModel) -> Iterator[list[Tensor]]:
    """Keeps the fused embeddings of the first image that a model predicts.

    Args:
        model: A segmentor with a ``neck`` or a ``backbone``; others give none.

    Yields:
        A list that gets one (C, h, w), without what padding added. What the model
        sees later, such as turned views of the image, is not kept.
    """
    part = getattr(model, 'neck', None) or getattr(model, 'backbone', None)
    seen: list[Tensor] = []
    # Share of the network's rows and columns that are the image's.
    inner: list[tuple[float, float]] = []

    def note_padding(module: nn.Module, inputs: Any, output: dict[str, Any]) -> None:
        height, width = output['inputs'].shape[-2:]
        for sample in output['data_samples'] or ():
            inner.append((sample.img_shape[0] / height, sample.img_shape[1] / width))

    def note_maps(module: nn.Module, inputs: Any, output: Any) -> None:
        if seen or not inner:
            return
        maps = [output] if isinstance(output, Tensor) else list(output)
        fused = fuse([m[:1] for m in maps]).detach()[0]
        h, w = (max(1, round(n * own)) for n, own in zip(fused.shape[1:], inner[0]))
        seen.append(fused[:, :h, :w])

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
