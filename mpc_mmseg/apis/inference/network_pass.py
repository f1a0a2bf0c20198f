"""Loaded images through pipeline and network, to maps of their own size."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmseg.structures import SegDataSample

from mpc_mmseg.evaluation.probability_map import probability_map

from .test_time_views import View


class NetworkPass:
    """Runs a segmentor on images of any sizes, those of one network size together.

    Args:
        model: In eval mode.
        transform: A test pipeline without loading.
        batch_size: Images to run at once at most.
        amp: Whether to run in bfloat16 (CPU) or float16 where that is safe.
        views: Ways to see each image. The maps' mean is taken, of probabilities:
            each view has one bounded vote, and a head of one logit and one of two
            are treated alike.

    Raises:
        ValueError: If the batch size is not positive or there is no view.
    """

    def __init__(
        self,
        model: BaseModel,
        transform: Callable[[dict[str, Any]], Any],
        batch_size: int = 1,
        amp: bool = False,
        views: Sequence[View] = (View(),),
    ) -> None:
        if batch_size < 1:
            raise ValueError(f'batch_size must be positive, got {batch_size}')
        if not views:
            raise ValueError('views must hold at least one view, got none')
        self.model, self.transform = model, transform
        self.batch_size, self.amp, self.views = batch_size, amp, tuple(views)

    def __call__(self, images: Sequence[dict[str, Any]]) -> list[np.ndarray]:
        """Predicts images as `LoadForgeryImage` gives them.

        Args:
            images: Each with ``img`` (H, W, 3), ``ori_shape``, ``img_path``.

        Returns:
            (H, W) float32 in 0..1 for each.

        Raises:
            ValueError: If the model gives a NaN, or a map of another size.
        """
        packed = [self.transform(dict(image)) for image in images]
        maps: list[np.ndarray | None] = [None] * len(packed)
        for view in self.views:
            for index, prob in self._view(packed, view):
                total = maps[index]
                maps[index] = prob if total is None else np.add(total, prob, out=total)
        share = np.float32(1 / len(self.views))
        return [m if share == 1 else m * share for m in maps if m is not None]

    def _view(
        self, packed: Sequence[dict[str, Any]], view: View
    ) -> list[tuple[int, np.ndarray]]:
        """The maps of one view, each in its image's own frame."""
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        samples = [_seen(sample, view) for sample in packed]
        for index, sample in enumerate(samples):
            groups[tuple(sample['inputs'].shape)].append(index)
        found = []
        for members in groups.values():
            for begin in range(0, len(members), self.batch_size):
                batch = members[begin : begin + self.batch_size]
                results = self._forward([samples[i] for i in batch])
                for i, prob in zip(batch, results):
                    size = tuple(packed[i]['data_samples'].ori_shape[:2])
                    prob = view.undo(prob)
                    if prob.shape != size:
                        raise ValueError(
                            f'the model gave a map of {prob.shape} for an image of '
                            f'{size}'
                        )
                    found.append((i, prob))
        return found

    @torch.no_grad()
    def _forward(self, samples: list[dict[str, Any]]) -> list[np.ndarray]:
        # A network in an ONNX file has no parameters here.
        parameter = next(self.model.parameters(), None)
        device = 'cpu' if parameter is None else parameter.device.type
        dtype = torch.bfloat16 if device == 'cpu' else torch.float16
        with torch.autocast(device, dtype=dtype, enabled=self.amp):
            results = self.model.test_step(pseudo_collate(samples))
        return [probability_map(sample.to_dict()) for sample in results]


def _seen(packed: dict[str, Any], view: View) -> dict[str, Any]:
    """A packed image as a view shows it."""
    if view == View():
        return packed
    inputs, sample = view.apply(packed['inputs']), packed['data_samples']
    meta = {
        **sample.metainfo,
        'ori_shape': view.map_size(sample.ori_shape[:2]),
        'img_shape': tuple(inputs.shape[1:]),
    }
    return {'inputs': inputs, 'data_samples': SegDataSample(metainfo=meta)}
