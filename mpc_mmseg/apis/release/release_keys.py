"""The released MPC's weights under this project's names."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

#: Heads by which the ImageNet file classifies; a localizer has no use for them.
CLASSIFIER = (
    'incre_modules.',
    'downsamp_modules.',
    'final_layer.',
    'classifier.',
)
_BATCH_NORM = r'(?:weight|bias|running_mean|running_var|num_batches_tracked)'
_BLOCK = r'(stage[2-4]\.\d+\.branches\.\d+\.\d+\.)'
_RULES = [
    (rf'((?:conv|bn)[12]\.{_BATCH_NORM})', r'backbone.\1'),
    (r'((?:layer1|transition[1-3])\..+)', r'backbone.\1'),
    (r'(stage[2-4]\.\d+\.fuse_layers\..+)', r'backbone.\1'),
    (rf'{_BLOCK}(norm[12]\..+)', r'backbone.\1\2'),
    (rf'{_BLOCK}attn\.attn\.(relative_position_bias_table)', r'backbone.\1attn.\2'),
    (rf'{_BLOCK}attn\.attn\.out_proj\.(weight|bias)', r'backbone.\1attn.proj.\2'),
    (rf'{_BLOCK}mlp\.fc1\.(weight|bias)', r'backbone.\1ffn.expand.\2'),
    (rf'{_BLOCK}mlp\.dw3x3\.(weight|bias)', r'backbone.\1ffn.depthwise.\2'),
    (rf'{_BLOCK}mlp\.fc2\.(weight|bias)', r'backbone.\1ffn.reduce.\2'),
    (rf'{_BLOCK}mlp\.(norm[1-3]\.{_BATCH_NORM})', r'backbone.\1ffn.\2'),
    (rf'convs\.(\d+\.conv\.weight|\d+\.bn\.{_BATCH_NORM})', r'neck.projections.\1'),
]
_QUERY = re.compile(rf'{_BLOCK}attn\.attn\.q_proj\.(weight|bias)')
_QKV = re.compile(rf'{_BLOCK}attn\.attn\.[kv]_proj\.(?:weight|bias)')
_INDEX = re.compile(rf'{_BLOCK}attn\.attn\.relative_position_index')
_HEAD = re.compile(rf'decoder\.classifier\.(\d+)\.({_BATCH_NORM})')


def bare_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names without the prefixes of DDP and of the encoder, whichever file it is.

    Args:
        weights: A released file's weights by name.
    """
    names = (name.removeprefix('module.') for name in weights)
    return dict(zip((n.removeprefix('encoder.') for n in names), weights.values()))


def convert_keys(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Renames weights, and joins each block's query, key and value projections.

    Attention's position indices follow from the window and have no new name. A
    BatchNorm that came without its count of batches gets one of zero.

    Args:
        weights: Weights by name, as of `bare_names`.

    Returns:
        Weights by their names in `MPCSegmentor`.

    Raises:
        ValueError: If names belong to no such network, or projections are missing;
            with the names.
    """
    last = max((int(m[1]) for m in map(_HEAD.fullmatch, weights) if m), default=-1)
    converted: dict[str, Tensor] = {}
    leftover = []
    for name, value in weights.items():
        if query := _QUERY.fullmatch(name):
            names = [name.replace('.q_proj.', f'.{x}_proj.') for x in 'qkv']
            missing = [n for n in names if n not in weights]
            if missing:
                raise ValueError(f'missing weights: {", ".join(missing)}')
            joined = torch.cat([weights[n] for n in names])
            converted[f'backbone.{query[1]}attn.qkv.{query[2]}'] = joined
        elif head := _HEAD.fullmatch(name):
            place = f'stack.{head[1]}' if int(head[1]) < last else 'conv_seg'
            converted[f'decode_head.{place}.{head[2]}'] = value
        elif new := _renamed(name):
            converted[new] = value
        elif not (_QKV.fullmatch(name) or _INDEX.fullmatch(name)):
            leftover.append(name)
    leftover += [
        name
        for name in weights
        if _QKV.fullmatch(name)
        and re.sub(r'\.[kv]_proj\.', '.q_proj.', name) not in weights
    ]
    if leftover:
        raise ValueError(
            f'{len(leftover)} weights belong to no released MPC: '
            f'{", ".join(leftover[:10])}{" ..." * (len(leftover) > 10)}'
        )
    for name in [n for n in converted if n.endswith('.running_mean')]:
        count = name.removesuffix('running_mean') + 'num_batches_tracked'
        converted.setdefault(count, torch.tensor(0))
    return converted


def position_indices(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Attention's position indices (L, L) among the weights, by name."""
    return {name: v for name, v in weights.items() if _INDEX.fullmatch(name)}


def _renamed(name: str) -> str | None:
    for pattern, new in _RULES:
        if match := re.fullmatch(pattern, name):
            return match.expand(new)
    return None
