"""An exported model on images, without torch: its import takes longer than an image."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT
from mpc_mmseg.probability import resize_probability

from .image_by_image import ImageByImage
from .onnx_engine import OnnxEngine, prepare
from .tiling import Tiling


class NeedsTorch(ValueError):
    """Only `ForgeryInferencer` can prepare images for a model."""


class OnnxInferencer(ImageByImage):
    """Predicts as `ForgeryInferencer` does, from an ONNX file of tools/export_onnx.py.

    Args:
        model: The file.
        device: As of `OnnxEngine`.
        threshold: As of `ForgeryInferencer`, like the rest.
        batch_size: Likewise.
        tile: Likewise.
        overlap: Likewise.
        pixel_limit: Likewise.

    Raises:
        FileNotFoundError, ImportError, RuntimeError: As of `OnnxEngine`.
        ValueError: Likewise, and if an argument is wrong.
        NeedsTorch: If images are prepared for the model by other steps than resizing.
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
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f'threshold must be in 0..1, got {threshold}')
        if pixel_limit < 1:
            raise ValueError(f'pixel_limit must be positive, got {pixel_limit}')
        if batch_size < 1:
            raise ValueError(f'batch_size must be positive, got {batch_size}')
        if tile is None and overlap is not None:
            raise ValueError(f'overlap={overlap} needs a tile size, got tile=None')
        self.tiling = None
        if tile is not None:
            self.tiling = Tiling(tile, tile // 4 if overlap is None else overlap)
        engine = OnnxEngine(model, device)
        said = engine.description
        if said['resize'] == 'other':
            raise NeedsTorch(
                f'images are prepared for {model} by steps that only ForgeryInferencer '
                f'can take: {said["pipeline"]}'
            )
        self.threshold = said['threshold'] if threshold is None else threshold
        self.batch_size, self.pixel_limit = batch_size, pixel_limit
        self.network = _Network(engine, batch_size, tiled=self.tiling is not None)
        self.calibration = None
        if said['calibration'] and self.tiling is None:
            # SciPy's import takes a while, too.
            from mpc_mmseg.evaluation.image_calibration import ImageCalibration

            self.calibration = ImageCalibration(**said['calibration'])


class _Network:
    def __init__(self, engine: OnnxEngine, batch_size: int, tiled: bool) -> None:
        self.engine, self.batch_size = engine, batch_size
        self.description = dict(engine.description)
        if tiled:
            self.description['resize'] = None

    def __call__(self, images: Sequence[dict[str, Any]]) -> list[np.ndarray]:
        maps: list[np.ndarray] = []
        for first in range(0, len(images), self.batch_size):
            batch = images[first : first + self.batch_size]
            seen = [prepare(image['img'], self.description) for image in batch]
            pixels = [prepared for prepared, _ in seen]
            if len({one.shape for one in pixels}) == 1:
                probs = list(self.engine.run(np.concatenate(pixels)))
            else:
                probs = [self.engine.run(one)[0] for one in pixels]
            for image, (prepared, inner), prob in zip(batch, seen, probs):
                frame = prob[0]
                if inner != prepared.shape[2:]:
                    # The map covers what was padded, too.
                    frame = resize_probability(frame, prepared.shape[2:])
                    frame = frame[: inner[0], : inner[1]]
                maps.append(resize_probability(frame, image['ori_shape'][:2]))
        return maps
