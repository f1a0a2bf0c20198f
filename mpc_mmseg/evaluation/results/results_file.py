"""Files of results, as docs/evaluation.md describes them: written, read, checked."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.datasets.io.s3_backend import read_bytes
from mpc_mmseg.hashing import sha256

RESULTS_FORMAT, ROBUSTNESS_FORMAT = 'mpc_mmseg.results', 'mpc_mmseg.robustness'
VERSION = 1
_KEYS = {
    RESULTS_FORMAT: {'list_hash', 'conventions', 'datasets', 'images'},
    ROBUSTNESS_FORMAT: {'hashes', 'settings'},
}
_COUNTS = ('tp', 'fp', 'fn', 'tn')
_IMAGE_KEYS = {'img_path', 'dataset', 'forged', 'image_score', *_COUNTS}
_FORGED_KEYS = {'F1', 'IoU'}
_WRITERS = {
    RESULTS_FORMAT: 'tools/test.py --results',
    ROBUSTNESS_FORMAT: 'tools/robustness.py',
}


def image_hash(path: str | None) -> str | None:
    """Hash of a file's bytes, local or remote; None if there is none."""
    try:
        return None if path is None else _hash(read_bytes(path))
    except FileNotFoundError:
        return None


def truth_hash(gt: np.ndarray) -> str:
    """Hash of the pixels of a ground truth, (H, W) integers, and its size."""
    pixels = np.ascontiguousarray(gt, np.uint8)
    return _hash(repr(pixels.shape).encode(), pixels.data)


def list_hash(images: Iterable[Mapping[str, Any]]) -> str:
    """Hash of the scored images and their ground truths, in any order.

    Args:
        images: Entries of a results file; without ``image_hash`` the path counts.
    """
    lines = sorted(
        f'{image["dataset"]}\t{image["image_hash"] or image["img_path"]}\t'
        f'{image["truth_hash"]}\n'
        for image in images
    )
    return _hash(''.join(lines).encode())


def _hash(*parts: bytes | memoryview) -> str:
    return sha256(*parts)[:32]


def write_results(
    path: str | Path,
    images: Sequence[Mapping[str, Any]],
    datasets: Mapping[str, Mapping[str, Any]],
    explanations: Mapping[str, str],
    n_resamples: int,
    seed: int,
    origin: Mapping[str, Any] | None = None,
) -> None:
    """Writes results.json.

    Args:
        path: The file.
        images: As `ImageRecord.as_dict` gives them, with hashes.
        datasets: Data set name -> summary as of `summarize_dataset`.
        explanations: Convention name -> text.
        n_resamples: Number of bootstrap samples.
        seed: Seed of the bootstrap.
        origin: As of `origin_of_scores`, if known.
    """
    result = {
        'format': RESULTS_FORMAT,
        'version': VERSION,
        'origin': origin,
        'list_hash': list_hash(images),
        'resamples': n_resamples,
        'seed': seed,
        'conventions': dict(explanations),
        'datasets': {
            name: {
                'list_hash': list_hash(i for i in images if i['dataset'] == name),
                **summary,
            }
            for name, summary in datasets.items()
        },
        'images': list(images),
    }
    write_atomic(
        path, json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False)
    )


def read_results(
    path: str | Path, formats: Sequence[str] = (RESULTS_FORMAT,)
) -> dict[str, Any]:
    """Reads results.json, or robustness.json.

    Args:
        path: The file.
        formats: Which of the two are wanted.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is another file, of a later version, or lacks a key. Names
            the file.
    """
    try:
        result = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is not valid JSON: {error}') from error
    found = result.get('format') if isinstance(result, dict) else None
    if found is None or found not in formats:
        writers = ' or '.join(_WRITERS[name] for name in formats)
        raise ValueError(f'{path} is no file of results: write one by {writers}')
    if result.get('version') != VERSION:
        raise ValueError(
            f'{path} is of version {result.get("version")}; this program reads '
            f'{VERSION}'
        )
    if missing := _KEYS[found] - set(result):
        raise ValueError(f'{path} lacks {sorted(missing)}')
    return result


def write_images(path: str | Path, images: Sequence[Mapping[str, Any]]) -> None:
    """Writes images as JSON lines, or as CSV if the file's name ends in .csv."""
    if Path(path).suffix.lower() == '.csv':
        write_atomic(path, _as_csv(images))
    else:
        lines = (json.dumps(i, ensure_ascii=False, allow_nan=False) for i in images)
        write_atomic(path, ''.join(f'{line}\n' for line in lines))


def read_per_image(path: str | Path) -> list[dict]:
    """Reads the JSON lines that ForgeryMetric writes.

    Raises:
        ValueError: If a line is no such record, or there is none. The message
            names the file.
    """
    records = []
    lines = Path(path).read_text(encoding='utf-8').splitlines()
    for number, line in enumerate(lines, start=1):
        where = f'{path}, line {number}'
        try:
            record = json.loads(line)
        except ValueError as error:
            raise ValueError(f'{where}: {error!r}') from error
        check_record(record, where)
        records.append(record)
    if not records:
        raise ValueError(f'{path} is empty: no image was evaluated')
    return records


def check_record(record: object, where: str) -> None:
    """Checks that an image's line has what reports need; ``where`` is its name.

    Raises:
        ValueError: If it is no such record.
    """
    if not isinstance(record, dict) or 'forged' not in record:
        raise ValueError(f'{where}: no line of per-image results')
    needed = _IMAGE_KEYS | (_FORGED_KEYS if record['forged'] else set())
    if missing := needed - record.keys():
        raise ValueError(f'{where}: lacks {sorted(missing)}')


def _as_csv(images: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for image in images:
        row = {k: v for k, v in image.items() if k not in ('map_features', 'scores')}
        row['tags'] = ';'.join(image['tags'])
        rows.append({**row, **image['map_features'], **image['scores']})
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO(newline='')
    writer = csv.DictWriter(file, names, lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()
