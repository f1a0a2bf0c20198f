"""Conversion of released MPC checkpoints: names, config, file."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor, nn

from mpc_mmseg.atomic_files import atomic_path, write_atomic
from mpc_mmseg.engine.checkpoints.handover import check_weights
from mpc_mmseg.engine.checkpoints.safe_reading import read_checkpoint
from mpc_mmseg.models.backbones.hrformer_block import relative_position_index

from .release_config import model_config, test_config

#: Prefixes of the ImageNet classifier, which localization does not use.
_CLASSIFIER = ('incre_modules.', 'downsamp_modules.', 'final_layer.', 'classifier.')
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
_PARTS = ('backbone', 'neck', 'decode_head')


def read_release(path: str | Path) -> dict[str, Tensor]:
    """Reads the weights of a released file, with the names of `bare_names`.

    Args:
        path: A phase-2 file (``encoder.`` and ``decoder.``), a phase-1 file (no
            prefixes), or the ImageNet file (under ``model``; its classifier is left
            out).

    Raises:
        ValueError: If it does not contain weights by name; see also `read_checkpoint`.
    """
    content = read_checkpoint(path)
    kind = next((k for k in ('model', 'state_dict') if k in content), '')
    content = content[kind] if kind else content
    if not isinstance(content, Mapping):
        content = {kind: content}
    unexpected = [n for n, value in content.items() if not isinstance(value, Tensor)]
    if unexpected or not content:
        raise ValueError(
            f'{path} is not a released checkpoint: expected weights by name, found '
            f'{unexpected[:5] or "nothing"}'
        )
    weights = bare_names(content)
    if kind == 'model':
        weights = {n: v for n, v in weights.items() if not n.startswith(_CLASSIFIER)}
    return weights


def bare_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Removes the prefixes of DDP and of the encoder from weights by name."""
    return {
        name.removeprefix('module.').removeprefix('encoder.'): value
        for name, value in weights.items()
    }


def convert_keys(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Renames weights from `bare_names` to those of `MPCSegmentor`.

    Query, key and value projections of each block are joined. Position indices of the
    attention are dropped, as they follow from the window. A missing
    ``num_batches_tracked`` of a BatchNorm is set to zero.

    Raises:
        ValueError: If names are unknown or projections are missing; lists the names.
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
            layer = f'stack.{head[1]}' if int(head[1]) < last else 'conv_seg'
            converted[f'decode_head.{layer}.{head[2]}'] = value
        elif rules := [(p, new) for p, new in _RULES if re.fullmatch(p, name)]:
            pattern, new = rules[0]
            converted[re.sub(pattern, new, name)] = value
        elif _QKV.fullmatch(name):  # joined with the query, if there is one
            if re.sub(r'\.[kv]_proj\.', '.q_proj.', name) not in weights:
                leftover.append(name)
        elif not _INDEX.fullmatch(name):
            leftover.append(name)
    if leftover:
        raise ValueError(
            f'{len(leftover)} weights are not part of any released MPC model: '
            f'{", ".join(leftover[:10])}{" ..." * (len(leftover) > 10)}'
        )
    for name in [n for n in converted if n.endswith('.running_mean')]:
        count = name.removesuffix('running_mean') + 'num_batches_tracked'
        converted.setdefault(count, torch.tensor(0))
    return converted


def convert_release(
    weights: Mapping[str, Tensor], source: str
) -> tuple[dict[str, Tensor], dict, list[str]]:
    """Converts weights of `read_release`, and checks them against a model.

    Args:
        weights, source: The weights, and their name in errors.

    Returns:
        All weights of the model by name; the config; the parts missing in the file,
        whose weights are random with a fixed seed.

    Raises:
        ValueError: If a name is unknown, or the weights are not of an HRFormer.
        RuntimeError: If weights are missing, unexpected or of another shape.
    """
    try:
        state = convert_keys(weights)
        model = model_config(state)
        built = build(model)
    except ValueError as error:
        raise ValueError(f'{source}: {error}') from error
    lacks = [part for part in _PARTS if not any(n.startswith(part) for n in state)]
    expected = built.state_dict()
    required = [f'{part}.' for part in _PARTS if part not in lacks]
    check_weights(state, expected, required, source)
    _check_indices(weights, source)
    for name, value in expected.items():
        state.setdefault(name, value)
    return {name: state[name] for name in expected}, test_config(model), lacks


def write_checkpoint(
    state: Mapping[str, Tensor], cfg: dict, lacks: list[str], path: str | Path
) -> Path:
    """Writes what `convert_release` gives, and the config as ``.py`` of the same name.

    Returns:
        The config's file.

    Raises:
        ValueError: If ``path`` is that of the config.
    """
    path = Path(path)
    if path.suffix == '.py':
        raise ValueError(f'{path} would be replaced by its config: name it *.pth')
    text = Config(cfg).pretty_text
    meta = dict(cfg=text, mpc_phase=cfg['model']['phase'], mpc_lacks=lacks)
    with atomic_path(path) as temporary:
        torch.save({'meta': meta, 'state_dict': dict(state)}, temporary)
    config = path.with_suffix('.py')
    write_atomic(config, text)
    return config


def build(model: dict) -> nn.Module:
    """Builds a segmentor with random weights of a fixed seed."""
    init_default_scope('mmseg')
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MODELS.build(Config(model))


def _check_indices(weights: Mapping[str, Tensor], source: str) -> None:
    for name, index in weights.items():
        if _INDEX.fullmatch(name) and not torch.equal(
            index.cpu().long(), relative_position_index(round(len(index) ** 0.5))
        ):
            raise ValueError(
                f'{source}: {name} is not the relative position index of Swin'
            )
