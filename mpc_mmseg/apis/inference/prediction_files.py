"""A folder of results: pictures per image, results.jsonl and settings.json."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.json_files import json_line, json_lines, read_json
from mpc_mmseg.visualization.pictures import add_key, add_legend, heat_map, outline

from .prediction import Prediction

FILE = 'results.jsonl'
SETTINGS_FILE = 'settings.json'
#: mask: 0 and 255; prob: 16-bit grey; overlay: the photograph with the mask outlined;
#: heatmap: the probability in colours, with a legend.
PICTURES = ('mask', 'prob', 'overlay', 'heatmap')
KINDS = ('mask', 'prob', 'overlay')
# One filter for all rows: choosing one per row doubles the encoding time and gives
# larger files for these pictures. OpenCV before 4.12 has no such option and uses Sub.
_FILTER = getattr(cv2, 'IMWRITE_PNG_FILTER', None)
_SUB = [] if _FILTER is None else [_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]
_UP = [] if _FILTER is None else [_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
_SMOOTH = [cv2.IMWRITE_PNG_COMPRESSION, 1, *_SUB]
# Photographic noise has no repetitions: searching for them wastes time.
_NOISY = [
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY),
    *_UP,
]


def output_names(paths: Sequence[str | Path], root: str | Path) -> list[str]:
    """Gives each image a unique output name.

    The name is the image's own without its suffix, in the sub-folder of the image.
    If two images share it (``a.jpg`` and ``a.png``), the suffix is kept
    (``a_jpg``); if that name also exists, a number is added.

    Args:
        paths: The images.
        root: The folder in which they were found.

    Returns:
        A relative path with ``/`` per image, to which an ending is added.
    """
    relative = [
        path.relative_to(root) if path.is_relative_to(root) else PurePath(path.name)
        for path in map(PurePath, paths)
    ]
    # Compared in lower case: some file systems do not distinguish A.png from a.png.
    plain = Counter(path.with_suffix('').as_posix().lower() for path in relative)
    taken: set[str] = {name for name, n in plain.items() if n == 1}
    names = []
    for path in relative:
        name = path.with_suffix('').as_posix()
        if plain[name.lower()] > 1:
            stem = name = f'{name}_{path.suffix[1:]}'
            numbers = count(2)
            while name.lower() in taken:
                name = f'{stem}_{next(numbers)}'
            taken.add(name.lower())
        names.append(name)
    return names


def write_prediction(
    prediction: Prediction,
    out: Path,
    name: str,
    threshold: float,
    kinds: Sequence[str] = KINDS,
) -> list[str]:
    """Writes the pictures of one prediction, each file atomically.

    Args:
        prediction: One without an error.
        out, name: Folder of all outputs, and the name from `output_names`.
        threshold: Threshold of the mask, shown in the overlay's key.
        kinds: Some of `PICTURES`.

    Returns:
        The files, relative to ``out``: ``NAME_KIND.png`` each.
    """
    files = [f'{name}_{kind}.png' for kind in kinds]
    # One at a time: the pictures of a large image may not fit into memory together.
    for kind, file in zip(kinds, files):
        picture = _picture(prediction, kind, threshold)
        write_png(picture, out / file, noisy=kind == 'overlay')
    return files


def write_png(picture: np.ndarray, path: Path, noisy: bool = False) -> None:
    """Writes a PNG file atomically.

    Args:
        picture: (H, W) or (H, W, 3), 8 or 16 bits.
        path: The file.
        noisy: Whether it shows a photograph, which is compressed differently.
    """
    encoded = cv2.imencode('.png', picture, _NOISY if noisy else _SMOOTH)[1]
    write_atomic(path, encoded.data)


def _picture(prediction: Prediction, kind: str, threshold: float) -> np.ndarray:
    image, prob, mask = prediction.image, prediction.prob, prediction.mask
    assert image is not None and prob is not None and mask is not None
    if kind == 'mask':
        return mask * np.uint8(255)
    if kind == 'prob':
        return _sixteen_bit(prob)
    if kind == 'heatmap':
        return add_legend(heat_map(prob))
    key = f'forged: probability above {threshold}'
    return add_key(outline(image, mask, opacity=0.35), key)


def _sixteen_bit(prob: np.ndarray) -> np.ndarray:
    """Probabilities (H, W) as uint16; 65535 stands for 1."""
    levels = np.empty(prob.shape, np.uint16)
    # In bands of rows, as the products are floats.
    for top in range(0, len(prob), 256):
        levels[top : top + 256] = np.rint(prob[top : top + 256] * np.float32(65535))
    return levels


def result_line(
    prediction: Prediction, threshold: float, files: Sequence[str]
) -> dict[str, Any]:
    """The entry of an image in results.jsonl, with its pictures, or the error."""
    if prediction.prob is None:
        return {'path': prediction.path, 'error': prediction.error}
    calibrated = ('forged_probability', 'verdict') if prediction.verdict else ()
    return {
        'path': prediction.path,
        'size': list(prediction.prob.shape),
        'regions': [asdict(region) for region in prediction.regions or ()],
        'image_score': prediction.image_score,
        'forged_share': prediction.forged_share,
        **{key: getattr(prediction, key) for key in calibrated},
        'statement': prediction.statement,
        'threshold': threshold,
        'files': list(files),
        **({'warnings': list(prediction.warnings)} if prediction.warnings else {}),
    }


def prepare_folder(out: Path, settings: Mapping[str, Any], resume: bool) -> set[str]:
    """Prepares a folder of results; returns paths of the images that are finished.

    An image is finished if its line is complete and has no error, and all its
    pictures exist. All other lines are removed.

    Args:
        out: The folder.
        settings: What determines the results; stored in settings.json.
        resume: Whether to resume an earlier run; if False, no line is kept.

    Raises:
        ValueError: If the earlier run had other settings.
    """
    settings = json.loads(json.dumps(settings, default=str))  # paths as text
    lines: dict[str, dict[str, Any]] = {}
    if resume and (out / FILE).is_file() and (out / SETTINGS_FILE).is_file():
        earlier = read_json(out / SETTINGS_FILE)
        keys = {**earlier, **settings}
        if differing := [k for k in keys if earlier.get(k) != settings.get(k)]:
            raise ValueError(
                f'{out} holds results of another run, which differs in '
                f'{", ".join(differing)}: choose another folder, or start from '
                'scratch without --resume'
            )
        lines = _finished(out)
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / SETTINGS_FILE, json.dumps(settings, indent=2) + '\n')
    write_atomic(out / FILE, ''.join(json_line(line) for line in lines.values()))
    return set(lines)


def _finished(out: Path) -> dict[str, dict[str, Any]]:
    lines = {}
    # The last line may be the one that was being written when the run was stopped.
    for _, line in json_lines(out / FILE, skip_damaged=True):
        try:
            complete = all((out / file).is_file() for file in line['files'])
        except (KeyError, TypeError):
            continue  # an error, or no line of this file
        if complete and isinstance(line.get('path'), str):
            lines[line['path']] = line
    return lines
