"""Predictions as files: mask, heat map, overlay and a line of JSON per image."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

import cv2
import numpy as np

from mpc_mmseg.visualization.overlay import add_legend, heat_map, outline

from .inferencer import Prediction


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
    prediction: Prediction, out: Path, name: str, save_prob: bool = False
) -> list[str]:
    """Writes the pictures of one prediction.

    Args:
        prediction: One without an error.
        out: Folder of all outputs.
        name: As `output_names` gives it.
        save_prob: Whether to write the probabilities too, as a 16-bit grey PNG.

    Returns:
        The files, relative to ``out``: ``_mask.png`` (0 and 255), ``_heatmap.png``
        (with a legend), ``_overlay.png`` (the photograph with the mask on it).

    Raises:
        ValueError: If the prediction has an error.
        OSError: If a file cannot be written.
    """
    image, prob, mask = prediction.image, prediction.prob, prediction.mask
    if image is None or prob is None or mask is None:
        raise ValueError(f'{prediction.path}: nothing to write: {prediction.error}')
    pictures = {
        'mask': mask * np.uint8(255),
        'heatmap': add_legend(heat_map(prob)),
        'overlay': outline(image, mask, opacity=0.35),
    }
    if save_prob:
        pictures['prob'] = np.round(prob * 65535).astype(np.uint16)
    files = []
    for kind, picture in pictures.items():
        file = f'{name}_{kind}.png'
        path = out / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode('.png', picture)[1].tobytes())
        files.append(file)
    return files


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
        'image_score': prediction.image_score,
        'forged_share': prediction.forged_share,
        **calibrated,
        'threshold': threshold,
        'files': list(files),
    }
