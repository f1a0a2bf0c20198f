"""From a released checkpoint to one of this project."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor, nn

from mpc_mmseg.apis.inference.model_from_files import read_checkpoint
from mpc_mmseg.atomic_files import atomic_path, write_atomic
from mpc_mmseg.engine.checkpoints.handover import check_weights
from mpc_mmseg.models.backbones.hrformer_block import relative_position_index

from .release_config import model_config, test_config
from .release_keys import CLASSIFIER, bare_names, convert_keys, position_indices

_PARTS = ('backbone', 'neck', 'decode_head')


def read_release(path: str | Path) -> dict[str, Tensor]:
    """The localizer's weights of a released file, by the names of `bare_names`.

    Args:
        path: A phase-2 file (``encoder.`` and ``decoder.``), a phase-1 file (bare), the
            ImageNet file (under ``model``; its classifier is left out), or a JSON file
            of names and shapes.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If torch's safe loader refuses it.
        ValueError: If it does not hold weights by name.
    """
    if Path(path).suffix == '.json':
        shapes = json.loads(Path(path).read_text(encoding='utf-8'))
        return bare_names({k: torch.empty(s, device='meta') for k, s in shapes.items()})
    content = read_checkpoint(path)
    for key in ('model', 'state_dict'):
        if isinstance(content.get(key), Mapping):
            content = dict(content[key])
            break
    else:
        key = ''
    odd = [name for name, value in content.items() if not isinstance(value, Tensor)]
    if odd or not content:
        raise ValueError(
            f'{path} is no released checkpoint: it holds {odd[:5] or "nothing"} '
            'where weights by name are expected'
        )
    weights = bare_names(content)
    if key == 'model':
        weights = {n: v for n, v in weights.items() if not n.startswith(CLASSIFIER)}
    return weights


def convert_release(
    weights: Mapping[str, Tensor], source: str
) -> tuple[dict[str, Tensor], dict, list[str]]:
    """Weights and config of this project, checked against the model that is built.

    Args:
        weights: As of `read_release`.
        source: What errors call them.

    Returns:
        All of a model's weights by name; the config; the parts that the file lacks,
        whose weights are drawn from a fixed seed.

    Raises:
        ValueError: If a name is unknown, or the weights are no HRFormer's.
        RuntimeError: If weights are missing, too many or of another shape.
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
    """Writes a checkpoint, and its config as a file of the same name beside it.

    Args:
        state: Weights by name.
        cfg: The config that they fit.
        lacks: Parts whose weights are random.
        path: The checkpoint; replaced as a whole.

    Returns:
        The config's file.

    Raises:
        ValueError: If ``path`` is itself named as a config.
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
    """A segmentor of a config, with weights drawn from a fixed seed."""
    init_default_scope('mmseg')
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MODELS.build(Config(model))


def _check_indices(weights: Mapping[str, Tensor], source: str) -> None:
    for name, index in position_indices(weights).items():
        if index.is_meta:
            continue
        side = round(len(index) ** 0.5)
        if not torch.equal(index.cpu().long(), relative_position_index(side)):
            raise ValueError(f'{source}: {name} does not number positions as Swin does')
