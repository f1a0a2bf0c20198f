"""The config under which a checkpoint is scored, and the origin of its scores."""

import os
import re
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mpc_mmseg.engine.launch import load_config
from mpc_mmseg.evaluation.results.origin import origin_of_scores, stored_config

from .inference.model_from_files import read_checkpoint
from .zoo.zoo import model_file

_RUN_TIME = re.compile(r'_\d{8}_\d{6}$')


def config_to_score(
    config: str | None, checkpoint: str | Path, *args: Any, work_dir: str | None = None
) -> tuple[Config, dict[str, Any]]:
    """Reads the config under which a checkpoint is to be scored.

    Args:
        config: Config file; None for the config that the checkpoint contains.
        checkpoint: The file, or the name of a published model.
        *args: The arguments of `load_config` after the first one.
        work_dir: Folder of the log; None for work_dirs/CONFIG.

    Returns:
        The config, whose ``load_from`` is the file, and `origin_of_scores`.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If ``config`` is None and the checkpoint contains none.
        RuntimeError: If the checkpoint cannot be read.
    """
    path = str(model_file(checkpoint))
    try:
        meta = read_checkpoint(path).get('meta', {})
    except RuntimeError:
        if config is None:
            raise
        meta = {}  # MMEngine may still load its weights
    used = config or stored_config(meta)
    if used is None:
        raise ValueError(f'{path} contains no config: give one before the checkpoint')
    if isinstance(used, Config):
        name = config_name(meta) or Path(path).stem
        used.work_dir = work_dir or os.path.join('work_dirs', name)
    cfg = load_config(used, *args, work_dir=work_dir)
    cfg.load_from, cfg.resume = path, False
    return cfg, origin_of_scores(cfg, Path(path).name, meta)


def config_name(meta: dict[str, Any]) -> str:
    """The name of the config of the run that wrote a checkpoint; '' if unknown."""
    return _RUN_TIME.sub('', str(meta.get('experiment_name', '')))
