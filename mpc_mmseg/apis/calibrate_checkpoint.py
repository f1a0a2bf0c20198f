"""Calibration of a checkpoint: features of validation images, storage in its meta."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.runner import Runner

from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.engine.launch import load_config
from mpc_mmseg.evaluation.image_calibration import META_KEY, ImageCalibration
from mpc_mmseg.json_files import json_lines

from .inference.model_from_files import read_checkpoint


def features_of_validation(
    config: str,
    checkpoint: str,
    options: Sequence[str] = (),
    data_root: str | None = None,
    work_dir: str | None = None,
) -> tuple[list[dict[str, float]], list[bool]]:
    """Runs a checkpoint on its config's validation data.

    Args:
        config: Config file.
        checkpoint: Checkpoint file.
        options: ``KEY=VALUE`` overrides.
        data_root: Folder of every data set, or None for the config's.
        work_dir: Folder of the log, or None for the default.

    Returns:
        `map_features` of each image, and whether it is forged.
    """
    cfg = load_config(config, options, data_root, 'none', work_dir)
    cfg.load_from, cfg.resume = checkpoint, False
    cfg.test_dataloader, cfg.test_cfg = cfg.val_dataloader, dict(type='TestLoop')
    training = ('train_', 'val_', 'optim_wrapper', 'param_scheduler')
    for key in [key for key in cfg if key.startswith(training)]:
        cfg.pop(key)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, 'images.jsonl')
        cfg.test_evaluator = dict(type='ForgeryMetric', per_image_file=file)
        Runner.from_cfg(cfg).test()
        return read_features(file)


def read_features(path: str | Path) -> tuple[list[dict[str, float]], list[bool]]:
    """Reads map features from the JSON lines of tools/test.py --per-image.

    Raises:
        ValueError: If a line is invalid. The message names file and line.
    """
    features, forged = [], []
    for number, image in json_lines(path):
        try:
            features.append({k: float(v) for k, v in image['map_features'].items()})
            forged.append(bool(image['forged']))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f'{path}, line {number} is not an entry of tools/test.py --per-image: '
                f'{error!r}'
            ) from error
    return features, forged


def store_calibration(path: str | Path, calibration: ImageCalibration) -> None:
    """Stores a calibration in a checkpoint atomically, replacing an earlier one.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        RuntimeError: If it cannot be read.
    """
    checkpoint = read_checkpoint(path)
    checkpoint.setdefault('meta', {})[META_KEY] = calibration.as_meta()
    with atomic_path(path) as temporary:
        torch.save(checkpoint, temporary)
