"""A layout: how a data set is arranged on disk, and how many images it has."""

import functools
import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mpc_mmseg.datasets.io.find_images import walk

#: The kinds of forgery that a sample may be tagged with.
TAGS = ('splice', 'copy-move', 'removal', 'enhancement', 'ai')


@dataclass(frozen=True)
class Sample:
    """One image of a data set; paths are relative to the root, with slashes.

    Args:
        image: The image.
        mask: Its mask as distributed, if that can be used directly.
        draw: Root -> mask (H, W) uint8 of 0 and 1, where the distributed one needs
            decoding. An image with neither mask nor draw is authentic.
        tags: Of ``TAGS``.
        sources: Ids of the photographs that the image was made from; samples with a
            common source, of any data sets, belong on the same side of a split. Lists
            have them in lower case, since copies of a data set differ in it.
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
    """The files that a layout found.

    Args:
        samples: The images with their masks.
        missing: Expected files that do not exist.
        extra: Images that do not belong to the layout.
    """

    samples: list[Sample] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


#: (root, files from :func:`index_files`) -> inventory.
Find = Callable[[Path, Sequence[str]], Inventory]


@dataclass(frozen=True)
class Layout:
    """A data set as it is distributed.

    Args:
        name: Its name on the command line.
        title: Its name in the literature.
        find: Finds its images and masks.
        forged: Number of distributed forged images; None: not known.
        authentic: Number of distributed authentic images.
        scored: Number of forged images that the MPC paper trains on or scores, where
            it differs.
        hint: What to do where nothing is found.
    """

    name: str
    title: str
    find: Find
    forged: int | None = None
    authentic: int | None = None
    scored: int | None = None
    hint: str = ''


#: Name -> factory of the layout; its arguments are the options of the layout.
LAYOUTS: dict[str, Callable[..., Layout]] = {}


def layout(
    title: str,
    forged: int | None = None,
    authentic: int | None = None,
    scored: int | None = None,
    hint: str = '',
) -> Callable[[Callable[..., Find]], Callable[..., Layout]]:
    """Adds a layout to ``LAYOUTS``: the arguments of `Layout` for a factory of `find`.

    The layout has the name of the function, whose arguments are its options.
    """

    def add(finder: Callable[..., Find]) -> Callable[..., Layout]:
        name = finder.__name__

        @functools.wraps(finder)
        def build(*args, **kwargs) -> Layout:
            find = finder(*args, **kwargs)
            return Layout(name, title, find, forged, authentic, scored, hint)

        LAYOUTS[name] = build
        return build

    return add


def check_option(name: str, value: object, choices: Collection) -> None:
    """Raise ValueError unless an option has one of its values."""
    if value not in choices:
        raise ValueError(f'{name} must be one of {list(choices)}, not {value!r}')


def index_files(root: Path, leave_out: Path | None = None) -> list[str]:
    """All files below a folder, sorted, without hidden files and macOS metadata.

    Args:
        root: The folder, which must exist.
        leave_out: A folder below it to skip.

    Returns:
        Paths relative to ``root``, with slashes.
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


def coco_ids(name: str) -> tuple[str, ...]:
    """Source ids for the twelve-digit MS COCO numbers in a name, if any."""
    numbers = re.findall(r'(?<!\d)\d{12}(?!\d)', name)
    return tuple(f'coco/{number}' for number in dict.fromkeys(numbers))


def raise_ids(name: str) -> tuple[str, ...]:
    """Source ids for the numbers of the RAISE data set in a name, if any."""
    numbers = re.findall(r'r[0-9a-f]{8}t', name.lower())
    return tuple(f'raise/{number}' for number in dict.fromkeys(numbers))
