"""Scores of a checkpoint under a grid of post-processing: tools/robustness.py."""

import copy
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from rich.console import Console
from rich.progress import track

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.datasets.post_processing import CLEAN, Setting
from mpc_mmseg.evaluation.results.results_file import (
    ROBUSTNESS_FORMAT,
    VERSION,
    read_per_image,
)
from mpc_mmseg.evaluation.robustness_scores import (
    cache_key,
    config_hash,
    images_hash,
    post_processed,
    summarize_setting,
)

from .inference.model_from_files import load_model

RESULTS = 'robustness.json'


def measure_robustness(
    cfg: Config,
    checkpoint: str | Path,
    settings: Sequence[Setting],
    out: str | Path,
    device: str | None = None,
    origin: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Scores a config's test set under each setting; content of ``robustness.json``.

    The per-image scores of a setting are written to their own file when they are
    complete, named by a hash of weights, config, images and setting. An interrupted
    run resumes at the first incomplete setting; another grid reuses equal settings.

    Args:
        cfg, checkpoint: The config, whose test set is scored, and the weights.
        settings: Post-processing of the photographs; clean ones are scored as well.
        out: Folder of ``robustness.json`` and ``per_image/``.
        device: See `load_model`.
        origin: As of `origin_of_scores`, if known; stored with the results.

    Raises:
        FileNotFoundError, RuntimeError: See `load_model`.
        ValueError: If the config has no ForgeryMetric, its pipeline does not start by
            reading the photograph, or an image cannot be scored.
    """
    out = Path(out)
    metric = _forgery_metric(cfg)
    out.mkdir(parents=True, exist_ok=True)
    # Models are loaded from files; this one also records the overrides.
    write_atomic(out / 'config.py', cfg.pretty_text)
    model, _ = load_model(out / 'config.py', checkpoint, device)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    samples = [dataset.get_data_info(i) for i in range(len(dataset))]
    if not samples:
        raise ValueError('the test set of the config is empty: check its lists')
    hashes = {
        'weights': model.weights_sha256,
        'config': config_hash(cfg, metric),
        'images': images_hash(samples),
    }
    if origin is not None:
        threshold = metric.get('threshold', 0.5)
        origin = {**origin, 'weights_sha256': hashes['weights'], 'threshold': threshold}
        metric = {**metric, 'origin': origin}
    settings = [CLEAN, *(setting for setting in settings if setting.steps)]
    files = {setting.name: _file_of(setting, hashes) for setting in settings}
    for setting in settings:
        if not (file := out / files[setting.name]).exists():
            score_setting(model, cfg, setting, metric, file)
    records = {name: read_per_image(out / file) for name, file in files.items()}
    results = {
        'format': ROBUSTNESS_FORMAT,
        'version': VERSION,
        'checkpoint': str(checkpoint),
        'origin': origin and {**origin, 'list_hash': hashes['images']},
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
    write_atomic(out / RESULTS, json.dumps(results, indent=1))
    return results


def score_setting(
    model: BaseModel, cfg: Config, setting: Setting, metric: dict, per_image_file: Path
) -> None:
    """Scores the test set under one setting, as MMEngine's test loop does."""
    loader_cfg = copy.deepcopy(cfg.test_dataloader)
    loader_cfg.dataset = post_processed(loader_cfg.dataset, setting)
    loader = Runner.build_dataloader(loader_cfg, seed=0)
    evaluator = Evaluator([{**metric, 'per_image_file': str(per_image_file)}])
    try:
        for batch in track(loader, setting.name, console=Console(stderr=True)):
            samples = model.test_step(batch)
            evaluator.process(data_samples=samples, data_batch=batch)
    except ValueError as error:
        raise ValueError(f'{setting.name}: {error}') from error
    evaluator.evaluate(len(loader.dataset))  # writes the file


def _forgery_metric(cfg: Config) -> dict:
    metrics = cfg.get('test_evaluator') or []
    for metric in [metrics] if isinstance(metrics, dict) else metrics:
        if metric.get('type') == 'ForgeryMetric':
            # No setting may overwrite the results of the clean run.
            return {k: v for k, v in metric.items() if k != 'results_file'}
    raise ValueError("the config's test_evaluator contains no ForgeryMetric")


def _file_of(setting: Setting, hashes: dict[str, str]) -> str:
    # The name is for the reader; the key is unique.
    readable = re.sub(r'[^\w.=-]', '_', setting.name)[:80]
    return f'per_image/{readable}.{cache_key(hashes, setting)}.jsonl'
