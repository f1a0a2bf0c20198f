"""Calibration of a model: maps of held-out images, and storage in a checkpoint."""

import os
from collections.abc import Iterable
from pathlib import Path

import torch

from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.datasets.io.file_kind import file_kind
from mpc_mmseg.datasets.lists.dataset_entries import list_entries, report
from mpc_mmseg.datasets.lists.list_file import read_list_file
from mpc_mmseg.datasets.lists.source_split import connected_groups, source_ids
from mpc_mmseg.engine.checkpoints.safe_reading import read_checkpoint
from mpc_mmseg.evaluation.image_calibration import (
    META_KEY,
    CalibrationImage,
    ImageCalibration,
)
from mpc_mmseg.evaluation.probability_map import map_features
from mpc_mmseg.hashing import file_sha256

from .inference.image_by_image import ImageByImage
from .inference.image_inputs import expand

#: Image file -> whether it is forged, and its source photographs as far as known.
Labelled = dict[str, tuple[bool, frozenset[str]]]


def labelled_folders(
    forged: str | Path, authentic: str | Path, source_pattern: str | None = None
) -> Labelled:
    """The images of two folders, see `expand`.

    Args:
        forged, authentic: The folders.
        source_pattern: Finds the source photographs in the names of files, see
            `source_ids`; None if each image is its own source.
    """
    found: Labelled = {}
    for folder, is_forged in ((forged, True), (authentic, False)):
        for path in map(str, expand(folder)):
            name = Path(path).stem
            sources = source_ids(name, source_pattern) if source_pattern else ()
            found[path] = (is_forged, frozenset(sources))
    return found


def labelled_lists(files: Iterable[str | Path], root: str | None = None) -> Labelled:
    """The images of list files, with paths relative to a root or the list's folder.

    Raises:
        ValueError: If a list is wrong, or an image of it is missing.
    """
    found: Labelled = {}
    for file in files:
        base = root or os.path.dirname(str(file))
        entries, problems = list_entries(read_list_file(file), base)
        if problems:
            raise ValueError(f'{file} cannot be used.\n{report(problems)}')
        found |= {e.image: (e.mask is not None, frozenset(e.groups)) for e in entries}
    return found


def calibration_images(
    inferencer: ImageByImage, labelled: Labelled
) -> list[CalibrationImage]:
    """Runs a model on labelled images; an error of one is a ValueError."""
    # Copies of one file are of one source, whatever their names.
    sources = {
        path: known | {f'file {file_sha256(path)}'}
        for path, (_, known) in labelled.items()
    }
    groups = {path: g[0] for g in connected_groups(sources) for path in g}
    images = []
    for path, prediction in zip(labelled, inferencer(list(labelled))):
        if prediction.prob is None:
            raise ValueError(f'{path}: {prediction.error}')
        kind = file_kind(path)
        assert kind is not None  # None is for what is no file
        features, forged = map_features(prediction.prob), labelled[path][0]
        images.append(CalibrationImage(features, forged, kind, groups[path]))
    return images


def store_calibration(
    source: str | Path, calibration: ImageCalibration, target: str | Path
) -> None:
    """Writes a copy of a checkpoint that contains a calibration, atomically.

    Raises:
        ValueError: If the target is the checkpoint itself; see also `read_checkpoint`.
    """
    if Path(target).exists() and Path(target).samefile(source):
        raise ValueError(f'{target} is the checkpoint itself: choose another file')
    checkpoint = read_checkpoint(source)
    checkpoint.setdefault('meta', {})[META_KEY] = calibration.as_meta()
    with atomic_path(target) as temporary:
        torch.save(checkpoint, temporary)
