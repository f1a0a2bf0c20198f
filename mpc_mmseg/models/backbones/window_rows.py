"""Rows of windows of a map: taken out window by window, and put back."""

from collections.abc import Iterator

import torch
from torch import Tensor


class WindowRows:
    """Windows of S x S tokens on a map that is zero-padded to whole ones.

    Half of the padding lies before the map and half after. The map is never padded as
    a whole: there is room for one row of windows, which stays in the cache.

    Args:
        like: Maps (B, H, W, C), for the sizes, the type and the device.
        size: Side of a window, S.
        parts: What the channels are made of: p parts of h heads.
    """

    def __init__(self, like: Tensor, size: int, parts: tuple[int, int]) -> None:
        height, width, channels = like.shape[1:]
        self.size, self.parts = size, parts
        self.columns = -(-width // size)
        self.top = -height % size // 2
        left = -width % size // 2
        self.space = like.new_zeros(size, self.columns * size, channels)
        self.inner = slice(left, left + width)

    def bands(self, maps: Tensor) -> Iterator[tuple[Tensor, slice]]:
        """Each row of windows: its part of the map, a view, and its place in `space`.

        Args:
            maps: (B, H, W, C).
        """
        height = maps.shape[1]
        for single in maps:
            for start in range(-self.top, height, self.size):
                first, last = max(start, 0), min(start + self.size, height)
                yield single[first:last], slice(first - start, last - start)

    def _as_windows(self) -> Tensor:
        """`space` as (p, h, n, S, S, d), n windows in the row."""
        size = self.size
        tokens = self.space.view(size, self.columns, size, *self.parts, -1)
        return tokens.permute(3, 4, 1, 0, 2, 5)

    def take(
        self, band: Tensor, place: slice, into: Tensor, shift: Tensor | None = None
    ) -> None:
        """Take the windows of a band out.

        Args:
            band: (rows, W, C), of `bands`.
            place: Its place.
            into: (p, h, n, S * S, d') with d' at least d; further channels are left.
            shift: (C,), added to every token, padding included.
        """
        if len(band) < self.size:
            self.space.zero_()
        self.space[place, self.inner] = band
        windows = self._as_windows()
        into = into.unflatten(3, (self.size, self.size))[..., : windows.shape[-1]]
        if shift is None:
            into.copy_(windows)
        else:
            torch.add(windows, shift.view(*self.parts, 1, 1, 1, -1), out=into)

    def put(self, windows: Tensor, band: Tensor, place: slice) -> None:
        """Write windows into a band, without what lies on the padding.

        Args:
            windows: (p, h, n, S * S, d).
            band: (rows, W, C), of `bands`.
            place: Its place.
        """
        self._as_windows().copy_(windows.unflatten(3, (self.size, self.size)))
        band.copy_(self.space[place, self.inner])
