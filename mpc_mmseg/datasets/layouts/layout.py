"""What a layout is: how a data set lies on disk, and what should be there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.io.find_images import walk

#: The kinds of forgery that a sample may be tagged with.
TAGS = ('splice', 'copy-move', 'removal', 'enhancement', 'ai')


@dataclass(frozen=True)
class Sample:
    """One image of a data set; paths are below the data set's root, with slashes.

    Args:
        image: The image.
        mask: Its mask as distributed, if that can be used as it is.
        draw: Makes the mask, (H, W) uint8 of 0 and 1, from the root, where the
            distributed one needs decoding. Neither mask nor draw: authentic.
        tags: Of ``TAGS``.
        sources: Ids of the photographs that the image was made from; samples of any
            data sets that share one belong on the same side of a split. Lists have them
            in lower case, since copies of a data set differ in it.
    """

    image: str
    mask: str | None = None
    draw: Callable[[Path], np.ndarray] | None = None
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def forged(self) -> bool:
        return self.mask is not None or self.draw is not None


@dataclass
class Inventory:
    """What a layout found.

    Args:
        samples: The images, with what their masks follow from.
        missing: What is known by name and not there.
        extra: Images that the layout has no place for.
    """

    samples: list[Sample] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """A data set as it is distributed.

    Args:
        name: What it is called on the command line.
        title: What people call it.
        find: (root, files) -> what is there; ``files`` as :func:`index_files` gives.
        forged: How many forged images are distributed; None: not known.
        authentic: How many authentic ones.
        scored: How many forged images the MPC paper trains on or scores, where that
            is another number.
        hint: What to do where nothing is found.
    """

    name: str
    title: str
    find: Callable[[Path, Sequence[str]], Inventory]
    forged: int | None = None
    authentic: int | None = None
    scored: int | None = None
    hint: str = ''


def index_files(root: Path, leave_out: Path | None = None) -> list[str]:
    """All files below a folder, sorted, but hidden ones and what macOS adds.

    Args:
        root: The folder.
        leave_out: A folder below it that does not count.

    Returns:
        Paths below ``root``, with slashes.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f'no folder {root}')
    found = []

    def wanted(path: str) -> bool:
        hidden = os.path.basename(path).startswith(('.', '__MACOSX'))
        return not hidden and Path(path) != leave_out

    for parent, files in walk(root, wanted):
        inside = Path(parent).relative_to(root)
        found += [
            (inside / file).as_posix() for file in files if not file.startswith('.')
        ]
    return sorted(found)
