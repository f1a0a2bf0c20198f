"""All files measured, in parallel; what an interrupted check measured is kept."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import cv2

from mpc_mmseg.datasets.lists.list_file import ListEntry

from .measure import VERSION, Facts, measure

_CHUNK = 16


def measure_all(
    entries: Sequence[ListEntry],
    cache: str | os.PathLike,
    workers: int = 2,
    on_image: Callable[[], object] | None = None,
) -> list[Facts]:
    """Measure images and masks; files that did not change since are not read again.

    Args:
        entries: With paths that can be opened.
        cache: A file of JSON lines, one for each image, to which results are added as
            they come. Another check may resume with it.
        workers: Processes; 0: none but this one.
        on_image: Called after each image, those in the cache as well.

    Returns:
        The facts in the order of ``entries``.

    Raises:
        ValueError: If ``workers`` is negative.
    """
    if workers < 0:
        raise ValueError(f'workers must not be negative, got {workers}')
    keys = [_key(entry) for entry in entries]
    known = _read(Path(cache))
    missing = {k: e for k, e in zip(keys, entries) if k not in known}
    for _ in range(len(keys) - len(missing)):
        if on_image is not None:
            on_image()
    Path(cache).parent.mkdir(parents=True, exist_ok=True)
    # Appended and not rewritten, since it may hold a million lines. The last one of
    # a check that was killed may be cut; _read leaves it out.
    with open(cache, 'a', encoding='utf-8') as file:
        if file.tell() and not _ends_a_line(Path(cache)):
            file.write('\n')
        for key, facts in zip(missing, _measured(list(missing.values()), workers)):
            known[key] = facts
            file.write(json.dumps([key, asdict(facts)]) + '\n')
            if on_image is not None:
                on_image()
    return [known[key] for key in keys]


def _measured(entries: Sequence[ListEntry], workers: int) -> Iterator[Facts]:
    if not workers or len(entries) < 2 * _CHUNK:
        yield from map(measure, entries)
        return
    # A fork has the imports already, which take longer than a thousand images.
    pool = ProcessPoolExecutor(
        workers, multiprocessing.get_context('fork'), cv2.setNumThreads, (0,)
    )
    try:
        yield from pool.map(measure, entries, chunksize=_CHUNK)
    finally:
        pool.shutdown(cancel_futures=True)


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
    with open(cache, encoding='utf-8') as file:
        for line in file:
            try:
                key, facts = json.loads(line)
                facts['defects'] = [tuple(each) for each in facts['defects']]
                for name in ('size', 'hashes'):
                    facts[name] = facts[name] and tuple(facts[name])
                known[key] = Facts(**facts)
            except (ValueError, TypeError, KeyError):
                continue  # cut short, or of another version
    return known


def _ends_a_line(path: Path) -> bool:
    with open(path, 'rb') as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b'\n'
