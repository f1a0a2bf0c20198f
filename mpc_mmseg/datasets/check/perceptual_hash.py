"""Perceptual hashes: near-equal numbers for images that look nearly the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np

#: Bits of the first hash that two versions of a photograph may differ in.
MAX_DISTANCE = 5
#: And of the second, which is less robust but independent of the first.
MAX_GRADIENT_DISTANCE = 12
_ROWS = 2**20


def perceptual_hash(grey: np.ndarray) -> tuple[int, int] | None:
    """Two 64-bit hashes of an image.

    The first compares low frequencies of the cosine transform with their median
    (Zauner, "Implementation and benchmarking of perceptual image hash functions",
    2010), the second is the sign of horizontal differences of a small copy.

    Returns:
        The hashes; None for a nearly flat image, whose signs are noise.
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    if small.std() < 4:
        return None
    low = cv2.dct(small)[:8, :8].ravel()
    tiny = cv2.resize(small, (9, 8), interpolation=cv2.INTER_AREA)
    return _pack(low > np.median(low[1:])), _pack(tiny[:, 1:] > tiny[:, :-1])


def near_pairs(hashes: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """All pairs of images that look nearly the same.

    Two hashes that differ in at most ``MAX_DISTANCE`` bits agree in one of
    ``MAX_DISTANCE + 1`` bands of their bits, so only images that share a band are
    compared.

    Args:
        hashes: (N, 2) uint64, both hashes of each image.

    Yields:
        Indices i < j and the distance of the first hashes, each pair once.
    """
    first, second = np.ascontiguousarray(hashes.T)
    edges = np.linspace(0, 64, MAX_DISTANCE + 2).astype(int)
    masks = [
        np.uint64((1 << int(high)) - (1 << int(low))) for low, high in pairwise(edges)
    ]
    for number, mask in enumerate(masks):
        band = first & mask
        order = np.argsort(band, kind='stable')
        ends = np.searchsorted(band[order], band[order], side='right')
        # Each image with all after it in its bucket, a bounded number at a time.
        counts = ends - np.arange(len(order)) - 1
        stops = np.cumsum(counts)
        begin = 0
        while begin < len(order):
            done = stops[begin - 1] if begin else 0
            end = max(begin + 1, int(np.searchsorted(stops, done + _ROWS, 'right')))
            rows = np.repeat(np.arange(begin, end), counts[begin:end])
            starts = np.repeat(stops[begin:end] - counts[begin:end], counts[begin:end])
            offsets = np.arange(done, stops[end - 1]) - starts
            one, other = order[rows], order[rows + 1 + offsets]
            differing = first[one] ^ first[other]
            distance = np.bitwise_count(differing)
            keep = distance <= MAX_DISTANCE
            gradient = np.bitwise_count(second[one[keep]] ^ second[other[keep]])
            keep[keep] = gradient <= MAX_GRADIENT_DISTANCE
            # A pair that shares an earlier band was found there.
            for earlier in masks[:number]:
                keep &= (differing & earlier) != 0
            for i, j, d in zip(one[keep], other[keep], distance[keep]):
                yield (*sorted((int(i), int(j))), int(d))
            begin = end


def _pack(bits: np.ndarray) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), 'big')
