"""Synthetic images on disk: images/, masks/, authentic/, a list and records."""

import functools
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.atomic_files import write_whole
from mpc_mmseg.datasets.io.image_io import read_image
from mpc_mmseg.datasets.lists.list_file import ListEntry, ListHeader, write_list

from .folder_checks import RECORDS, SETTINGS, check_complete, check_settings
from .forgery_set import ForgerySet, check_enough, make_image
from .photographs import Photograph, find_photographs

PIECES = 'records'  # one record per finished image, while the set is incomplete
LIST = 'list.txt'  # the images, with sources and kinds, for ForgeryDataset
CACHED_PHOTOGRAPHS = 16
JPEG_QUALITY = 95

# kind -> what lists call it, where that is another word
TAGS = {'copy_move': 'copy-move', 'ai_patch': 'ai'}

Job = tuple[bool, int]  # whether authentic, and the number among its like


def make_forgeries(
    folders: Sequence[str | os.PathLike],
    out: str | os.PathLike,
    wanted: ForgerySet,
    workers: int = 1,
    on_image: Callable[[], object] | None = None,
    patch_folders: Sequence[str | os.PathLike] = (),
) -> int:
    """Make a set of forgeries and authentic images under a folder.

    It is written to `out` + '.partial' and renamed when complete. After an interruption
    the same call resumes; once complete, it does nothing. How many
    workers there are changes no pixel.

    Args:
        folders: where the photographs are.
        out: the folder to make.
        wanted: what to make.
        workers: number of threads.
        on_image: called after each image, also after those that were there already.
        patch_folders: where pictures made by a network are, for the kind 'ai_patch'.

    Returns:
        How many images were made by this call.

    Raises:
        FileNotFoundError: a folder of photographs is missing, or a file of a finished
            set.
        ValueError: photographs are unusable, or `out` holds something else or was made
            with other settings; names what is wrong.
    """
    if workers < 1:
        raise ValueError(f'workers must be at least 1, got {workers}')
    out = Path(out)
    photographs = find_photographs([Path(each) for each in folders], wanted.size)
    patches = find_photographs([Path(each) for each in patch_folders], wanted.size)
    check_enough(wanted, photographs, patches)
    # as read back from a file, so that it can be compared with one
    settings = json.loads(json.dumps(wanted.settings(photographs, patches)))
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        check_settings(out, settings)
        check_complete(out)
        shutil.rmtree(out / PIECES, ignore_errors=True)
        return 0

    partial = out.with_name(out.name + '.partial')
    if partial.exists():
        check_settings(partial, settings)
    _prepare(partial, wanted, settings)
    read = functools.lru_cache(CACHED_PHOTOGRAPHS)(_read)

    def work(job: Job) -> bool:
        if _piece(partial, job).exists():
            return False
        _make_and_write(partial, wanted, photographs, patches, job, read)
        return True

    jobs = [(False, index) for index in range(wanted.count)]
    jobs += [(True, index) for index in range(wanted.authentic)]
    new = 0
    for made_now in _in_turn(work, jobs, workers):
        new += made_now
        if on_image is not None:
            on_image()

    pieces = [_piece(partial, job).read_bytes() for job in jobs]
    entries = [list_entry(json.loads(piece)) for piece in pieces]
    write_list(partial / LIST, entries, header=_header(settings))
    write_whole(partial / RECORDS, b'\n'.join(pieces) + b'\n')
    if out.exists():
        out.rmdir()  # it is empty
    partial.rename(out)
    shutil.rmtree(out / PIECES)
    return new


def _header(settings: dict) -> ListHeader:
    """Sets of the same settings are the same; others have another name."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    return ListHeader(f'forgeries-{digest[:12]}', '1')


def list_entry(record: dict) -> ListEntry:
    """The line of a list for a synthetic image: its photographs and its kind."""
    # a suffix is no part of a photograph's name, and a comma parts groups in a list
    photographs = (Path(each).with_suffix('') for each in record['sources'].values())
    groups = [each.as_posix().replace(',', '_') for each in photographs]
    kind = record['kind']
    tags = () if kind == 'authentic' else (TAGS.get(kind, kind),)
    return ListEntry(record['image'], record.get('mask'), tuple(groups), tags)


def _in_turn(
    work: Callable[[Job], bool], jobs: Sequence[Job], workers: int
) -> Iterable[bool]:
    """The results of all jobs in their order."""
    if workers == 1:
        yield from map(work, jobs)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(work, jobs)


def _prepare(partial: Path, wanted: ForgerySet, settings: dict) -> None:
    """Make the folders of an unfinished set."""
    partial.mkdir(parents=True, exist_ok=True)
    write_whole(partial / SETTINGS, json.dumps(settings, indent=2).encode())
    names = [PIECES]
    names += ['images', 'masks'] if wanted.count else []
    names += ['authentic'] if wanted.authentic else []
    for name in names:
        (partial / name).mkdir(exist_ok=True)


def _make_and_write(
    partial: Path,
    wanted: ForgerySet,
    photographs: Sequence[Photograph],
    patches: Sequence[Photograph],
    job: Job,
    read: Callable[[Photograph], np.ndarray],
) -> None:
    """Make one image and write it, its mask, and last its record."""
    authentic, index = job
    made, record = make_image(wanted, photographs, authentic, index, read, patches)
    stem = f'{made.kind}_{index:06d}'
    folder = 'authentic' if authentic else 'images'
    files = {'image': f'{folder}/{stem}.{wanted.image_format}'}
    write_whole(partial / files['image'], _encode(made.image, wanted.image_format))
    if not authentic:
        files['mask'] = f'masks/{stem}.png'
        write_whole(partial / files['mask'], _encode(made.mask * 255, 'png'))
    # the record states that the rest exists
    write_whole(_piece(partial, job), json.dumps({**files, **record}).encode())


def _piece(partial: Path, job: Job) -> Path:
    """Where the record of an unfinished set's image is."""
    return partial / PIECES / f'{"authentic" if job[0] else "forged"}_{job[1]}.json'


def _read(photograph: Photograph) -> np.ndarray:
    return read_image(photograph.path)


def _encode(image: np.ndarray, image_format: str) -> bytes:
    """The bytes of an image file."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if image_format == 'jpg' else []
    _, encoded = cv2.imencode(f'.{image_format}', image, options)
    return encoded.tobytes()
