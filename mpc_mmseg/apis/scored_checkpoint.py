"""The config under which a checkpoint is scored, and the origin of its scores."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mpc_mmseg.engine.checkpoints.safe_reading import read_checkpoint
from mpc_mmseg.engine.checkpoints.stored_config import stored_config
from mpc_mmseg.engine.launch import load_config, set_data_root
from mpc_mmseg.evaluation.results.origin import origin_of_scores

from .release.release_config import scoring_config
from .zoo.zoo import model_file

_RUN_TIME = re.compile(r'_\d{8}_\d{6}$')


def config_to_score(
    config: str | None,
    checkpoint: str | Path,
    options: Sequence[str] = (),
    data_root: str | None = None,
    launcher: str = 'none',
    work_dir: str | None = None,
    trust_config: bool = False,
) -> tuple[Config, dict[str, Any]]:
    """Reads the config under which a checkpoint is to be scored.

    Args:
        config: Config file; None for the config that the checkpoint contains.
        checkpoint: The file, or the name of a published model.
        options, launcher, work_dir: See `load_config`.
        data_root: Folder of every data set that is tested on, or None.
        trust_config: See `stored_config`.

    Returns:
        The config, whose ``load_from`` is the file, and `origin_of_scores`.

    Raises:
        FileNotFoundError, RuntimeError, ValueError: See `read_checkpoint` and
            `stored_config`.
    """
    path = str(model_file(checkpoint))
    content = read_checkpoint(path)
    meta = content.get('meta', {})
    used: Any = config
    if used is None:
        stored = stored_config(content, path, trust_config)
        used = stored if trust_config else Config(scoring_config(stored))
        name = config_name(meta) or Path(path).stem
        used.work_dir = work_dir or os.path.join('work_dirs', name)
    cfg = load_config(used, options, launcher=launcher, work_dir=work_dir)
    if data_root is not None:
        set_data_root(cfg, data_root, ['test_dataloader'])
    cfg.load_from, cfg.resume = path, False
    return cfg, origin_of_scores(cfg, Path(path).name, meta)


def config_name(meta: dict[str, Any]) -> str:
    """The name of the config of the run that wrote a checkpoint; '' if unknown."""
    return _RUN_TIME.sub('', str(meta.get('experiment_name', '')))
