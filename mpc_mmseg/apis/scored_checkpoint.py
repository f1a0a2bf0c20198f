"""The config under which a checkpoint is scored, and the origin of its scores."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mpc_mmseg.engine.launch import load_config
from mpc_mmseg.evaluation.results.origin import origin_of_scores, stored_config

from .inference.model_from_files import read_checkpoint
from .zoo.zoo import model_file

_RUN_TIME = re.compile(r'_\d{8}_\d{6}$')


def config_to_score(
    config: str | None,
    checkpoint: str | Path,
    options: Sequence[str] = (),
    data_root: str | None = None,
    launcher: str = 'none',
    work_dir: str | None = None,
) -> tuple[Config, dict[str, Any]]:
    """Reads the config under which a checkpoint is to be scored.

    Args:
        config: Config file; None for the config that the checkpoint contains.
        checkpoint: The file, or the name of a published model.
        options: See `load_config`, as for the rest.
        data_root: Folder of every data set, or None.
        launcher: How the processes were started.
        work_dir: Folder of the log; None for the config's.

    Returns:
        The config, whose ``load_from`` is the file, and `origin_of_scores` without the
        file's hash, which is known when it is loaded.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If ``config`` is None and the checkpoint contains none.
        RuntimeError: If the checkpoint cannot be read.
    """
    path = model_file(checkpoint)
    try:
        meta = read_checkpoint(path).get('meta', {})
    except RuntimeError:
        if config is None:
            raise
        meta = {}  # MMEngine may still load its weights
    used: str | Config | None = config
    if used is None:
        used = stored_config(meta)
        if used is None:
            raise ValueError(
                f'{path} contains no config: give CONFIG before the checkpoint'
            )
        name = config_name(meta) or Path(path).stem
        used.work_dir = work_dir or os.path.join('work_dirs', name)
    cfg = load_config(used, options, data_root, launcher, work_dir)
    cfg.load_from, cfg.resume = str(path), False
    return cfg, origin_of_scores(cfg, '', Path(path).name, meta)


def config_name(meta: dict[str, Any]) -> str:
    """The name of the config of the run that wrote a checkpoint; '' if unknown."""
    return _RUN_TIME.sub('', str(meta.get('experiment_name', '')))
