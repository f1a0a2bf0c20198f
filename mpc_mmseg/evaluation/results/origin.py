"""What scores come from: weights, config and its differences, versions, date."""

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.hashing import sha256
from mpc_mmseg.requirements import installed_versions

#: Entries of a model's config that change no map once the weights are loaded.
_OF_TRAINING = {
    'channels_last', 'compile_backbone', 'contrast_loss', 'contrast_weight',
    'frozen_eval', 'init_cfg', 'loss_decode', 'phase', 'pretrained', 'train_cfg',
    'with_cp',
}  # fmt: skip
#: Entries of an origin that each image's line repeats.
_OF_AN_IMAGE = (
    'weights_sha256', 'config_sha256', 'phase', 'frame', 'interpolation', 'threshold',
    'date',
)  # fmt: skip


def decisive_settings(cfg: Config) -> dict[str, str]:
    """What a map follows from in a config: model, preprocessor, test pipeline.

    Returns:
        Dotted key -> value as JSON, without what only training reads.
    """
    loader = cfg.get('test_dataloader') or {}
    pipelines = [
        each.get('pipeline', [])
        for each in innermost_datasets(Config(dict(loader)).to_dict().get('dataset'))
    ]
    different = [p for i, p in enumerate(pipelines) if p not in pipelines[:i]]
    found = dict(_leaves('model', Config(dict(cfg.get('model') or {})).to_dict()))
    for number, pipeline in enumerate(different):
        name = 'test_pipeline' if len(different) == 1 else f'test_pipeline_{number}'
        found |= dict(_leaves(name, pipeline))
    return found


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


def config_differences(stored: Config, used: Config) -> dict[str, list[str | None]]:
    """Decisive settings that differ: key -> [stored, used], None where absent."""
    a, b = decisive_settings(stored), decisive_settings(used)
    return {
        key: [a.get(key), b.get(key)]
        for key in dict.fromkeys([*a, *b])
        if a.get(key) != b.get(key)
    }


def differences_in_words(differences: Mapping[str, list[str | None]]) -> str:
    """Lines for a reader; empty if nothing differs."""
    if not differences:
        return ''
    rows = (
        f'  {key}: {"absent" if a is None else a} -> {"absent" if b is None else b}'
        for key, (a, b) in differences.items()
    )
    heading = 'The config differs from the one that the checkpoint contains (-> used):'
    return '\n'.join([heading, *rows])


def origin_of_scores(
    cfg: Config, weights_sha256: str, checkpoint: str, meta: Mapping[str, Any]
) -> dict[str, Any]:
    """The record of what was run; plain data for JSON.

    Args:
        cfg: The config that is used.
        weights_sha256: Of the checkpoint's bytes.
        checkpoint: Name of its file.
        meta: The checkpoint's.
    """
    stored = stored_config(meta)
    text = json.dumps(decisive_settings(cfg), sort_keys=True)
    frame = [
        {k: v for k, v in step.items() if k != 'interpolation'}
        for step in _resizing(cfg)
    ]
    return {
        'checkpoint': checkpoint,
        'weights_sha256': weights_sha256,
        'phase': meta.get('mpc_phase') or (cfg.get('model') or {}).get('phase'),
        'config_sha256': sha256(text.encode()),
        'config_differences': stored and config_differences(stored, cfg),
        'frame': json.dumps(frame) if frame else 'native size',
        'interpolation': ', '.join(
            dict.fromkeys(s.get('interpolation', 'bilinear') for s in _resizing(cfg))
        )
        or 'none',
        'versions': installed_versions(),
        'date': datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds'),
    }


def stored_config(meta: Mapping[str, Any]) -> Config | None:
    """The config that a checkpoint's meta contains, None if there is none."""
    text = meta.get('cfg')
    return Config.fromstring(text, '.py') if isinstance(text, str) else None


def origin_of_image(origin: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an origin that fits on a line of per-image results."""
    own = {key: origin[key] for key in _OF_AN_IMAGE if key in origin}
    return {**own, 'version': origin['versions']['mpc_mmseg']} if own else {}


def _resizing(cfg: Config) -> list[dict[str, Any]]:
    loader = Config(dict(cfg.get('test_dataloader') or {})).to_dict()
    steps = [s for d in innermost_datasets(loader.get('dataset')) for s in d['pipeline']]
    return [
        step
        for number, step in enumerate(steps)
        if step not in steps[:number]
        and any(word in step['type'] for word in ('Resize', 'Crop', 'Pad'))
    ]
