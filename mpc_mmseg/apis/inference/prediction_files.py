"""Predictions as files: mask, heat map, overlay and a line of JSON per image."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path, PurePath

import cv2
import numpy as np

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.visualization.pictures import add_key, add_legend, heat_map, outline

from .prediction import Prediction

#: mask: 0 and 255; prob: 16-bit grey; heatmap: in colours, with a legend; overlay: the
#: photograph with the mask on it.
PICTURES = ('mask', 'prob', 'overlay', 'heatmap')
KINDS = ('mask', 'prob', 'overlay')
# One filter for all rows: to try all of them on each takes as long as all the rest, and
# makes larger files of these pictures. OpenCV before 4.12 has no choice and takes Sub.
_FILTER = getattr(cv2, 'IMWRITE_PNG_FILTER', None)
_SUB = [] if _FILTER is None else [_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]
_UP = [] if _FILTER is None else [_FILTER, cv2.IMWRITE_PNG_FILTER_UP]
_SMOOTH = [cv2.IMWRITE_PNG_COMPRESSION, 1, *_SUB]
# The noise of a photograph never repeats: to look for repetitions is lost time.
_NOISY = [
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY),
    *_UP,
]


def output_names(paths: Sequence[str | Path], root: str | Path) -> list[str]:
    """Names the outputs of each image, so that no two share one.

    An image's own name without its suffix, in the sub-folder that it came from;
    where that is taken twice (``a.jpg`` and ``a.png``), the suffix is kept
    (``a_jpg``), and where that is taken too, a number is added.

    Args:
        paths: The images.
        root: The folder that they were found in.

    Returns:
        A relative path with ``/`` per image, to which an ending is added.
    """
    relative = [
        PurePath(path).relative_to(root)
        if PurePath(path).is_relative_to(root)
        else PurePath(PurePath(path).name)
        for path in paths
    ]
    # Compared in lower case: some file systems do not tell A.png from a.png.
    plain = Counter(path.with_suffix('').as_posix().lower() for path in relative)
    taken: set[str] = {name for name, count in plain.items() if count == 1}
    names = []
    for path in relative:
        name = path.with_suffix('').as_posix()
        if plain[name.lower()] > 1:
            stem = name = f'{name}_{path.suffix[1:]}'
            number = 2
            while name.lower() in taken:
                name = f'{stem}_{number}'
                number += 1
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
    """Writes the pictures of one prediction, each aside first and then renamed.

    Args:
        prediction: One without an error.
        out: Folder of all outputs.
        name: As `output_names` gives it.
        threshold: Of the mask, for the overlay's key.
        kinds: Of `PICTURES`.

    Returns:
        The files, relative to ``out``: ``NAME_KIND.png`` each.

    Raises:
        ValueError: If the prediction has an error.
        OSError: If a file cannot be written.
    """
    if prediction.prob is None:
        raise ValueError(f'{prediction.path}: nothing to write: {prediction.error}')
    files = []
    # One after the other: those of a large image would not fit together.
    for kind in kinds:
        file = f'{name}_{kind}.png'
        picture = _picture(prediction, kind, threshold)
        write_png(picture, out / file, noisy=kind == 'overlay')
        files.append(file)
    return files


def write_png(picture: np.ndarray, path: Path, noisy: bool = False) -> None:
    """Writes a picture aside, then renames it: a file that is there is whole.

    Args:
        picture: (H, W) or (H, W, 3), 8 or 16 bits.
        path: The file.
        noisy: Whether it shows a photograph, which is packed otherwise than a map.

    Raises:
        OSError: If it cannot be written.
    """
    encoded = cv2.imencode('.png', picture, _NOISY if noisy else _SMOOTH)[1]
    write_atomic(path, encoded.data)


def similarity_picture(
    similarity: np.ndarray, pixel: tuple[int, int], legend: bool = True
) -> np.ndarray:
    """Colours cosine similarities to a pixel, 0 and below dark, and marks the pixel.

    Args:
        similarity: (H, W) in -1..1, as `similarity_map` gives it.
        pixel: (x, y).
        legend: Whether to put the scale beside it.
    """
    picture = heat_map(np.maximum(similarity, 0))
    size = max(15, min(similarity.shape) // 25)
    # White on black: the pixel itself is in the brightest colour.
    for colour, length, width in (((0, 0, 0), size + 4, 6), ((255, 255, 255), size, 2)):
        cv2.drawMarker(picture, pixel, colour, cv2.MARKER_CROSS, length, width)
    return add_legend(picture) if legend else picture


def _picture(prediction: Prediction, kind: str, threshold: float) -> np.ndarray:
    image, prob, mask = prediction.image, prediction.prob, prediction.mask
    assert image is not None and prob is not None and mask is not None
    if kind == 'mask':
        return mask * np.uint8(255)
    if kind == 'prob':
        return sixteen_bit(prob)
    if kind == 'heatmap':
        return add_legend(heat_map(prob))
    if kind == 'overlay':
        key = f'forged: probability above {threshold:g}'
        return add_key(outline(image, mask, opacity=0.35), key)
    raise ValueError(f'a picture must be of {PICTURES}, got {kind!r}')


def sixteen_bit(prob: np.ndarray) -> np.ndarray:
    """Gives probabilities (H, W) as uint16, 65535 standing for 1."""
    levels = np.empty(prob.shape, np.uint16)
    # In bands, for the products are floats.
    for top in range(0, len(prob), 256):
        levels[top : top + 256] = np.rint(prob[top : top + 256] * np.float32(65535))
    return levels


def result_line(
    prediction: Prediction, threshold: float, files: Sequence[str]
) -> dict[str, object]:
    """Gives the JSON line of an image: what was found, or why nothing was.

    Args:
        prediction: Of the image.
        threshold: Of its mask.
        files: What was written of it.
    """
    if prediction.prob is None:
        return {'path': prediction.path, 'error': prediction.error}
    height, width = prediction.prob.shape
    calibrated: dict[str, object] = {}
    if prediction.verdict is not None:
        calibrated['forged_probability'] = prediction.forged_probability
        calibrated['verdict'] = prediction.verdict
    return {
        'path': prediction.path,
        'size': [height, width],
        'regions': [asdict(region) for region in prediction.regions or ()],
        'image_score': prediction.image_score,
        'forged_share': prediction.forged_share,
        **calibrated,
        'threshold': threshold,
        'files': list(files),
    }
