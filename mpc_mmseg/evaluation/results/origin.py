"""What scores come from: weights, config and its differences, versions, date."""

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mpc_mmseg.config_text import parse_config
from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.hashing import sha256
from mpc_mmseg.requirements import installed_versions

#: Entries of a model's config that change no map once the weights are loaded.
_OF_TRAINING = {
    'channels_last', 'compile_backbone', 'contrast_loss', 'contrast_weight',
    'frozen_eval', 'init_cfg', 'loss_decode', 'phase', 'pretrained', 'train_cfg',
    'with_cp',
}  # fmt: skip


def decisive_settings(cfg: Config) -> dict[str, str]:
    """What a map follows from in a config: dotted key -> value as JSON.

    Model, preprocessor and test pipelines, without what only training reads.
    """
    found = dict(_leaves('model', (cfg.get('model') or Config()).to_dict()))
    pipelines = _test_pipelines(cfg)
    for number, pipeline in enumerate(pipelines):
        name = 'test_pipeline' if len(pipelines) == 1 else f'test_pipeline_{number}'
        found |= dict(_leaves(name, pipeline))
    return found


def config_differences(stored: Config, used: Config) -> dict[str, list[str | None]]:
    """Decisive settings that differ: key -> [stored, used], None where absent."""
    a, b = decisive_settings(stored), decisive_settings(used)
    keys = dict.fromkeys([*a, *b])
    return {k: [a.get(k), b.get(k)] for k in keys if a.get(k) != b.get(k)}


def config_sha256(cfg: Config) -> str:
    """SHA-256 of the decisive settings."""
    return sha256(json.dumps(decisive_settings(cfg), sort_keys=True).encode())


def frame_of(steps: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The size at which a pipeline shows an image, and how it gets there."""
    resizing = [
        {'interpolation': 'bilinear', **step}
        for step in steps
        if any(word in step['type'] for word in ('Resize', 'Crop', 'Pad'))
    ]
    interpolations = {step.pop('interpolation') for step in resizing}
    return {
        'frame': json.dumps(resizing) if resizing else 'native size',
        'interpolation': ', '.join(sorted(interpolations)) or 'none',
    }


def differences_in_words(origin: Mapping[str, Any]) -> str:
    """The differences of an origin's config from the stored one; '' without any."""
    lines = difference_lines(origin['config_differences'] or {})
    title = 'The config differs from the one that the checkpoint contains (-> used):'
    return '\n  '.join([title, *lines] if lines else [])


def difference_lines(differences: Mapping[str, Sequence[str | None]]) -> list[str]:
    """A line for each of the `config_differences`."""
    return [
        f'{key}: {stored or "absent"} -> {used or "absent"}'
        for key, (stored, used) in differences.items()
    ]


def config_in(meta: Mapping[str, Any]) -> Config | None:
    """The config that a checkpoint's meta contains; None if it is not data."""
    try:
        return Config(parse_config(meta['cfg'], 'the checkpoint'))
    except (KeyError, TypeError, ValueError):
        return None


def origin_of_scores(
    cfg: Config, checkpoint: str, meta: Mapping[str, Any], weights_sha256: str = ''
) -> dict[str, Any]:
    """The record of what was run, as docs/evaluation.md describes it.

    Args:
        cfg: The config that is used.
        checkpoint: Name of the file.
        meta: The checkpoint's.
        weights_sha256: Hash of the file.
    """
    stored = config_in(meta)
    return {
        'checkpoint': checkpoint,
        'weights_sha256': weights_sha256,
        'phase': meta.get('mpc_phase') or (cfg.get('model') or {}).get('phase'),
        'config_sha256': config_sha256(cfg),
        'config_differences': stored and config_differences(stored, cfg),
        **frame_of([step for steps in _test_pipelines(cfg) for step in steps]),
        'versions': installed_versions(),
        'date': datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds'),
    }


def _test_pipelines(cfg: Config) -> list[list[dict[str, Any]]]:
    """Those of all data sets, each once."""
    loader = cfg.get('test_dataloader')
    inner = innermost_datasets(loader.dataset.to_dict()) if loader else ()
    found = [each.get('pipeline', []) for each in inner]
    return [each for number, each in enumerate(found) if each not in found[:number]]


def _leaves(name: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key not in _OF_TRAINING:
                yield from _leaves(f'{name}.{key}', value)
    elif isinstance(node, list | tuple) and any(isinstance(x, Mapping) for x in node):
        for number, value in enumerate(node):
            yield from _leaves(f'{name}.{number}', value)
    else:
        yield name, json.dumps(node, default=repr)
