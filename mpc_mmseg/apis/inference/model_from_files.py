"""A model ready for inference, from a config, a checkpoint, or both."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import mpc_mmseg.models
import mpc_mmseg.registry  # noqa: F401 - registers them if imports are lazy
from mpc_mmseg.apis.zoo.zoo import model_file
from mpc_mmseg.engine.checkpoints.handover import check_weights
from mpc_mmseg.engine.phases import known_phases, set_phases
from mpc_mmseg.evaluation.image_calibration import ImageCalibration
from mpc_mmseg.shipped_files import shipped

CONFIG_SUFFIXES = ('.py', '.yml', '.yaml', '.json')


def load_model(
    model: str | Path,
    weights: str | Path | None = None,
    device: str | None = None,
) -> tuple[BaseModel, Config]:
    """Builds a model, loads its weights and puts it into eval mode.

    A checkpoint is enough, as MMEngine stores the config's text in it. That text is
    executed like any config: for a checkpoint that you do not trust, pass your own
    config as ``model`` and the file as ``weights``; then only tensors are read from it.

    Args:
        model: A config file; the name of a config of this project, with ``weights``;
            a checkpoint that contains its config; the name of a published model; or
            an ONNX file of tools/export_onnx.py, which onnxruntime runs.
        weights: A checkpoint; None if ``model`` is one, or for random weights.
        device: A torch device; None for the GPU (CUDA, then MPS) if there is one.

    Returns:
        The model, whose ``image_calibration`` is that of the checkpoint or None, and
        the config from which it was built.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a checkpoint has no config, or the config has no model.
        RuntimeError: If a checkpoint cannot be read or does not fit the model.
    """
    model = model_file(model, weights)
    if Path(model).suffix == '.onnx':
        from .onnx_segmentor import load_onnx  # onnxruntime is optional

        return load_onnx(model, weights, device)
    checkpoint = None
    if not Path(model).is_file():
        model = find_config(model)
    if Path(model).suffix in CONFIG_SUFFIXES:
        cfg = Config.fromfile(model)
        if known_phases(cfg):
            set_phases(cfg)  # overridden by the phase of a checkpoint, if it has one
    else:
        checkpoint = read_checkpoint(model)
        text = checkpoint.get('meta', {}).get('cfg')
        if not isinstance(text, str):
            raise ValueError(
                f'{model} contains no config: pass the config file as the model and '
                'this file as the weights'
            )
        cfg = Config.fromstring(text, file_format='.py')
    source = model if weights is None else weights
    if weights is not None:
        checkpoint = read_checkpoint(weights)
    if 'model' not in cfg:
        raise ValueError(f'the config of {model} defines no model')
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    built = MODELS.build(ConfigDict(_without_pretrained(cfg.model.to_dict())))
    built.image_calibration = None
    if checkpoint is not None:
        _load(built, checkpoint, str(source))
    if device is None:
        mps = torch.backends.mps.is_available()
        device = 'cuda' if torch.cuda.is_available() else 'mps' if mps else 'cpu'
    if any('SyncBatchNorm' in type(module).__name__ for module in built.modules()):
        built = revert_sync_batchnorm(built)
    return built.to(device).eval(), cfg


def find_config(name: str | Path) -> Path:
    """Finds a config of this project by its name.

    Args:
        name: Name of a file in a folder of ``configs``, with or without ``.py``.

    Raises:
        FileNotFoundError: If there is none; suggests similar names.
    """
    configs = shipped('configs')
    known = {path.stem: path for path in sorted(configs.glob('[!_]*/*.py'))}
    stem = Path(name).name.removesuffix('.py')
    if stem in known and Path(name).parent == Path():
        return known[stem]
    similar = get_close_matches(stem, known, n=3)
    hint = f'; did you mean {" or ".join(similar)}?' if similar else ''
    raise FileNotFoundError(
        f'no config file or checkpoint {name}, and no config of that name in '
        f'{configs}{hint}'
    )


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint to the CPU with torch's safe loader.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If it is not a checkpoint, or the safe loader refuses it.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'no checkpoint {path}')
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise RuntimeError(
            f'{path} is damaged, or contains Python objects, which can run code when '
            f"loaded, so torch's safe loader refuses it ({reason}). If you trust its "
            'source, load it yourself and save its state_dict only, then pass its '
            'config as the model and that file as the weights'
        ) from error
    except (EOFError, RuntimeError) as error:
        raise RuntimeError(
            f'{path} is not a checkpoint, or damaged: {error}'
        ) from error
    if not isinstance(checkpoint, dict):
        raise RuntimeError(
            f'{path} contains a {type(checkpoint).__name__}, not a checkpoint'
        )
    return checkpoint


def _load(model: BaseModel, checkpoint: Mapping[str, Any], source: str) -> None:
    state = {
        name.removeprefix('module.'): value
        for name, value in checkpoint.get('state_dict', checkpoint).items()
    }
    check_weights(state, model.state_dict(), required=('',), source=source)
    model.load_state_dict(state)
    meta = checkpoint.get('meta', {})
    model.image_calibration = ImageCalibration.from_meta(meta)
    phase = meta.get('mpc_phase')
    set_phase = getattr(model, 'set_phase', None)
    if phase is not None and callable(set_phase):
        set_phase(phase)


def _without_pretrained(node: Any) -> Any:
    """Removes pretrained weights from a model's config: they would be overwritten."""
    if isinstance(node, dict):
        return {
            key: None
            if key in ('init_cfg', 'pretrained')
            else _without_pretrained(value)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return type(node)(_without_pretrained(value) for value in node)
    return node
