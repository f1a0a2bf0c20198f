"""From a data set on disk to the entries of a list, and what is wrong on the way."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from mpc_mmseg.atomic_files import write_whole
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_header, read_mask
from mpc_mmseg.datasets.lists.list_file import ListEntry
from mpc_mmseg.datasets.transforms.loading import size_mismatch

from .layout import Layout, Sample, index_files

PARTS = ('forged', 'authentic', 'all')


@dataclass
class Conversion:
    """What a data set came to.

    Args:
        entries: What goes into the list, sorted by image; paths are below the root.
            The first tag is the layout's name.
        missing: What should be there and is not, by name.
        extra: Images that the layout has no place for.
        unusable: Files that cannot be read, and masks that do not fit their images or
            have no forged pixel; these images are not listed.
        repeated: Images that the data set lists more than once; they are listed once.
        counts: What was found of each part, listed or not.
        shortfalls: Counts that differ from those of the complete data set.
    """

    entries: list[ListEntry] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    shortfalls: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all that should be there is, and can be used."""
        return not (self.missing or self.unusable or self.shortfalls)

    def report(self, show: int = 10) -> str:
        """What was found and what is wrong, the first few of each by name."""
        tags = Counter(' + '.join(each.tags) for each in self.entries)
        lines = [f'{len(self.entries)} listed: {dict(tags)}']
        for what, names in (
            ('not as distributed', self.shortfalls),
            ('missing', self.missing),
            ('unusable, not listed', self.unusable),
            ('named more than once, listed once', self.repeated),
            ('not used', self.extra),
        ):
            if names:
                lines.append(f'{what} ({len(names)}):')
                lines += [f'  {name}' for name in names[:show]]
                if len(names) > show:
                    lines.append(f'  and {len(names) - show} more')
        return '\n'.join(lines)


def convert(
    layout: Layout,
    root: Path,
    masks_to: Path,
    part: str = 'forged',
    select: Sequence[str] | None = None,
    resize_masks: bool = False,
    workers: int = 1,
    on_start: Callable[[int], object] | None = None,
    on_sample: Callable[[], object] | None = None,
) -> Conversion:
    """Find a data set's images, decode its masks where they need it, check the sizes.

    A mask that can be used as distributed stays where it is. One that cannot is decoded
    and written to ``masks_to`` as a PNG of 0 and 255. The name of that file holds the
    full name of the image and a hash of the mask's pixels: another coding, option or
    source mask gives another file, and lists that name the earlier one stay valid.

    Args:
        layout: The data set's layout.
        root: Where it lies.
        masks_to: Where decoded masks go.
        part: 'forged', 'authentic' or 'all' images.
        select: Names of forged images, with or without folder and suffix, to which the
            list is limited; None: all.
        resize_masks: Resize masks of another size than their image's (nearest
            neighbour) instead of leaving the image out; never across a quarter turn,
            whose direction does not follow from the size.
        workers: Threads.
        on_start: Called with the number of images.
        on_sample: Called after each image.

    Returns:
        The entries and what is wrong.

    Raises:
        FileNotFoundError: If there is no ``root``, or nothing of the layout in it.
        ValueError: If ``part`` or ``workers`` is out of range.
    """
    if part not in PARTS:
        raise ValueError(f'part must be one of {PARTS}, not {part!r}')
    if workers < 1:
        raise ValueError(f'workers must be at least 1, not {workers}')
    root, masks_to = root.absolute(), masks_to.absolute()
    found = layout.find(root, index_files(root, leave_out=masks_to))
    if not found.samples:
        problems = ''.join(f'\n  {each}' for each in found.missing[:5])
        raise FileNotFoundError(
            f'no image of {layout.title} in {root}: {layout.hint}{problems}'
        )
    forged = sum(sample.forged for sample in found.samples)
    done = Conversion(missing=list(found.missing), extra=sorted(found.extra))
    done.counts = {'forged': forged, 'authentic': len(found.samples) - forged}
    done.shortfalls = _shortfalls(layout, done.counts, part)
    samples = [
        each
        for each in found.samples
        if part == 'all' or each.forged == (part == 'forged')
    ]
    if select is not None:
        samples, absent = _selected(samples, select)
        done.missing += [f'{name}, which is selected' for name in absent]
    samples, done.repeated, contradictions = _once(samples)
    done.unusable += contradictions
    if on_start is not None:
        on_start(len(samples))

    def work(sample: Sample) -> ListEntry | str:
        return _entry(sample, layout.name, root, masks_to, resize_masks)

    with ThreadPoolExecutor(workers) as pool:
        for result in pool.map(work, samples):
            if isinstance(result, ListEntry):
                done.entries.append(result)
            else:
                done.unusable.append(result)
            if on_sample is not None:
                on_sample()
    return done


def _once(samples: list[Sample]) -> tuple[list[Sample], list[str], list[str]]:
    """Samples sorted by image, each image once.

    Returns:
        The samples, the images that were repeated, and what is wrong with those whose
        repetitions have different masks, which are left out.
    """
    by_image: dict[str, list[Sample]] = {}
    for each in sorted(samples, key=lambda each: each.image):
        by_image.setdefault(each.image, []).append(each)
    kept, repeated, contradictions = [], [], []
    for image, group in by_image.items():
        if len({(each.mask, str(each.draw)) for each in group}) > 1:
            contradictions.append(f'{image} is listed with {len(group)} masks')
            continue
        kept.append(group[0])
        if len(group) > 1:
            repeated.append(f'{image} ({len(group)} times)')
    return kept, repeated, contradictions


def _shortfalls(layout: Layout, counts: dict[str, int], part: str) -> list[str]:
    """Counts of the parts asked for that differ from what is distributed."""
    expected = {'forged': layout.forged, 'authentic': layout.authentic}
    return [
        f'{counts[name]} {name} images with all they need, {number} are distributed'
        for name, number in expected.items()
        if part in (name, 'all') and number is not None and counts[name] != number
    ]


def _selected(
    samples: Sequence[Sample], names: Sequence[str]
) -> tuple[list[Sample], list[str]]:
    """The samples of some names, all authentic ones, and the names that are none's."""
    wanted = {PurePosixPath(name).stem: name for name in names}
    kept = [
        each
        for each in samples
        if not each.forged or PurePosixPath(each.image).stem in wanted
    ]
    there = {PurePosixPath(each.image).stem for each in kept}
    return kept, [name for stem, name in wanted.items() if stem not in there]


def _entry(
    sample: Sample, name: str, root: Path, masks_to: Path, resize_masks: bool
) -> ListEntry | str:
    """The entry of a sample, or what is wrong with it."""
    image = root / sample.image
    try:
        size = read_header(image)
        mask = root / sample.mask if sample.mask else None
        if sample.forged:
            if sample.draw is not None:
                mask = _write_mask(masks_to / sample.image, sample.draw(root))
            assert mask is not None
            mask_size = read_header(mask)
            if mask_size != size:
                complaint = size_mismatch(str(image), size, str(mask), mask_size)
                if not resize_masks or mask_size == size[::-1]:
                    return complaint
                resized = cv2.resize(
                    read_mask(mask), size[::-1], interpolation=cv2.INTER_NEAREST
                )
                mask = _write_mask(masks_to / sample.image, resized)
    except (ImageReadError, ValueError) as error:
        return str(error)
    path = None if mask is None else Path(os.path.relpath(mask, root)).as_posix()
    # a comma parts groups in a list
    groups = tuple(each.replace(',', '_').strip().lower() for each in sample.sources)
    return ListEntry(sample.image, path, groups, (name, *sample.tags))


def _write_mask(image: Path, mask: np.ndarray) -> Path:
    """Write a mask (H, W) uint8 of 0 and 1 as 0 and 255 under a name of its content.

    Raises:
        ValueError: If no pixel is forged.
    """
    if not mask.any():
        raise ValueError(f'{image}: the decoded mask has no forged pixel')
    digest = hashlib.sha256(repr(mask.shape).encode() + mask.tobytes()).hexdigest()
    target = image.with_name(f'{image.name}.{digest[:12]}.png')
    if not target.is_file():
        _, encoded = cv2.imencode('.png', mask * 255)
        write_whole(target, encoded.data)
    return target
