"""Scores of one checkpoint under a grid of post-processings: tools/robustness.py."""

import copy
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.utils import ProgressBar
from mmseg.registry import DATASETS

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.datasets.post_processing import CLEAN, Setting
from mpc_mmseg.evaluation.results.results_file import (
    ROBUSTNESS_FORMAT,
    VERSION,
    read_per_image,
)
from mpc_mmseg.evaluation.robustness import (
    cache_key,
    config_hash,
    images_hash,
    post_processed,
    summarize_setting,
)
from mpc_mmseg.hashing import file_sha256

from .inference.model_from_files import load_model

RESULTS = 'robustness.json'


def measure_robustness(
    cfg: Config,
    checkpoint: str | Path,
    settings: Sequence[Setting],
    out: str | Path,
    device: str | None = None,
) -> dict[str, Any]:
    """Scores a config's test set under each setting; what was scored is kept.

    A setting's per-image scores are written to a file of their own as soon as they
    are complete, under a hash of weights, config, images and setting. An interrupted
    run goes on with the setting that it was at; another grid shares what fits.

    Args:
        cfg: The config; its test set is processed and scored.
        checkpoint: The weights.
        settings: What happens to the photographs; the clean ones are scored too.
        out: Folder of ``robustness.json`` and ``per_image/``.
        device: As torch names it; None for the GPU if there is one.

    Returns:
        What ``robustness.json`` holds: ``hashes``, and in ``settings`` what
        `summarize_setting` gives, with the file of the per-image scores.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the config has no ForgeryMetric or its pipeline does not begin
            with reading the photograph, or an image cannot be scored. Names it.
        RuntimeError: If the checkpoint cannot be read or does not fit.
    """
    out = Path(out)
    metric = _forgery_metric(cfg)
    out.mkdir(parents=True, exist_ok=True)
    # A file, since that is what a model is loaded from; and a record of overrides.
    cfg.dump(out / 'config.py')
    model, _ = load_model(out / 'config.py', checkpoint, device)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    samples = [dataset.get_data_info(i) for i in range(len(dataset))]
    if not samples:
        raise ValueError('the test set is empty: there is nothing to score')
    hashes = {
        'weights': file_sha256(checkpoint),
        'config': config_hash(cfg, metric),
        'images': images_hash(samples),
    }
    settings = [CLEAN, *(setting for setting in settings if setting.steps)]
    files = {setting.name: _file_of(setting, hashes) for setting in settings}
    todo = [setting for setting in settings if not (out / files[setting.name]).exists()]
    if todo:
        progress = ProgressBar(len(todo) * len(samples), file=sys.stderr)
        for setting in todo:
            score_setting(
                model, cfg, setting, metric, out / files[setting.name], progress.update
            )
        sys.stderr.write('\n')
    records = {name: read_per_image(out / file) for name, file in files.items()}
    results = {
        'format': ROBUSTNESS_FORMAT,
        'version': VERSION,
        'checkpoint': str(checkpoint),
        'hashes': hashes,
        'n_images': len(samples),
        'settings': [
            {
                **summarize_setting(setting, records[setting.name], records['clean']),
                'per_image': files[setting.name],
            }
            for setting in settings
        ],
    }
    write_atomic(out / RESULTS, json.dumps(results, indent=1, ensure_ascii=False))
    return results


def score_setting(
    model: BaseModel,
    cfg: Config,
    setting: Setting,
    metric: dict,
    per_image_file: str | Path,
    progress: Callable[[int], None] | None = None,
) -> dict[str, float]:
    """Scores the test set under one setting, as MMEngine's test loop does.

    Args:
        model: Ready to predict.
        cfg: Its config, of which the test set is taken.
        setting: What happens to the photographs.
        metric: Config of a ForgeryMetric.
        per_image_file: Where that writes the scores per image.
        progress: Called with the number of images after each batch.

    Returns:
        The metric's scores.
    """
    loader_cfg = copy.deepcopy(cfg.test_dataloader)
    loader_cfg.dataset = post_processed(loader_cfg.dataset, setting)
    loader = Runner.build_dataloader(loader_cfg, seed=0)
    evaluator = Evaluator([{**metric, 'per_image_file': str(per_image_file)}])
    try:
        for batch in loader:
            samples = model.test_step(batch)
            evaluator.process(data_samples=samples, data_batch=batch)
            if progress is not None:
                progress(len(samples))
    except ValueError as error:
        raise ValueError(f'{setting.name}: {error}') from error
    return evaluator.evaluate(len(loader.dataset))


def _forgery_metric(cfg: Config) -> dict:
    metrics = cfg.get('test_evaluator') or []
    for metric in [metrics] if isinstance(metrics, dict) else metrics:
        if metric.get('type') == 'ForgeryMetric':
            # Each setting has a file of its own; none may overwrite the clean run's.
            return {k: v for k, v in metric.items() if k != 'results_file'}
    raise ValueError("the config's test_evaluator holds no ForgeryMetric")


def _file_of(setting: Setting, hashes: dict[str, str]) -> str:
    # The name is for people, the key tells settings apart.
    readable = re.sub(r'[^\w.=-]', '_', setting.name)[:80]
    return f'per_image/{readable}.{cache_key(hashes, setting)}.jsonl'
