"""A map of a large image from overlapping tiles, blended so that no seam shows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

import numpy as np

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Tiling:
    """How an image is cut.

    Attributes:
        tile: Side of a tile in pixels.
        overlap: Pixels that neighbours share at least; there one fades into the
            other.

    Raises:
        ValueError: If the tile is below 32 pixels, or the overlap not in
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
    """Where tiles begin along an axis: evenly, the last one ending with the axis."""
    if length <= tiling.tile:
        return [0]
    n = -(-(length - tiling.overlap) // (tiling.tile - tiling.overlap))
    return [i * (length - tiling.tile) // (n - 1) for i in range(n)]


def fade(length: int, starts: Sequence[int], tiling: Tiling) -> list[np.ndarray]:
    """Weights of each tile along an axis; at every pixel they add up to 1.

    A tile's weight rises from its edge as a squared sine over the overlap.

    Args:
        length: Of the axis.
        starts: As `tile_starts` gives them.
        tiling: How the image is cut.

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

    The weights are products of a weight along each axis, so the map itself is all
    that is kept: memory does not grow with the number of tiles.

    Args:
        size: (H, W) of the image.
        tiling: How it is cut. All tiles have one size.
        predict: Windows of the image -> their maps, float32 in 0..1.
        batch_size: Windows to predict at once.

    Returns:
        (H, W) float32 in 0..1.
    """
    starts = [tile_starts(length, tiling) for length in size]
    weights = [fade(length, s, tiling) for length, s in zip(size, starts)]
    edges = [min(tiling.tile, length) for length in size]
    prob = np.zeros(size, np.float32)
    grid = product(zip(starts[0], weights[0]), zip(starts[1], weights[1]))
    for batch in _batches(grid, batch_size):
        windows = [
            (slice(y, y + edges[0]), slice(x, x + edges[1])) for (y, _), (x, _) in batch
        ]
        for window, ((_, down), (_, across)), tile_prob in zip(
            windows, batch, predict(windows)
        ):
            prob[window] += tile_prob * down[:, None] * across
    # Weights add up to 1 but for rounding.
    return np.clip(prob, 0, 1, out=prob)


def _batches(items: Iterator, size: int) -> Iterator[list]:
    while batch := list(islice(items, size)):
        yield batch
