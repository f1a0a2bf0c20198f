"""What the check measures of each image and its mask, in parallel and cached."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.io.image_io import (
    ImageReadError,
    damage_of,
    opened,
    read_header,
    read_image,
    read_mask_and_levels,
)
from mpc_mmseg.datasets.io.mask_coding import UnknownCoding
from mpc_mmseg.datasets.lists.list_file import ListEntry
from mpc_mmseg.datasets.transforms.loading import size_mismatch
from mpc_mmseg.hashing import sha256
from mpc_mmseg.json_files import json_line, json_lines
from mpc_mmseg.parent_process import end_with_parent
from mpc_mmseg.regular_file import read_regular

from .jpeg_quality import jpeg_quality
from .mask_fit import better_flip, edge_ranks, fits
from .perceptual_hash import perceptual_hash

#: Increased when measurements change, so that older caches are not used.
VERSION = 4
_CHUNK = 16


@dataclass(frozen=True)
class Facts:
    """Measurements of an image and its mask; can be stored as JSON.

    Attributes:
        defects: (kind, detail) of each defect of the two files.
        size: The image's upright height and width.
        file_bytes: The image file's length.
        image_format: As Pillow names it, with its mode.
        quality: libjpeg quality; None: not a JPEG.
        standard_tables: Whether the quality's tables are exactly libjpeg's.
        sha256: Hash of the image file.
        mask_sha256: Hash of the mask as 0 and 1; None: no mask.
        hashes: Perceptual hashes in hexadecimal.
        coding: '0/1' or '0/255'; None: no mask, or one without a forged pixel.
        area: The mask's share of forged pixels.
        best_fit: The flip under which the mask fits the image's edges best.
    """

    defects: list[tuple[str, str]] = field(default_factory=list)
    size: tuple[int, int] | None = None
    file_bytes: int = 0
    image_format: str = ''
    quality: int | None = None
    standard_tables: bool = True
    sha256: str | None = None
    mask_sha256: str | None = None
    hashes: tuple[str, str] | None = None
    coding: str | None = None
    area: float | None = None
    best_fit: str | None = None


def measure_all(
    entries: Sequence[ListEntry],
    cache: str | os.PathLike,
    workers: int = 2,
    on_image: Callable[[], object] = lambda: None,
) -> list[Facts]:
    """Measure images and masks; unchanged files are not read again.

    Args:
        entries: With paths that can be opened.
        cache: A file of JSON lines, one for each image, appended to as results arrive.
            An interrupted check resumes from it.
        workers: Worker processes; 0: measure in this process.
        on_image: Called after each image, cached ones included.

    Returns:
        The facts in the order of ``entries``.
    """
    if workers < 0:
        raise ValueError(f'workers must not be negative, got {workers}')
    keys = [_key(entry) for entry in entries]
    known = _read(Path(cache))
    missing = {k: e for k, e in zip(keys, entries) if k not in known}
    for _ in range(len(keys) - len(missing)):
        on_image()
    Path(cache).parent.mkdir(parents=True, exist_ok=True)
    # Appended and not rewritten, since there may be a million lines. The last line of
    # a killed check may be incomplete; _read skips it, and empty lines.
    with open(cache, 'a', encoding='utf-8') as file:
        if missing and file.tell():
            file.write('\n')
        for key, facts in zip(missing, _measured(list(missing.values()), workers)):
            known[key] = facts
            file.write(json_line({'files': key, **asdict(facts)}))
            on_image()
    return [known[key] for key in keys]


def _measured(entries: Sequence[ListEntry], workers: int) -> Iterator[Facts]:
    if not workers or len(entries) < 2 * _CHUNK:
        yield from map(measure, entries)
        return
    # Forked, because the imports take longer than a thousand images.
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context('fork'), _start, (os.getpid(),)
    )
    try:
        yield from pool.map(measure, entries, chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


def _start(parent: int) -> None:
    end_with_parent(parent)
    cv2.setNumThreads(0)


def _key(entry: ListEntry) -> str:
    """The files by path, length and time of their last change."""
    parts: list = [VERSION]
    for path in entry.files:
        try:
            about = os.stat(path)
            parts += [os.path.realpath(path), about.st_size, about.st_mtime_ns]
        except OSError:
            parts += [os.path.realpath(path), None, None]
    return json.dumps(parts)


def _read(cache: Path) -> dict[str, Facts]:
    known: dict[str, Facts] = {}
    if not cache.is_file():
        return known
    for _, facts in json_lines(cache, skip_damaged=True):
        try:
            key = facts.pop('files')
            facts['defects'] = [tuple(each) for each in facts['defects']]
            for name in ('size', 'hashes'):
                facts[name] = facts[name] and tuple(facts[name])
            known[key] = Facts(**facts)
        except (ValueError, TypeError, KeyError):
            continue  # of another version
    return known


def measure(entry: ListEntry) -> Facts:
    """Read an image and its mask, and measure them."""
    defects: list[tuple[str, str]] = []
    facts: dict = {'defects': defects}
    content = _content(entry.image, defects)
    grey = None
    if content:
        facts.update(file_bytes=len(content), sha256=sha256(content))
        try:
            grey = cv2.cvtColor(read_image(content, entry.image), cv2.COLOR_BGR2GRAY)
            facts.update(size=grey.shape, **_about_file(content))
            defects += _damage(entry.image, content)
            if (hashes := perceptual_hash(grey)) is not None:
                facts['hashes'] = tuple(f'{each:016x}' for each in hashes)
        except ImageReadError as error:
            defects.append((_kind_of(error, content), str(error)))
    if entry.mask is not None:
        content = _content(entry.mask, defects)
        if content:
            try:
                mask, levels = read_mask_and_levels(content, entry.mask)
                defects += _damage(entry.mask, content)
                facts.update(area=float(mask.mean()), mask_sha256=sha256(mask.data))
                if mask.any():
                    facts['coding'] = '0/1' if levels.max() == 1 else '0/255'
                defects += _levels_defects(mask, levels)
                if grey is not None and grey.shape != mask.shape:
                    sizes = entry.image, grey.shape, entry.mask, mask.shape
                    defects.append(('mask of another size', size_mismatch(*sizes)))
                elif grey is not None:
                    found, facts['best_fit'] = _fit_defects(grey, mask)
                    defects += found
            except ImageReadError as error:
                kind = _kind_of(error, content)
                if isinstance(error.__cause__, UnknownCoding):
                    kind = 'unknown mask coding'
                defects.append((kind, str(error)))
    return Facts(**facts)


def _content(path: str, defects: list[tuple[str, str]]) -> bytes:
    try:
        content = read_regular(path)
    except OSError as error:
        reason = f'{path}: {error.strerror}' if error.strerror else str(error)
        defects.append(('unreadable file', reason))
        return b''
    if not content:
        defects.append(('zero-size file', path))
    return content


def _damage(path: str, content: bytes) -> list[tuple[str, str]]:
    return [('damaged file', f'{path}: {text}') for text in damage_of(content)]


def _kind_of(error: ImageReadError, content: bytes) -> str:
    """A truncated file has a readable header, and pixels that cannot be decoded."""
    # Unsupported kinds of pixels are not damage.
    if isinstance(error.__cause__, ValueError):
        return 'unreadable file'
    try:
        read_header(content)
    except ImageReadError:
        return 'unreadable file'
    return 'truncated file'


def _about_file(content: bytes) -> dict:
    with opened(content) as image:
        about: dict = {'image_format': f'{image.format} {image.mode}'}
        if tables := getattr(image, 'quantization', None):
            about['quality'], about['standard_tables'] = jpeg_quality(tables)
        return about


def _levels_defects(mask: np.ndarray, levels: np.ndarray) -> list[tuple[str, str]]:
    highest = int(levels.max())
    top = 1 if highest <= 1 else 65535 if levels.dtype == np.uint16 else 255
    if not mask.any():
        if highest > 0:
            return [('faint mask', f'its largest value is {highest} of {top}')]
        return [('empty mask', 'no pixel is forged')]
    found = []
    if grey := np.mean((levels != 0) & (levels != top)):
        text = f'{grey:.2%} of its pixels are neither 0 nor {top}'
        found.append(('non-binary mask', text))
    area = float(mask.mean())
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean()
    if area == 1:
        found.append(('full mask', 'every pixel is forged'))
    elif area > 0.5 and border > 0.5:
        text = f'{area:.0%} of it is forged, and {border:.0%} of its border'
        found.append(('mask may be inverted', text))
    return found


def _fit_defects(
    grey: np.ndarray, mask: np.ndarray
) -> tuple[list[tuple[str, str]], str | None]:
    scores = fits(edge_ranks(grey), mask)
    better = better_flip(scores)
    best = max(scores, key=lambda name: scores[name]) if scores else None
    if better is None:
        return [], best
    text = (
        f'{better} aligns its outline with edges of the image (mean rank '
        f'{scores[better]:.2f}, without {scores["no transform"]:.2f}, chance 0.5)'
    )
    return [('mask may be flipped', text)], best
