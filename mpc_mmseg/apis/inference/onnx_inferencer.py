"""An exported model on images without torch, whose import takes longer than an image.

`OnnxSegmentor` is the same model for pipelines and options that need torch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT
from mpc_mmseg.probability import resize_probability

from .image_by_image import ImageByImage
from .onnx_engine import OnnxEngine, prepare


class NeedsTorch(ValueError):
    """Only `ForgeryInferencer` can prepare images for the model."""


class OnnxInferencer(ImageByImage):
    """Predicts as `ForgeryInferencer` does, from an ONNX file of tools/export_onnx.py.

    Args:
        model: The file.
        device: See `OnnxEngine`.
        threshold, batch_size, tile, overlap, pixel_limit: See `ImageByImage`.
        calibration: See `ForgeryInferencer`.

    Raises:
        FileNotFoundError, ImportError, RuntimeError, ValueError: See `OnnxEngine` and
            `ImageByImage`.
        NeedsTorch: If the model's images need other preparation than resizing.
    """

    def __init__(
        self,
        model: str | Path,
        device: str | None = None,
        threshold: float | None = None,
        batch_size: int = 1,
        tile: int | None = None,
        overlap: int | None = None,
        pixel_limit: int = PIXEL_LIMIT,
        calibration: str | Path | None = None,
    ) -> None:
        super().__init__(threshold, batch_size, tile, overlap, pixel_limit)
        self.engine = OnnxEngine(model, device)
        self._description = dict(self.engine.description)
        if self._description['resize'] == 'other':
            raise NeedsTorch(
                f'images are prepared for {model} by steps that only ForgeryInferencer '
                f'supports: {self._description["pipeline"]}'
            )
        if threshold is None:
            self.threshold = self._description['threshold']
        self._statistics: np.ndarray | None = None
        if self.tiling is not None:
            self.tiling = self.tiling.on_grid(self._description['size_divisor'])
            self.whole = self._whole
            self._description['resize'] = None
        own = self._description['calibration']
        if calibration or own:
            # It imports SciPy, which is slow.
            from mpc_mmseg.evaluation import image_calibration as module

            self.calibration = (
                module.read_calibration(calibration, self.engine.sha256)
                if calibration
                else module.ImageCalibration.from_meta({module.META_KEY: own})
            )
        self.network = self._run

    @contextmanager
    def _whole(self, image: dict[str, Any]) -> Iterator[None]:
        self._statistics = self.engine.measured(image['img'])
        try:
            yield
        finally:
            self._statistics = None

    def _run(self, images: Sequence[dict[str, Any]]) -> list[np.ndarray]:
        prepared = [prepare(image['img'], self._description) for image in images]
        one_size = len({one.shape for one, _ in prepared}) == 1
        step = self.batch_size if one_size else 1
        probs: list[np.ndarray] = []
        for first in range(0, len(images), step):
            batch, sizes = zip(*prepared[first : first + step])
            probs += list(
                self.engine.run(np.concatenate(batch), sizes, self._statistics)
            )
        maps = []
        for image, (one, inner), prob in zip(images, prepared, probs):
            frame = prob[0]
            if inner != one.shape[2:]:
                # The map also covers the padding.
                frame = resize_probability(frame, one.shape[2:])[: inner[0], : inner[1]]
            maps.append(resize_probability(frame, image['ori_shape'][:2]))
        return maps
