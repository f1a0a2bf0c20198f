"""The map of a large image from overlapping tiles, blended without visible seams."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Tiling:
    """Size and overlap of the tiles of an image.

    Attributes:
        tile: Side of a tile in pixels.
        overlap: Minimum number of pixels shared by neighbours, over which they are
            blended.

    Raises:
        ValueError: If the tile is smaller than 32 pixels, or the overlap is not in
            0..tile / 2.
    """

    tile: int
    overlap: int

    def __post_init__(self) -> None:
        if self.tile < 32:
            raise ValueError(f'tile must be at least 32 pixels, got {self.tile}')
        if not 0 <= self.overlap <= self.tile // 2:
            raise ValueError(
                f'overlap must be in 0..{self.tile // 2}, half of the tile, got '
                f'{self.overlap}'
            )


def tile_starts(length: int, tiling: Tiling) -> list[int]:
    """Start positions of tiles along an axis: evenly spaced, covering its end."""
    if length <= tiling.tile:
        return [0]
    n = -(-(length - tiling.overlap) // (tiling.tile - tiling.overlap))
    return [i * (length - tiling.tile) // (n - 1) for i in range(n)]


def fade(length: int, starts: Sequence[int], tiling: Tiling) -> list[np.ndarray]:
    """Blending weights of each tile along an axis; at each pixel they sum to 1.

    The weight of a tile rises from its edge as a squared sine over the overlap.

    Args:
        length: Length of the axis.
        starts: From `tile_starts`.
        tiling: Size and overlap of the tiles.

    Returns:
        (tile,) float32 for each tile; all 1 for a single one.
    """
    size = min(tiling.tile, length)
    distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5
    ramp = np.sin(np.pi / 2 * np.minimum(distance / max(tiling.overlap, 1), 1)) ** 2
    total = np.zeros(length)
    for start in starts:
        total[start : start + size] += ramp
    return [(ramp / total[start : start + size]).astype(np.float32) for start in starts]


def tiled_map(
    size: tuple[int, int],
    tiling: Tiling,
    predict: Callable[[list[Window]], list[np.ndarray]],
    batch_size: int = 1,
) -> np.ndarray:
    """Predicts an image tile by tile and blends the maps.

    A tile's weights are the product of the weights along both axes, so only the map
    is kept: memory does not grow with the number of tiles.

    Args:
        size: (H, W) of the image.
        tiling: Size and overlap of the tiles; all tiles have the same size.
        predict: Maps windows of the image to their maps, float32 in 0..1.
        batch_size: Number of windows per call of ``predict``.

    Returns:
        (H, W) float32 in 0..1.
    """
    starts = [tile_starts(length, tiling) for length in size]
    weights = [fade(length, s, tiling) for length, s in zip(size, starts)]
    edges = [min(tiling.tile, length) for length in size]
    prob = np.zeros(size, np.float32)
    grid = product(zip(starts[0], weights[0]), zip(starts[1], weights[1]))
    for batch in iter(lambda: list(islice(grid, batch_size)), []):
        windows = [
            (slice(y, y + edges[0]), slice(x, x + edges[1])) for (y, _), (x, _) in batch
        ]
        for window, ((_, down), (_, across)), tile_prob in zip(
            windows, batch, predict(windows)
        ):
            prob[window] += tile_prob * down[:, None] * across
    # The weights sum to 1 up to rounding.
    return np.clip(prob, 0, 1, out=prob)
