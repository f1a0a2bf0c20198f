"""Layouts in which the mask of an image follows from its path."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.io.find_images import SUFFIXES

from .layout import Find, Inventory, Sample, check_option, layout
from .mask_decoding import bright_is_forged, dark_is_forged, green_is_forged

IMAGE = '(?:' + '|'.join(SUFFIXES.replace('.', r'\.').split()) + ')'
"""The end of a pattern: any image suffix."""

Decode = Callable[[Sequence[Path]], np.ndarray]
#: Codings of the masks in the layout `folders`.
DECODERS: dict[str, Decode | None] = {
    'plain': None,
    'inverted': dark_is_forged,
    'green': green_is_forged,
    'nonzero': partial(bright_is_forged, above=10),
}


def _nothing(key: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Patterns:
    """Finds images and masks by regular expressions on their paths below the root.

    The groups of a pattern whose names start with ``key`` form the key; a forged image
    and its mask have the same key. Case is ignored.

    Args:
        forged: Paths of forged images.
        mask: Paths of masks.
        authentic: Paths of authentic images.
        ignore: Paths of files that belong to the data set and are not used.
        tags: Key -> kinds of forgery.
        sources: Key -> source photographs.
        decode: Paths of the masks of an image -> its mask; None: the only mask is used
            directly.
        loose: Key -> the part of it that is reliable. Images and masks without partner
            are paired by it where it is unique; tags and sources then follow from the
            name of the mask.
        shared: Whether several images may share a mask by their loose key; tags and
            sources then follow from the name of the image.
        maskless: Keys of images that are distributed without a mask.
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
    maskless: tuple[str, ...] = ()

    def __call__(self, root: Path, files: Sequence[str]) -> Inventory:
        """The images among ``files`` (below ``root``) with their masks."""
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
                if key in self.maskless:
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
            mask = None if draw else paths[0]
            found.samples.append(
                Sample(image, mask, draw, self.tags(name), self.sources(name))
            )
        for key in sorted(masks.keys() - partners.values()):
            found.missing.append(f'image of the mask {masks[key][0]}')
        found.samples += [
            Sample(file, sources=self.sources(key)) for key, file in authentic
        ]
        return found

    def _pair(self, images: Iterable[str], masks: Iterable[str]) -> dict[str, str]:
        """Key of an image -> key of its mask, for the images that have one."""
        wanted, present = set(images), set(masks)
        partners = {key: key for key in wanted & present}
        if self.loose is not None:
            by_loose: dict[str, list[str]] = defaultdict(list)
            for key in present - wanted:
                by_loose[self.loose(key)].append(key)
            left: dict[str, list[str]] = defaultdict(list)
            for key in wanted - present:
                left[self.loose(key)].append(key)
            for loose, keys in left.items():
                fitting = by_loose.get(loose, [])
                if len(fitting) == 1 and (self.shared or len(keys) == 1):
                    partners |= dict.fromkeys(keys, fitting[0])
        return partners


def _key(pattern: str, file: str) -> str | None:
    """The key of a path that matches a pattern from the start of a folder's name."""
    match = re.search(f'(?:^|/){pattern}$', file, re.IGNORECASE)
    if match is None:
        return None
    groups = match.groupdict().items()
    return '/'.join(each for name, each in groups if name.startswith('key') and each)


def draw_from_files(root: Path, decode: Decode, masks: Sequence[str]) -> np.ndarray:
    """Decode a mask from files below a root (relative paths ``masks``)."""
    return decode([root / mask for mask in masks])


@layout('folders', hint='ROOT holds a folder of images and one of masks')
def folders(
    images: str = 'images',
    masks: str = 'masks',
    authentic: str = 'authentic',
    suffix: str = '',
    coding: str = 'plain',
    tag: str = '',
    sources: str = '',
) -> Find:
    """``{images}/x.jpg``, ``{masks}/x{suffix}.png``, ``{authentic}/y.jpg``.

    Args:
        images: The folder of forged images.
        masks: The folder of their masks.
        authentic: The folder of authentic images; it need not exist.
        suffix: Suffix of a mask's name after that of its image, such as ``_gt``.
        coding: 'plain' (white, 1 or a bright colour is forged), 'inverted' (black is),
            'green' (green is, red is not), 'nonzero' (anything but black is).
        tag: The kind of all forgeries.
        sources: A regular expression whose matches in a name are its sources; '': the
            name itself is its source.
    """
    check_option('coding', coding, DECODERS)

    def ids(key: str) -> tuple[str, ...]:
        found = re.finditer(sources, key) if sources else ()
        return tuple(sorted({each[0] for each in found})) or (key,)

    return Patterns(
        forged=rf'{re.escape(images)}/(?P<key>.+?){IMAGE}',
        mask=rf'{re.escape(masks)}/(?P<key>.+?){re.escape(suffix)}{IMAGE}',
        authentic=rf'{re.escape(authentic)}/(?P<key>.+?){IMAGE}',
        tags=lambda key: (tag,) if tag else (),
        sources=ids,
        decode=DECODERS[coding],
    )
