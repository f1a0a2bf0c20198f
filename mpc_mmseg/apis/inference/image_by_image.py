"""Images in, predictions out: what inference is with any network."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mpc_mmseg.datasets.io.image_io import ImageReadError, read_header

from .image_inputs import Input, as_loaded, expand, path_of, pixels_of
from .prediction import Prediction, judged
from .tiling import Tiling, Window, tiled_map

if TYPE_CHECKING:
    from mpc_mmseg.evaluation.image_calibration import ImageCalibration

#: Pixels of a batch of files that may be decoded while another one is predicted.
_READ_AHEAD = 2**25


class ImageByImage:
    """Reads images, has them predicted, and judges the maps.

    Subclasses set the attributes.

    Attributes:
        network: Images as `LoadForgeryImage` gives them -> (H, W) float32 for each.
        threshold: Probability that a forged pixel exceeds.
        calibration: What makes a verdict of a map; None for none.
        batch_size: Images, or tiles, that the network sees at once at most.
        tiling: How images are cut; None for whole images.
        pixel_limit: Files of more pixels are refused.
        load: A loading step in place of `pixels_of` for paths; None for none.
        image_errors: What an image can do wrong; another error is the program's and
            ends the run.
    """

    network: Callable[[Sequence[dict[str, Any]]], list[np.ndarray]]
    threshold: float
    calibration: 'ImageCalibration | None'
    batch_size: int
    tiling: Tiling | None
    pixel_limit: int
    load: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    image_errors: tuple[type[Exception], ...] = (OSError, ValueError, MemoryError)

    def __call__(
        self, inputs: Input | Iterable[Input], read_ahead: bool = False
    ) -> Iterator[Prediction]:
        """Predicts images batch by batch, while the caller asks for them.

        Args:
            inputs: An image's path or content, a folder (read with its sub-folders),
                a pattern of paths, an upright (H, W, 3) uint8 BGR array, a Pillow
                image, or an iterable of any of these.
            read_ahead: Whether to decode a batch while the one before is predicted,
                unless it is large.

        Yields:
            A prediction per image, in order. An image that cannot be read or
            predicted is one with an ``error``, and the others follow.

        Raises:
            FileNotFoundError: If a folder holds no image, or nothing fits a pattern.
        """
        images = expand(inputs)
        # Tiles fill the batches of a tiled image, which may be a large one.
        size = 1 if self.tiling else self.batch_size
        batches = iter(lambda: list(islice(images, size)), [])
        with ThreadPoolExecutor(1) as reader:
            ahead = deque[tuple[list[Input], Future | None]]()
            for batch in batches:
                early = read_ahead and _is_small(batch)
                job = reader.submit(self._loaded, batch) if early else None
                ahead.append((batch, job))
                if len(ahead) > read_ahead:
                    yield from self._predict_read(*ahead.popleft())
            while ahead:
                yield from self._predict_read(*ahead.popleft())

    def _predict_read(
        self, items: Sequence[Input], job: Future | None
    ) -> list[Prediction]:
        return self._predict(
            items, self._loaded(items) if job is None else job.result()
        )

    def predict(self, item: Input) -> Prediction:
        """Predicts one image."""
        return self._predict([item], self._loaded([item]))[0]

    def _predict(
        self, items: Sequence[Input], loaded: Sequence[dict[str, Any] | str]
    ) -> list[Prediction]:
        whole = [x for x in loaded if not isinstance(x, str)]
        try:
            maps = iter(self._maps(whole))
        except self.image_errors as error:
            if len(items) > 1:
                # One is at fault; the others shall not suffer for it.
                return [
                    self._predict([item], [image])[0]
                    for item, image in zip(items, loaded)
                ]
            return [Prediction(path_of(items[0]), str(error) or type(error).__name__)]
        return [
            Prediction(path_of(item), error=image)
            if isinstance(image, str)
            else judged(
                path_of(item),
                image['img'],
                next(maps),
                self.threshold,
                self.calibration,
            )
            for item, image in zip(items, loaded)
        ]

    def _loaded(self, items: Sequence[Input]) -> list[dict[str, Any] | str]:
        """What a loading step gives of each, or why it fails."""
        return [self._load_one(item) for item in items]

    def _load_one(self, item: Input) -> dict[str, Any] | str:
        try:
            if self.load is not None and isinstance(item, str | Path):
                return self.load({'img_path': str(item)})
            return as_loaded(pixels_of(item, self.pixel_limit), path_of(item))
        except self.image_errors as error:
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

        return tiled_map(pixels.shape[:2], tiling, predict, self.batch_size)


def _is_small(items: Sequence[Input]) -> bool:
    """Whether a batch of files takes little memory beside another one."""
    pixels = 0
    for item in items:
        if not isinstance(item, str | Path):
            return False
        # What cannot be opened takes none, and is reported when its turn comes.
        with suppress(ImageReadError):
            height, width = read_header(item)
            pixels += height * width
    return pixels <= _READ_AHEAD
