"""Convert a data set on disk to the entries of a list, and report its problems."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_header, read_mask
from mpc_mmseg.datasets.lists.list_file import ListEntry
from mpc_mmseg.datasets.transforms.loading import size_mismatch

from .layout import Layout, Sample, index_files

PARTS = ('forged', 'authentic', 'all')


@dataclass
class Conversion:
    """The result of a conversion.

    Args:
        entries: The entries of the list, sorted by image; paths are relative to the
            root. The first tag is the name of the layout.
        missing: Expected files that do not exist.
        extra: Images that do not belong to the layout.
        unusable: Files that cannot be read, and masks that do not fit their images or
            have no forged pixel; these images are not listed.
        repeated: Images that the data set lists more than once; they are listed once.
        counts: Number of forged and of authentic images found, listed or not.
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
        """Whether no file is missing or unusable."""
        return not (self.missing or self.unusable or self.shortfalls)

    def report(self, show: int = 10) -> str:
        """A text with the tags of the entries and the first few of each problem."""
        tags = Counter(' + '.join(each.tags) for each in self.entries)
        lines = [f'{len(self.entries)} listed: {dict(tags)}']
        for problem, names in (
            ('not as distributed', self.shortfalls),
            ('missing', self.missing),
            ('unusable, not listed', self.unusable),
            ('named more than once, listed once', self.repeated),
            ('not used', self.extra),
        ):
            if names:
                lines.append(f'{problem} ({len(names)}):')
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
    """Find the images of a data set, decode masks where needed, check the sizes.

    A mask that can be used as distributed stays where it is. Any other is decoded and
    written as a PNG of 0 and 255. Its file name contains the full name of the image and
    a hash of the mask's pixels: another coding, option or source mask gives another
    file, and existing lists stay valid.

    Args:
        layout: The layout of the data set.
        root: The folder of the data set.
        masks_to: The folder for decoded masks.
        part: 'forged', 'authentic' or 'all' images.
        select: Names of the forged images to list, with or without folder and suffix;
            None: all.
        resize_masks: Resize masks (nearest neighbour) whose size differs from their
            image's instead of leaving the image out; but not where height and width are
            swapped, since the direction of that rotation is unknown.
        workers: Number of threads.
        on_start: Called with the number of images.
        on_sample: Called after each image.

    Raises:
        FileNotFoundError: If there is no ``root``, or nothing of the layout in it.
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
    done = Conversion(missing=list(found.missing), extra=sorted(found.extra))
    counts = Counter(map(_part, found.samples))
    done.counts = {name: counts[name] for name in ('forged', 'authentic')}
    expected = {'forged': layout.forged, 'authentic': layout.authentic}
    done.shortfalls = [
        f'{done.counts[name]} complete {name} images, {number} are distributed'
        for name, number in expected.items()
        if part in (name, 'all') and number not in (None, done.counts[name])
    ]
    samples = [s for s in found.samples if part in ('all', _part(s))]
    if select is not None:
        samples, absent = _selected(samples, select)
        done.missing += [f'{name} (selected)' for name in absent]
    samples = _deduplicate(samples, done)
    if on_start is not None:
        on_start(len(samples))

    work = partial(
        _entry, name=layout.name, root=root, masks_to=masks_to, resize=resize_masks
    )
    with ThreadPoolExecutor(workers) as pool:
        for result in pool.map(work, samples):
            if isinstance(result, ListEntry):
                done.entries.append(result)
            else:
                done.unusable.append(result)
            if on_sample is not None:
                on_sample()
    return done


def _part(sample: Sample) -> str:
    return 'forged' if sample.forged else 'authentic'


def _deduplicate(samples: list[Sample], done: Conversion) -> list[Sample]:
    """Samples sorted by image, each once; without images that have different masks."""
    by_image: dict[str, list[Sample]] = {}
    for each in sorted(samples, key=lambda each: each.image):
        by_image.setdefault(each.image, []).append(each)
    kept = []
    for image, group in by_image.items():
        if len({(each.mask, str(each.draw)) for each in group}) > 1:
            done.unusable.append(f'{image} is listed with {len(group)} masks')
            continue
        kept.append(group[0])
        if len(group) > 1:
            done.repeated.append(f'{image} ({len(group)} times)')
    return kept


def _selected(
    samples: Sequence[Sample], names: Sequence[str]
) -> tuple[list[Sample], list[str]]:
    """All authentic samples, the forged ones with some names, and unknown names."""
    wanted = {PurePosixPath(name).stem: name for name in names}
    kept = [
        each
        for each in samples
        if not each.forged or PurePosixPath(each.image).stem in wanted
    ]
    present = {PurePosixPath(each.image).stem for each in kept}
    return kept, [name for stem, name in wanted.items() if stem not in present]


def _entry(
    sample: Sample, name: str, root: Path, masks_to: Path, resize: bool
) -> ListEntry | str:
    """The entry of a sample, or a description of its problem."""
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
                if not resize or mask_size == size[::-1]:
                    return size_mismatch(str(image), size, str(mask), mask_size)
                resized = cv2.resize(
                    read_mask(mask), size[::-1], interpolation=cv2.INTER_NEAREST
                )
                mask = _write_mask(masks_to / sample.image, resized)
    except (ImageReadError, ValueError) as error:
        return str(error)
    path = None if mask is None else Path(os.path.relpath(mask, root)).as_posix()
    # a comma separates groups in a list
    groups = tuple(each.replace(',', '_').strip().lower() for each in sample.sources)
    return ListEntry(sample.image, path, groups, (name, *sample.tags))


def _write_mask(image: Path, mask: np.ndarray) -> Path:
    """Write a mask (H, W) uint8 of 0 and 1 as 0 and 255, named by its content.

    Raises:
        ValueError: If no pixel is forged.
    """
    if not mask.any():
        raise ValueError(f'{image}: the decoded mask has no forged pixel')
    digest = hashlib.sha256(repr(mask.shape).encode() + mask.tobytes()).hexdigest()
    target = image.with_name(f'{image.name}.{digest[:12]}.png')
    if not target.is_file():
        _, encoded = cv2.imencode('.png', mask * 255)
        write_atomic(target, encoded.data)
    return target
