"""A model that is ready to predict, from a config, a checkpoint, or both."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import mpc_mmseg.models  # noqa: F401 - registers them, if that was put off
from mpc_mmseg.apis.zoo.zoo import model_file
from mpc_mmseg.engine.checkpoints.handover import check_weights
from mpc_mmseg.engine.phases import known_phases, set_phases
from mpc_mmseg.evaluation.image_calibration import ImageCalibration

CONFIG_SUFFIXES = ('.py', '.yml', '.yaml', '.json')
_CONFIGS = Path(__file__).parents[3] / 'configs'


def load_model(
    model: str | Path,
    weights: str | Path | None = None,
    device: str | None = None,
) -> tuple[BaseModel, Config]:
    """Builds a model, loads its weights and puts it into eval mode.

    A checkpoint alone will do, for MMEngine keeps the config's text in it. That text
    runs as any config does: of a checkpoint from elsewhere give your own config as
    ``model`` and the file as ``weights``; then only tensors are read from it.

    Args:
        model: A config file, the name of one of this project's with weights, a
            checkpoint with its config inside, the name of a published one, or an ONNX
            file of tools/export_onnx.py, which onnxruntime runs.
        weights: A checkpoint; None if ``model`` is one, or for random weights.
        device: As torch names it; None for the GPU (CUDA, then MPS) if there is one.

    Returns:
        The model, whose ``image_calibration`` is the checkpoint's or None, and the
        config that it was built from.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a checkpoint has no config, or the config no model.
        RuntimeError: If a checkpoint cannot be read, or is of another architecture.
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
            set_phases(cfg)  # a checkpoint that names its phase overrides it
    else:
        checkpoint = read_checkpoint(model)
        cfg = _config_of(checkpoint, model)
    source = model if weights is None else weights
    if weights is not None:
        checkpoint = read_checkpoint(weights)
    if 'model' not in cfg:
        raise ValueError(f'the config of {model} defines no model')
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    built = MODELS.build(_without_pretrained(cfg.model.to_dict()))
    built.image_calibration = None
    if checkpoint is not None:
        _load(built, checkpoint, str(source))
    if device is None:
        device = default_device()
    if any('SyncBatchNorm' in type(module).__name__ for module in built.modules()):
        built = revert_sync_batchnorm(built)
    return built.to(device).eval(), cfg


def default_device() -> str:
    """Gives the device to run on: a GPU if torch can use one."""
    if torch.cuda.is_available():
        return 'cuda'
    return 'mps' if torch.backends.mps.is_available() else 'cpu'


def find_config(name: str | Path) -> Path:
    """Finds one of this project's configs by its name.

    Args:
        name: As a folder of ``configs`` has it, with or without ``.py``.

    Raises:
        FileNotFoundError: If there is none; says what is meant perhaps.
    """
    known = {path.stem: path for path in sorted(_CONFIGS.glob('[!_]*/*.py'))}
    stem = Path(name).name.removesuffix('.py')
    if stem in known and Path(name).parent == Path():
        return known[stem]
    meant = get_close_matches(stem, known, n=3)
    also = f'; did you mean {" or ".join(meant)}?' if meant else ''
    raise FileNotFoundError(
        f'no config file or checkpoint {name}, and no config of that name in '
        f'{_CONFIGS}{also}'
    )


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint onto the CPU, by torch's safe loader only.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If it is no checkpoint, or holds what torch's safe loader
            refuses.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'no checkpoint {path}')
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise RuntimeError(
            f'{path} is damaged, or holds Python objects, which can run code when they '
            f"load, so torch's safe loader refuses it ({reason}). If you trust where "
            'it comes from, load it yourself and save its state_dict alone, then give '
            'its config as the model and that file as the weights'
        ) from error
    except (EOFError, RuntimeError) as error:
        raise RuntimeError(f'{path} is no checkpoint, or damaged: {error}') from error
    if not isinstance(checkpoint, dict):
        raise RuntimeError(f'{path} holds a {type(checkpoint).__name__}, no checkpoint')
    return checkpoint


def _config_of(checkpoint: Mapping[str, Any], path: str | Path) -> Config:
    text = checkpoint.get('meta', {}).get('cfg')
    if not isinstance(text, str):
        raise ValueError(
            f'{path} holds no config: give the config file as the model and this file '
            'as the weights'
        )
    return Config.fromstring(text, file_format='.py')


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
    """Drops initial weights from a model's config: they would be fetched in vain."""
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
