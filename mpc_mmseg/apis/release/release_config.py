"""The config of a released MPC, derived from the shapes of its weights."""

import re
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

from mmengine.config import Config
from torch import Tensor

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.shipped_files import shipped

_PIPELINE: list[dict] = [
    dict(type='LoadForgeryImage'),
    dict(type='Resize', scale=(512, 512)),
    # After Resize: scores are computed at the mask's own size.
    dict(type='LoadForgeryMask'),
    dict(type='PackForgeryInputs'),
]


def _read_extra(state: Mapping[str, Tensor]) -> dict[str, dict]:
    """Derives HRFormer's ``extra`` from the shapes of its weights."""
    extra = {
        'stage1': dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(_count(state, 'backbone.layer1.'),),
            num_channels=(_shape(state, 'backbone.layer1.0.conv1.weight')[0],),
        )
    }
    for n in range(2, 5):
        stage = f'backbone.stage{n}.'
        blocks = [f'{stage}0.branches.{branch}.' for branch in range(n)]
        channels = [_shape(state, f'{b}0.norm1.weight')[0] for b in blocks]
        tables = [
            _shape(state, f'{b}0.attn.relative_position_bias_table') for b in blocks
        ]
        hidden = [_shape(state, f'{b}0.ffn.expand.weight')[0] for b in blocks]
        extra[f'stage{n}'] = dict(
            num_modules=_count(state, stage),
            num_branches=n,
            block='HRFORMER',
            num_blocks=tuple(_count(state, b) for b in blocks),
            num_channels=tuple(channels),
            num_heads=tuple(heads for _, heads in tables),
            window_sizes=tuple((isqrt(rows) + 1) // 2 for rows, _ in tables),
            mlp_ratios=tuple(h / c for h, c in zip(hidden, channels)),
        )
    return extra


def model_config(state: Mapping[str, Tensor]) -> dict:
    """Derives the config of the segmentor from weights of `convert_keys`.

    Parts without weights get the published widths.

    Raises:
        ValueError: If the weights are not of an HRFormer; gives the first missing name.
    """
    extra = _read_extra(state)
    channels = extra['stage4']['num_channels']
    projection = state.get('neck.projections.0.conv.weight')
    width = 256 if projection is None else projection.shape[0]
    head = sorted(
        (int(match[1]), value.shape[0])
        for name, value in state.items()
        if (match := re.fullmatch(r'decode_head\.stack\.(\d+)\.weight', name))
        and value.ndim == 4
    )
    # Preprocessor and losses are those of all models.
    model = Config.fromfile(shipped('configs') / '_base_/models/mpc.py').model.to_dict()
    model['backbone'] = dict(
        type='HRFormer',
        drop_path_rate=0.2,
        stem_channels=_shape(state, 'backbone.conv1.weight')[0],
        extra=extra,
    )
    model['neck'] |= dict(in_channels=list(channels), out_channels=width)
    model['decode_head'] |= dict(in_channels=[width] * len(channels))
    if head:
        model['decode_head']['hidden_channels'] = tuple(w for _, w in head)
    return {**model, 'phase': 'localize' if head else 'contrast'}


def test_config(model: dict, pipeline: Sequence[dict] = _PIPELINE) -> dict:
    """A config for tools/test.py to score a model on a folder, by default 512x512."""
    return dict(
        default_scope='mmseg',
        custom_imports=dict(imports=['mpc_mmseg'], allow_failed_imports=False),
        model=model,
        test_dataloader=dict(
            batch_size=1,
            num_workers=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(
                type='ForgeryDataset',
                data_root='data/forgery',
                test_mode=True,
                pipeline=list(pipeline),
            ),
        ),
        test_evaluator=dict(type='ForgeryMetric'),
        test_cfg=dict(type='TestLoop'),
        custom_hooks=[dict(type='TwoPhaseHook'), dict(type='SafeCheckpointHook')],
        log_processor=dict(by_epoch=False),
    )


def scoring_config(stored: Mapping[str, Any]) -> dict:
    """`test_config` of a `stored_config`, with the names of its first test data set.

    Nothing else of a checkpoint's config is built: hooks, metrics and visualizers may
    write files.
    """
    data = next(innermost_datasets(stored['test_dataloader']['dataset']))
    cfg = test_config(stored['model'], data['pipeline'])
    names = ('ann_file', 'data_root', 'data_prefix')
    cfg['test_dataloader']['dataset'] |= {k: data[k] for k in names if k in data}
    return cfg


def _shape(state: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    if name not in state:
        raise ValueError(f'not a released MPC or HRFormer: it has no {name}')
    return tuple(state[name].shape)


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    found = {n[len(prefix) :].split('.')[0] for n in state if n.startswith(prefix)}
    return len({n for n in found if n.isdigit()})
