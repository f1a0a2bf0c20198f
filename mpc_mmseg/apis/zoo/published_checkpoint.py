"""From a checkpoint of a run to what is published of it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.datasets.lists.list_file import read_list_file
from mpc_mmseg.evaluation.image_calibration import META_KEY
from mpc_mmseg.requirements import installed_versions

#: What the checkpoint of a run knows that a published one keeps, besides its config.
_KEPT = ('iter', 'seed', 'mmengine_version', 'mpc_phase', META_KEY)
#: What is a run's own; a published config begins from nothing.
_OF_A_RUN = dict(work_dir='', load_from=None, resume=False, launcher='none')


def published(
    checkpoint: Mapping[str, Any],
    weights: str | None,
    half: bool = False,
    results: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Gives what a published checkpoint holds: weights, config and where they are from.

    Optimizer, schedules, logs and hooks' states stay behind, and so do the folders of
    the machine, of which names alone are kept.

    Args:
        checkpoint: Of a run.
        weights: 'ema' for the averaged weights, 'raw' for the last ones; None if the
            checkpoint has but one kind.
        half: Whether to store float16, which takes half of the space and changes the
            maps by rounding.
        results: Of tools/test.py --results, for these weights.

    Raises:
        ValueError: If the kind of weights is missing or not said, there is no
            config, or a weight does not fit float16.
    """
    meta = checkpoint.get('meta', {})
    if not isinstance(meta.get('cfg'), str):
        raise ValueError('the checkpoint holds no config, so nobody could use it')
    kind, state = _chosen(checkpoint, weights)
    cfg = Config.fromstring(meta['cfg'], file_format='.py')
    protocols = dict(_protocols(cfg))
    kept = {key: meta[key] for key in _KEPT if key in meta}
    return {
        'meta': {
            **kept,
            'cfg': Config(_without_folders(cfg.to_dict())).pretty_text,
            'weights': kind,
            'half': half,
            'protocols': protocols,
            'metrics': {} if results is None else metrics_of(results),
            'versions': installed_versions(),
        },
        'state_dict': {k: _stored(v, k, half) for k, v in state.items()},
    }


def metrics_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """Gives what a zoo says of the scores of a file of results.

    Of several conventions it is MPC's alone, if that is among them; of a data set
    without forged images, of which MPC's says nothing, it is ``native``'s.

    Returns:
        Data set -> ``n_images``, ``list_hash`` (which images were scored with which
        ground truths) and ``scores``: name -> ``value``, ``low``, ``high``.
    """
    conventions = set(results['conventions'])

    def kept(score: str, n_forged: int) -> bool:
        convention = score.partition('.')[0]
        wanted = 'mpc' if n_forged else 'native'
        return convention not in conventions or (
            convention == wanted or wanted not in conventions
        )

    return {
        name: {
            'n_images': summary['n_images'],
            'list_hash': summary['list_hash'],
            'scores': {
                score: {key: found[key] for key in ('value', 'low', 'high')}
                for score, found in summary['scores'].items()
                if kept(score, summary['n_forged'])
            },
        }
        for name, summary in results['datasets'].items()
    }


def _chosen(
    checkpoint: Mapping[str, Any], weights: str | None
) -> tuple[str, dict[str, Tensor]]:
    # MMEngine saves the averaged weights as state_dict and the others beside them.
    averaged = 'ema_state_dict' in checkpoint
    if averaged and weights is None:
        raise ValueError(
            'the checkpoint holds averaged and raw weights: say which (ema is what '
            'validations scored)'
        )
    if weights == 'ema' and not averaged:
        raise ValueError('the checkpoint holds no averaged weights (ema)')
    state = dict(checkpoint.get('state_dict', {}))
    if averaged and weights == 'raw':
        raw = checkpoint['ema_state_dict']
        state |= {
            key.removeprefix('module.'): value
            for key, value in raw.items()
            if key.startswith('module.')
        }
    if not state:
        raise ValueError('the checkpoint holds no state_dict')
    return ('ema' if averaged and weights == 'ema' else 'raw'), state


def _stored(value: Tensor, name: str, half: bool) -> Tensor:
    # A view would be saved with all of its storage.
    value = value.detach().clone(memory_format=torch.contiguous_format)
    if not half or value.dtype not in (torch.float32, torch.float64):
        return value
    small = value.half()
    if not torch.equal(small.isfinite(), value.isfinite()):
        raise ValueError(f'{name} has values beyond float16: publish it without half')
    return small


def _protocols(cfg: Config) -> Iterator[tuple[str, list[dict[str, str | None]]]]:
    """Which lists a config trains, selects and tests with; hashes of those at hand."""
    for side in ('train', 'val', 'test'):
        loader = cfg.get(f'{side}_dataloader')
        lists = []
        for each in innermost_datasets(loader.dataset) if loader else ():
            if not each.get('ann_file'):
                continue
            path = os.path.join(each.get('data_root') or '', each['ann_file'])
            found = read_list_file(path) if os.path.isfile(path) else None
            lists.append(
                {
                    'list': os.path.basename(path),
                    'name': found.header.name if found and found.header else None,
                    'sha256': found.sha256 if found else None,
                }
            )
        yield side, lists


def _without_folders(node: Any) -> Any:
    """A config of no machine: the last part of each absolute path."""
    if isinstance(node, dict):
        return {
            key: _OF_A_RUN[key] if key in _OF_A_RUN else _without_folders(value)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return type(node)(_without_folders(value) for value in node)
    if isinstance(node, str) and os.path.isabs(node):
        return os.path.basename(node.rstrip('/'))
    return node
