"""Layouts in which the path of an image states its mask."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.io.find_images import SUFFIXES

from .layout import Inventory, Sample

IMAGE = '(?:' + '|'.join(SUFFIXES.replace('.', r'\.').split()) + ')'
"""Ends the pattern of a path: any image suffix."""

Decode = Callable[[Sequence[Path]], np.ndarray]


def _nothing(key: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Patterns:
    """Finds images and masks by regular expressions on their paths below the root.

    The groups of a pattern whose names start with ``key`` are an image's key; a forged
    image and its mask have the same one. Upper and lower case do not matter.

    Args:
        forged: Paths of forged images.
        mask: Paths of masks.
        authentic: Paths of authentic images.
        ignore: Paths of files that belong to the data set and are not used.
        tags: Key -> kinds of forgery.
        sources: Key -> source photographs.
        decode: Paths of the masks of an image -> its mask; None: the one mask can be
            used as it is.
        loose: Key -> what is left of it when the name is wrong. Images and masks that
            have no partner are paired by it where that is unique; tags and sources are
            then those of the mask's name.
        shared: Whether several images may have one mask by their loose key; tags and
            sources are then those of the image's name.
        names: Keys of forged images that are known to belong to the data set.
        maskless: Keys of images that are known to be distributed without a mask.
    """

    forged: str
    mask: str
    authentic: str | None = None
    ignore: str | None = None
    tags: Callable[[str], tuple[str, ...]] = _nothing
    sources: Callable[[str], tuple[str, ...]] = _nothing
    decode: Decode | None = None
    loose: Callable[[str], str] | None = None
    shared: bool = False
    names: tuple[str, ...] = ()
    maskless: tuple[str, ...] = ()

    def __call__(self, root: Path, files: Sequence[str]) -> Inventory:
        """What of ``files`` (below ``root``) is an image, and which masks it has."""
        found = Inventory()
        images: dict[str, str] = {}
        masks: dict[str, list[str]] = defaultdict(list)
        authentic: list[tuple[str, str]] = []
        for file in files:
            if (key := _key(self.mask, file)) is not None:
                masks[key].append(file)
            elif (key := _key(self.forged, file)) is not None:
                if images.setdefault(key, file) != file:
                    found.extra.append(file)
            elif self.authentic and (key := _key(self.authentic, file)) is not None:
                authentic.append((key, file))
            elif Path(file).suffix.lower() in SUFFIXES.split() and (
                self.ignore is None or _key(self.ignore, file) is None
            ):
                found.extra.append(file)
        partners = self._pair(images, masks)
        for key, image in images.items():
            if key not in partners:
                known = key in self.maskless
                if known:
                    found.extra.append(f'{image} (distributed without a mask)')
                else:
                    found.missing.append(f'mask of {image}')
                continue
            paths = masks[partners[key]]
            name = key if self.shared else partners[key]
            if self.decode is None and len(paths) > 1:
                found.extra += paths[1:]
            draw = self.decode and partial(
                draw_from_files, decode=self.decode, masks=paths
            )
            found.samples.append(
                Sample(
                    image,
                    None if draw else paths[0],
                    draw,
                    self.tags(name),
                    self.sources(name),
                )
            )
        without_image = masks.keys() - partners.values()
        for key in sorted(without_image):
            found.missing.append(f'image of the mask {masks[key][0]}')
        found.missing += [
            f'forged image {key}'
            for key in self.names
            if key not in images and key not in without_image
        ]
        found.samples += [
            Sample(file, sources=self.sources(key)) for key, file in authentic
        ]
        return found

    def _pair(self, images: Iterable[str], masks: Iterable[str]) -> dict[str, str]:
        """The mask's key of each image's key that has one."""
        wanted, there = set(images), set(masks)
        partners = {key: key for key in wanted & there}
        if self.loose is not None:
            by_loose: dict[str, list[str]] = defaultdict(list)
            for key in there - wanted:
                by_loose[self.loose(key)].append(key)
            left: dict[str, list[str]] = defaultdict(list)
            for key in wanted - there:
                left[self.loose(key)].append(key)
            for loose, keys in left.items():
                fitting = by_loose.get(loose, [])
                if len(fitting) == 1 and (self.shared or len(keys) == 1):
                    partners |= dict.fromkeys(keys, fitting[0])
        return partners


def _key(pattern: str, file: str) -> str | None:
    """The key of a path that a pattern matches from the start of a folder's name."""
    match = re.search(f'(?:^|/){pattern}$', file, re.IGNORECASE)
    if match is None:
        return None
    parts = match.groupdict().items()
    return '/'.join(each for name, each in parts if name.startswith('key') and each)


def draw_from_files(root: Path, decode: Decode, masks: Sequence[str]) -> np.ndarray:
    """The mask that files below a root (their paths there: ``masks``) decode to."""
    return decode([root / mask for mask in masks])
