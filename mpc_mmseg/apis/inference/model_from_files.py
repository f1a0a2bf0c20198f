"""A model ready for inference, from a config, a checkpoint, or both."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

import mpc_mmseg.models
import mpc_mmseg.registry  # noqa: F401 - registers them if imports are lazy
from mpc_mmseg.apis.zoo.zoo import CONFIG_SUFFIXES, model_file
from mpc_mmseg.engine.checkpoints.handover import check_weights
from mpc_mmseg.engine.checkpoints.safe_reading import read_with_hash
from mpc_mmseg.engine.checkpoints.stored_config import stored_config, without_pretrained
from mpc_mmseg.engine.phases import known_phases, set_phases
from mpc_mmseg.evaluation.image_calibration import ImageCalibration
from mpc_mmseg.evaluation.results.origin import config_differences, config_in
from mpc_mmseg.plain_text import plain_text
from mpc_mmseg.shipped_files import shipped
from mpc_mmseg.weights import weights_of


def load_model(
    model: str | Path,
    weights: str | Path | None = None,
    device: str | None = None,
    trust_config: bool = False,
    with_calibration: bool = False,
) -> tuple[BaseModel, Config]:
    """Builds a model, loads its weights and puts it into eval mode.

    The config in a checkpoint is read as data, see `stored_config`; a config file,
    which you name, is executed as your own code.

    Args:
        model: A config file; the name of a config of this project, with ``weights``;
            a checkpoint that contains its config; the name of a published model; or
            an ONNX file of tools/export_onnx.py, which onnxruntime runs.
        weights: A checkpoint, or the name of a published model; None if ``model`` is
            one, or for random weights.
        device: A torch device; None for MMEngine's choice, a GPU if there is one.
        trust_config: See `stored_config`.
        with_calibration: Whether ``weights`` bring their calibration along, which holds
            for the preparation of images in their own config. Otherwise only tensors
            and the name of the phase are read from them.

    Returns:
        The model, with ``image_calibration`` and ``weights_sha256``, the hash of the
        bytes that were loaded, each or None, and ``config_differences`` from the config
        in ``weights``, None if there is none; and the config from which it was built.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a checkpoint has no config that is data, or that has no model.
        RuntimeError: If a checkpoint cannot be read or does not fit the model.
    """
    model = model_file(model, weights)
    if Path(model).suffix == '.onnx':
        from .onnx_segmentor import load_onnx  # onnxruntime is optional

        return load_onnx(model, weights, device)
    checkpoint, digest = None, None
    if not Path(model).is_file():
        model = find_config(model)
    if Path(model).suffix in CONFIG_SUFFIXES:
        cfg = Config.fromfile(model)
        if known_phases(cfg):
            set_phases(cfg)  # overridden by the phase of a checkpoint, if it has one
    else:
        checkpoint, digest = _read(model)
        cfg = stored_config(checkpoint, str(model), trust_config)
    source = model if weights is None else weights
    if weights is not None:
        checkpoint, digest = _read(model_file(weights))
    if 'model' not in cfg:
        raise ValueError(f'the config of {model} defines no model')
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    try:
        # mmseg's models access their config by attributes.
        built = MODELS.build(ConfigDict(without_pretrained(cfg.model.to_dict())))
    except (TypeError, KeyError, AttributeError, AssertionError) as error:
        raise ValueError(
            f'the model of {model} cannot be built: {plain_text(error)}'
        ) from error
    built.image_calibration, built.weights_sha256 = None, digest
    built.config_differences = {} if weights is None else None
    if checkpoint is not None:
        meta = checkpoint.get('meta', {})
        state = {
            name.removeprefix('module.'): value
            for name, value in checkpoint.get('state_dict', checkpoint).items()
        }
        check_weights(state, weights_of(built), required=('',), source=str(source))
        built.load_state_dict(state)
        if weights is not None and (stored := config_in(meta)):
            built.config_differences = config_differences(stored, cfg)
        if 'mpc_phase' in meta and hasattr(built, 'set_phase'):
            built.set_phase(str(meta['mpc_phase']))
        if weights is None or with_calibration:
            built.image_calibration = ImageCalibration.from_meta(meta)
    if any('SyncBatchNorm' in type(module).__name__ for module in built.modules()):
        built = revert_sync_batchnorm(built)
    return built.to(device or get_device()).eval(), cfg


def find_config(name: str | Path) -> Path:
    """Finds a config of this project by its name, with or without ``.py``.

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


def _read(file: str | Path) -> tuple[dict[str, Any], str]:
    return read_with_hash(file, sha256_expected=getattr(file, 'sha256', None))
