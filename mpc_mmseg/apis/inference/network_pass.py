"""From loaded images to probability maps: preparation, test-time views, network."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.dataset import Compose, pseudo_collate
from mmengine.model import BaseModel
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample
from torch import Tensor

from mpc_mmseg.evaluation.probability_map import probability_map
from mpc_mmseg.models.input_filters.whole_photograph import (
    padding_known,
    photograph_filters,
    statistics_known,
)
from mpc_mmseg.models.input_needs import TTA_KINDS, needs_of
from mpc_mmseg.openmmlab_notices import import_openmmlab

SCALES = (0.75, 1.0, 1.25)
# A backbone with stride 32 needs at least one pixel in its coarsest map.
_LEAST = 32
# Rows of a photograph that are measured at once; whole blocks of any grid.
_STRIP = 512


@dataclass(frozen=True)
class View:
    """An image scaled, then turned left by quarters, then mirrored left to right."""

    scale: float = 1.0
    turns: int = 0
    mirrored: bool = False

    def apply(self, image: Tensor) -> Tensor:
        """Transforms an image (C, H, W)."""
        if self.scale != 1:
            size = [max(_LEAST, round(side * self.scale)) for side in image.shape[1:]]
            # float(): torch does not resize integers. SegDataPreProcessor converts
            # to floats in any case.
            image = F.interpolate(
                image[None].float(), size, mode='bilinear', antialias=True
            )[0]
        image = image.rot90(self.turns, (1, 2))
        return image.flip(2) if self.mirrored else image

    def map_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Size (H, W) of the view's map for an image of ``size``."""
        return (size[1], size[0]) if self.turns % 2 else (size[0], size[1])

    def undo(self, prob: np.ndarray) -> np.ndarray:
        """Transforms the view's map (`map_size`) back to the image's (H, W)."""
        if self.mirrored:
            prob = prob[:, ::-1]
        return np.rot90(prob, -self.turns)


def views_of(kinds: Sequence[str]) -> tuple[View, ...]:
    """Lists the views of the given kinds of augmentation, the image itself first.

    Args:
        kinds: Some of 'flip' (horizontal, vertical), 'rot90' (quarter turns; all
            eight orientations with 'flip') and 'scale' (by 0.75, 1 and 1.25).

    Raises:
        ValueError: If a kind is unknown.
    """
    unknown = [kind for kind in kinds if kind not in TTA_KINDS]
    if unknown:
        raise ValueError(f'tta must be of {TTA_KINDS}, got {unknown[0]!r}')
    orientations = [(turns, False) for turns in range(4 if 'rot90' in kinds else 1)]
    if 'flip' in kinds:
        # A vertical flip is half a turn and a mirror.
        orientations += [(t, True) for t in (range(4) if 'rot90' in kinds else (0, 2))]
    scales = sorted(SCALES, key=lambda s: abs(s - 1)) if 'scale' in kinds else [1.0]
    return tuple(View(s, *o) for s in scales for o in orientations)


def preparation(steps: Sequence[dict[str, Any]]) -> Callable[[dict[str, Any]], Any]:
    """Builds the steps of a test pipeline that follow on loading, see `as_loaded`."""
    # Here, as they take a while.
    import_openmmlab('mmseg.datasets')
    import mpc_mmseg.datasets.transforms  # noqa: F401 - registers them

    try:
        return Compose([TRANSFORMS.build(step) for step in steps])
    except (TypeError, KeyError, AttributeError, AssertionError) as error:
        raise ValueError(f'the test pipeline cannot be built: {error}') from error


class NetworkPass:
    """Runs a segmentor on images of any size; those of equal size share a batch.

    Args:
        model: In eval mode.
        transform: From `preparation`.
        batch_size, amp: See `ForgeryInferencer`.
        views: Test-time views, at least one. The mean of their probabilities is
            taken: each view then has the same bounded weight, for heads of one logit
            and of two.
    """

    def __init__(
        self,
        model: BaseModel,
        transform: Callable[[dict[str, Any]], Any],
        batch_size: int = 1,
        amp: bool = False,
        views: Sequence[View] = (View(),),
    ) -> None:
        self.model, self.transform = model, transform
        self.batch_size, self.amp, self.views = batch_size, amp, tuple(views)
        self.grid = needs_of(model).grid
        # View -> statistics of the photograph whose tiles are predicted.
        self._statistics: dict[View, list[Tensor]] = {}

    @contextmanager
    def whole(self, image: dict[str, Any]) -> Iterator[None]:
        """Measures an image for the model's input filters; its tiles follow."""
        if photograph_filters(self.model):
            packed = self.transform(dict(image))
            self._statistics = {
                view: self._measured(_apply(view, packed, self.grid))
                for view in self.views
            }
        try:
            yield
        finally:
            self._statistics = {}

    @torch.no_grad()
    def _measured(self, packed: dict[str, Any]) -> list[Tensor]:
        """Statistics (1, S) for each filter, from strips of rows."""
        parts: list[list[tuple[Tensor, Tensor]]] = []
        parted = [m for m in self.model.modules() if hasattr(m, 'measure_all')]
        for strip in packed['inputs'].split(_STRIP, 1):
            size = tuple(strip.shape[1:])
            sample = dict(inputs=strip, data_samples=packed['data_samples'])
            data = self.model.data_preprocessor(pseudo_collate([sample]), False)
            inputs = data['inputs']
            with padding_known(self.model, [size], tuple(inputs.shape[2:])):
                parts.append([p for part in parted for p in part.measure_all(inputs)])
        return [
            sum(mean * number for mean, number in each)
            / sum(number for _, number in each).clamp_min(1)
            for each in zip(*parts)
        ]

    def __call__(self, images: Sequence[dict[str, Any]]) -> list[np.ndarray]:
        """Predicts images as `as_loaded` gives them.

        Returns:
            (H, W) float32 in 0..1 for each.

        Raises:
            ValueError: If the model gives a NaN, or a map of another size.
        """
        packed = [self.transform(dict(image)) for image in images]
        maps: list[Any] = [0] * len(packed)
        for view in self.views:
            for index, prob in self._view(packed, view):
                maps[index] = maps[index] + prob
        return [total * np.float32(1 / len(self.views)) for total in maps]

    def _view(
        self, packed: Sequence[dict[str, Any]], view: View
    ) -> list[tuple[int, np.ndarray]]:
        """The maps of one view, in the orientation of the images."""
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        samples = [_apply(view, sample, self.grid) for sample in packed]
        for index, sample in enumerate(samples):
            groups[tuple(sample['inputs'].shape)].append(index)
        found = []
        for members in groups.values():
            for begin in range(0, len(members), self.batch_size):
                batch = members[begin : begin + self.batch_size]
                with statistics_known(self.model, self._statistics.get(view)):
                    results = self._forward([samples[i] for i in batch])
                for i, prob in zip(batch, results):
                    size = tuple(packed[i]['data_samples'].ori_shape[:2])
                    prob = _filled(view.undo(prob), size, self.grid)
                    if prob.shape != size:
                        raise ValueError(
                            f'the model gave a map of {prob.shape} for an image of '
                            f'{size}'
                        )
                    found.append((i, prob))
        return found

    @torch.no_grad()
    def _forward(self, samples: list[dict[str, Any]]) -> list[np.ndarray]:
        # A model run by onnxruntime has no parameters in torch.
        parameter = next(self.model.parameters(), None)
        device = 'cpu' if parameter is None else parameter.device.type
        dtype = torch.bfloat16 if device == 'cpu' else torch.float16
        with torch.autocast(device, dtype=dtype, enabled=self.amp):
            results = self.model.test_step(pseudo_collate(samples))
        return [probability_map(sample.to_dict()) for sample in results]


def _apply(view: View, packed: dict[str, Any], grid: int) -> dict[str, Any]:
    """A view of a packed image, without the rows and columns that end off the grid.

    A mirrored or turned image begins where the image ended.
    """
    if view == View():
        return packed
    inputs, sample = packed['inputs'], packed['data_samples']
    shape = tuple(sample.ori_shape[:2])
    if shape == tuple(inputs.shape[1:]) and min(shape) >= grid:
        shape = (shape[0] // grid * grid, shape[1] // grid * grid)
        inputs = inputs[:, : shape[0], : shape[1]]
    inputs = view.apply(inputs)
    meta = {
        **sample.metainfo,
        'ori_shape': view.map_size(shape),
        'img_shape': tuple(inputs.shape[1:]),
    }
    return {'inputs': inputs, 'data_samples': SegDataSample(metainfo=meta)}


def _filled(prob: np.ndarray, size: tuple[int, int], grid: int) -> np.ndarray:
    """A view's map with the rows and columns that `_apply` left out, repeated."""
    missing = [whole - have for whole, have in zip(size, prob.shape)]
    if not any(missing) or not all(0 <= n < grid for n in missing):
        return prob
    return np.pad(prob, [(0, n) for n in missing], mode='edge')
