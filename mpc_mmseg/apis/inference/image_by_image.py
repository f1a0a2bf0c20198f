"""The loop of inference, for any network: read, predict, evaluate the map."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from mpc_mmseg.datasets.io.file_kind import FileKind, file_kind
from mpc_mmseg.datasets.io.image_io import ImageReadError, damage_of, read_header

from .image_inputs import Input, as_loaded, expand, path_of, pixels_of
from .in_threads import in_threads
from .prediction import Prediction, prediction_of
from .tiling import Tiling, Window, tiled_map

if TYPE_CHECKING:
    from mpc_mmseg.evaluation.image_calibration import ImageCalibration

# Errors that an image can cause, besides lack of memory; any other one ends the run.
_OF_AN_IMAGE = (OSError, ValueError, MemoryError, cv2.error)


class ImageByImage:
    """Reads images, runs a network on them, and derives predictions from the maps.

    Subclasses set ``network`` and ``calibration``.

    Args:
        threshold: A pixel is predicted forged above this probability; None for the
            model's own, which a subclass sets.
        batch_size: Maximum number of images, or tiles, per batch.
        tile: Side in pixels of the tiles that an image is cut into at its own size,
            rounded up to the model's grid; None to predict the whole image, resized as
            the model's config requires.
        overlap: Least number of pixels shared by neighbouring tiles; None for a
            quarter of a tile, at most 128.
        pixel_limit: Files of more pixels are refused.

    Attributes:
        network: Takes images of `as_loaded`, and returns (H, W) float32 for each.
        whole: A context in which the network gets tiles of an image, with what must be
            measured on the whole of it.
    """

    network: Callable[[Sequence[dict[str, Any]]], list[np.ndarray]]
    calibration: 'ImageCalibration | None' = None
    tta: tuple[str, ...] = ()
    whole: Callable[[dict[str, Any]], AbstractContextManager] = nullcontext

    def __init__(
        self,
        threshold: float | None,
        batch_size: int,
        tile: int | None,
        overlap: int | None,
        pixel_limit: int,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f'threshold must be in 0..1, got {threshold}')
        if batch_size < 1:
            raise ValueError(f'batch_size must be positive, got {batch_size}')
        if tile is None and overlap is not None:
            raise ValueError(f'overlap={overlap} needs a tile size, got tile=None')
        if pixel_limit < 1:
            raise ValueError(f'pixel_limit must be positive, got {pixel_limit}')
        self.threshold = 0.5 if threshold is None else threshold
        self.batch_size, self.pixel_limit = batch_size, pixel_limit
        self.tiling = None
        if tile is not None:
            self.tiling = Tiling(
                tile, min(tile // 4, 128) if overlap is None else overlap
            )

    def __call__(self, inputs: Input | Iterable[Input]) -> Iterator[Prediction]:
        """Predicts images lazily, batch by batch.

        Files are decoded while the previous ones are predicted, unless they are large.

        Args:
            inputs: See `expand`.

        Yields:
            A prediction per image, in order. If an image cannot be read or
            predicted, its prediction has an ``error``.

        Raises:
            FileNotFoundError: See `expand`.
        """
        images = expand(inputs)
        # A tiled image, which may be large, fills its batches with its own tiles.
        size = 1 if self.tiling else self.batch_size
        batches = iter(lambda: list(islice(images, size)), [])
        for batch, loaded in in_threads(self._loaded, batches, _pixels_of_files, 1):
            yield from self._predict(batch, loaded)

    @property
    def map_settings(self) -> dict[str, Any]:
        """How maps are computed; a calibration holds for maps of the same settings."""
        tiling = self.tiling
        return {
            'tile': tiling and tiling.tile,
            'overlap': tiling and tiling.overlap,
            'tta': sorted(self.tta),
        }

    def predict(self, item: Input, kind: FileKind | None = None) -> Prediction:
        """Predicts one image.

        Args:
            item: The image.
            kind: Kind of its file, for an image that is given as pixels.
        """
        return self._predict([item], [self._load(item, kind)])[0]

    def _predict(
        self, items: Sequence[Input], loaded: Sequence[dict[str, Any] | str]
    ) -> list[Prediction]:
        try:
            return self._predictions(items, loaded)
        except Exception as error:  # lack of memory has no common base class
            if not (isinstance(error, _OF_AN_IMAGE) or lacks_memory(error)):
                raise
            if len(items) > 1:
                # One by one, so that only the image at fault gets an error.
                return [
                    self._predict([item], [image])[0]
                    for item, image in zip(items, loaded)
                ]
            reason = str(error) or type(error).__name__
            if lacks_memory(error) and isinstance(loaded[0], dict):
                height, width = loaded[0]['img'].shape[:2]
                side = 1024 if self.tiling is None else self.tiling.tile // 2
                reason = (
                    f'not enough memory to predict {width} x {height} pixels: use '
                    f'--tile {side} (tile={side}), or smaller tiles'
                )
            return [Prediction(path_of(items[0]), reason)]

    def _predictions(
        self, items: Sequence[Input], loaded: Sequence[dict[str, Any] | str]
    ) -> list[Prediction]:
        maps = iter(self._maps([x for x in loaded if not isinstance(x, str)]))
        return [
            Prediction(path_of(item), image)
            if isinstance(image, str)
            else prediction_of(
                path_of(item),
                image['img'],
                next(maps),
                self.threshold,
                self.calibration,
                image['file_kind'],
                self.map_settings,
                image['warnings'],
            )
            for item, image in zip(items, loaded)
        ]

    def _loaded(
        self, items: list[Input]
    ) -> tuple[list[Input], list[dict[str, Any] | str]]:
        return items, [self._load(item) for item in items]

    def _load(self, item: Input, kind: FileKind | None = None) -> dict[str, Any] | str:
        """A loaded image, or why it cannot be loaded."""
        try:
            image = as_loaded(pixels_of(item, self.pixel_limit), path_of(item))
            image['warnings'] = ()
            if isinstance(item, str | Path | bytes):
                image['warnings'] = damage_of(item)
            if self.calibration is not None and not isinstance(item, np.ndarray):
                kind = file_kind(item)
            return {**image, 'file_kind': kind}
        except _OF_AN_IMAGE as error:
            return str(error) or type(error).__name__

    def _maps(self, images: Sequence[dict[str, Any]]) -> list[np.ndarray]:
        if self.tiling is None:
            return self.network(images)
        return [self._tiled(image, self.tiling) for image in images]

    def _tiled(self, image: dict[str, Any], tiling: Tiling) -> np.ndarray:
        pixels = image['img']

        def predict(windows: list[Window]) -> list[np.ndarray]:
            tiles = (np.ascontiguousarray(pixels[window]) for window in windows)
            return self.network([as_loaded(t, image['img_path']) for t in tiles])

        with self.whole(image):
            return tiled_map(pixels.shape[:2], tiling, predict, self.batch_size)


def lacks_memory(error: Exception) -> bool:
    """Whether NumPy, OpenCV, torch, oneDNN or onnxruntime did not get their memory."""
    text = f'{type(error).__name__} {error}'.lower()
    signs = ('outofmemory', 'allocat', 'bad_alloc', 'could not create a')
    return isinstance(error, MemoryError) or any(sign in text for sign in signs)


def _pixels_of_files(items: Sequence[Input]) -> float:
    """Pixels of a batch of files; infinite for other images, which are in memory."""
    pixels = 0
    for item in items:
        if not isinstance(item, str | Path):
            return math.inf
        # A file that cannot be opened needs none; its error is reported on loading.
        with suppress(ImageReadError):
            height, width = read_header(item)
            pixels += height * width
    return pixels
