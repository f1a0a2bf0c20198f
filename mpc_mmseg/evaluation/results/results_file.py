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
from mpc_mmseg.json_files import json_line, json_lines, read_json
from mpc_mmseg.plain_text import plain_text

RESULTS_FORMAT, ROBUSTNESS_FORMAT = 'mpc_mmseg.results', 'mpc_mmseg.robustness'
VERSION = 1
_KEYS = {
    RESULTS_FORMAT: {'list_hash', 'conventions', 'datasets', 'images'},
    ROBUSTNESS_FORMAT: {'hashes', 'settings'},
}
#: Keys of an image's pixel counts.
COUNTS = ('tp', 'fp', 'fn', 'tn')
_IMAGE_KEYS = {'img_path', 'dataset', 'forged', 'image_score', *COUNTS}
_FORGED_KEYS = {'F1', 'IoU'}
_KINDS = {
    'img_path': str,
    'dataset': str,
    'forged': bool,
    'seg_map_path': str | None,
    'source': str | None,
    'scores': dict | None,
    'map_features': dict | None,
    'tags': list | None,
    **dict.fromkeys(COUNTS, int),
}
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
    write_atomic(path, json.dumps(result, indent=1, allow_nan=False))


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
    result = read_json(path)
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
    _check_origin(result.get('origin') or {}, str(path))
    return result


def write_images(path: str | Path, images: Sequence[Mapping[str, Any]]) -> None:
    """Writes images as JSON lines, or as CSV if the file's name ends in .csv."""
    if Path(path).suffix.lower() == '.csv':
        write_atomic(path, _as_csv(images))
    else:
        write_atomic(path, ''.join(json_line(image) for image in images))


def read_per_image(path: str | Path) -> list[dict]:
    """Reads the JSON lines that ForgeryMetric writes.

    Raises:
        ValueError: If a line is no such record, or there is none. The message
            names the file.
    """
    records = []
    for number, record in json_lines(path):
        check_record(record, f'{path}, line {number}')
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
    for key in (*COUNTS, 'image_score', 'F1', 'IoU', 'scores', 'map_features'):
        check_numbers(record.get(key), f'{where}: {key}')
    scored = dict.fromkeys(_FORGED_KEYS if record['forged'] else (), int | float)
    for key, kind in {**_KINDS, **scored}.items():
        if not isinstance(record.get(key), kind):
            raise ValueError(
                f'{where}: unexpected {key}: {plain_text(record.get(key))}'
            )
    tags = record.get('tags') or []
    if not all(isinstance(tag, str) for tag in tags):
        raise ValueError(f'{where}: tags is no list of texts: {plain_text(tags)}')
    _check_origin(record, where)


def _check_origin(origin: object, where: str) -> None:
    if not isinstance(origin, dict):
        raise ValueError(f'{where}: no origin of scores: {plain_text(origin)}')
    differences = origin.get('config_differences') or []
    if not isinstance(origin.get('versions') or {}, dict) or not (
        isinstance(differences, list | dict)
        and all(isinstance(d, str) for d in differences)
    ):
        raise ValueError(f'{where}: unexpected versions or config_differences')


def check_numbers(value: object, where: str) -> None:
    """Checks that a value, and all in it, are finite numbers or None.

    Raises:
        ValueError: If not; a page shows numbers as they are. Names ``where``.
    """
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            check_numbers(inner, where)
    elif value is not None and not (
        isinstance(value, int | float) and abs(value) < 1e300
    ):
        raise ValueError(f'{where} is no number: {plain_text(value)}')


def check_summaries(datasets: Mapping[str, Any], where: str) -> None:
    """Checks scores: data set -> score -> ``value``, ``low``, ``high``, ``n``.

    Raises:
        ValueError: If they are of another form. Names ``where``.
    """
    check_numbers(datasets, where)
    for name, scores in datasets.items():
        for score, found in scores.items():
            if (
                not isinstance(found, dict)
                or 'value' not in found
                or any(
                    isinstance(v, dict) or (isinstance(v, list) and key != 'bounds')
                    for key, v in found.items()
                )
            ):
                raise ValueError(
                    f'{where}: {plain_text(f"{name}, {score}")}: no summary of a score'
                )


def _cell(value: Any) -> Any:
    """A value of a table; a text that a spreadsheet would compute is quoted."""
    if not isinstance(value, str):
        return value
    text = plain_text(value, len(value))
    return f"'{text}" if text.startswith(tuple('=+-@')) else text


def _as_csv(images: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for image in images:
        row = {k: v for k, v in image.items() if k != 'scores'}
        row['tags'] = ';'.join(image['tags'])
        rows.append({**row, **image['scores']})
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO(newline='')
    writer = csv.DictWriter(file, names, lineterminator='\n')
    writer.writeheader()
    writer.writerows({key: _cell(row[key]) for key in row} for row in rows)
    return file.getvalue()
