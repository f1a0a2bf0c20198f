"""Export of a trained segmentor to ONNX, with a description of how to use it."""

import copy
import json
import warnings
from dataclasses import asdict
from math import lcm
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import Upsample
from torch import Tensor, nn

from mpc_mmseg.apis.inference.inferencer import inference_steps
from mpc_mmseg.apis.inference.onnx_engine import FORMAT, METADATA_KEY, OnnxEngine
from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.evaluation.results.origin import config_sha256
from mpc_mmseg.hashing import file_sha256
from mpc_mmseg.models.input_filters.whole_photograph import photograph_filters
from mpc_mmseg.models.input_needs import needs_of
from mpc_mmseg.models.segmentors import MPCSegmentor
from mpc_mmseg.version import __version__

from .one_logit import OneLogit

#: Largest allowed difference of a probability from PyTorch's.
TOLERANCE = 1e-3
_OPSET = 17


class _Probability(nn.Module):
    """The graph's function; with a `PhotographFilter` also of its measurements."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.filters = photograph_filters(model)
        self.measuring: list[Any] = [
            m for m in model.modules() if hasattr(m, 'measure_all')
        ]

    def forward(
        self, image: Tensor, sizes: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor | tuple[Tensor, ...]:
        for each in self.filters:
            each.sizes, each.statistics = sizes, known
        prob = self.model._forward(image).sigmoid()
        if sizes is None:
            return prob
        return prob, *self.measuring[0].measure_all(image)[0]


def export_onnx(
    model: BaseModel, description: dict[str, Any], out: str | Path
) -> float:
    """Exports a segmentor with dynamic batch and size, checked with onnxruntime.

    The graph maps ``image`` (B, 3, H, W), prepared as described in the file, to
    ``prob`` (B, 1, h, w) at the size of the finest map, of a segmentor of mmseg at that
    of the image. The exporter folds BatchNorm.

    Args:
        model: An MPCSegmentor, or an EncoderDecoder of two classes or one logit; in
            eval mode, on the CPU.
        description: From `describe`; stored in the file.
        out: The file, written atomically.

    Returns:
        The largest difference of a probability from PyTorch's.

    Raises:
        ImportError: If onnx or onnxruntime is missing.
        ValueError: If the model is another one, or has no trained head.
        RuntimeError: If the probabilities of onnxruntime differ.
    """
    import onnx

    if isinstance(model, EncoderDecoder):
        model = OneLogit(model)
    if not isinstance(model, MPCSegmentor | OneLogit):
        raise ValueError(
            'only an MPCSegmentor or an EncoderDecoder can be exported, got a '
            f'{type(model).__name__}'
        )
    if model.phase == 'contrast':
        raise ValueError(
            'the checkpoint is of phase 1 (contrast), which predicts by clustering '
            'pixels and has no trained head: export a checkpoint of phase 2'
        )
    traced = _Probability(_with_dynamic_sizes(model)).eval()
    if len(traced.filters) > 1:
        raise ValueError(
            'only one filter that measures photographs can be exported, not '
            f'{len(traced.filters)}'
        )
    multiple = model.input_multiple
    examples = [torch.zeros(2, 3, 3 * multiple, 5 * multiple)]
    inputs, outputs = ['image'], ['prob']
    if traced.filters:
        statistics, _ = traced.measuring[0].measure_all(examples[0])[0]
        sizes = torch.tensor([[multiple, multiple], [3 * multiple - 1, 5 * multiple]])
        examples += [sizes, torch.full_like(statistics[:1], torch.nan)]
        inputs += ['sizes', 'statistics']
        outputs += ['own_statistics', 'blocks']
    with atomic_path(out) as temporary:
        with torch.no_grad(), warnings.catch_warnings():
            # The tracer warns of each size, the exporter of its successor.
            warnings.simplefilter('ignore')
            torch.onnx.export(
                traced,
                tuple(examples),
                str(temporary),
                dynamo=False,
                opset_version=_OPSET,
                input_names=inputs,
                output_names=outputs,
                dynamic_axes={
                    'image': {0: 'B', 2: 'H', 3: 'W'},
                    'prob': {0: 'B', 2: 'h', 3: 'w'},
                    **{n: {0: 'B'} for n in (*inputs[1:2], *outputs[1:])},
                },
            )
        graph = onnx.load(temporary)
        onnx.helper.set_model_props(graph, {METADATA_KEY: json.dumps(description)})
        onnx.save(graph, temporary)
        error = largest_difference(model, temporary)
        if not error <= TOLERANCE:
            raise RuntimeError(
                f'the probabilities of onnxruntime differ by {error:.1e} from those '
                f'of PyTorch, {TOLERANCE} is allowed; {out} is not written'
            )
    return error


@torch.no_grad()
def largest_difference(model: MPCSegmentor | OneLogit, file: str | Path) -> float:
    """Largest difference of a probability between PyTorch and onnxruntime, on noise."""
    engine = OnnxEngine(file, 'cpu', torch.get_num_threads())
    generator = torch.Generator().manual_seed(0)
    errors = []
    # No two sides have the same remainder modulo 7.
    for batch, height, width in ((1, 2, 3), (2, 4, 5)):
        height, width = height * model.input_multiple, width * model.input_multiple
        images = torch.rand(batch, 3, height, width, generator=generator)
        expected = model._forward(images).sigmoid().numpy()
        errors.append(np.abs(engine.run(images.numpy()) - expected).max())
    return float(max(errors))


def _with_dynamic_sizes(model: nn.Module) -> nn.Module:
    """A copy without mmseg's Upsample, whose size is a constant in the trace."""
    model = copy.deepcopy(model)
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, Upsample) and not child.size:
                own = (child.scale_factor, child.mode, child.align_corners)
                setattr(module, name, nn.Upsample(None, *own))
    return model


def describe(model: BaseModel, cfg: Config, checkpoint: str | Path) -> dict[str, Any]:
    """Describes for JSON how images are prepared for a model, and identifies the model.

    Args:
        model, cfg: From `load_model`.
        checkpoint: The file of its weights, if `load_model` did not read them.

    Raises:
        ValueError: If the config has no test pipeline or JSON cannot represent it.
    """
    steps, before = inference_steps(cfg), cfg.model.data_preprocessor
    needs = needs_of(model)
    needs.check_pipeline(steps, test=True)
    test = before.get('test_cfg') or {}
    calibration = getattr(model, 'image_calibration', None)
    description = {
        'format': FORMAT,
        'input': 'image: float32 (B, 3, H, W), channels in channel_order, '
        '(value - mean) / std of 0..255, then padded right and below with pad_value '
        'to multiples of size_divisor',
        'output': 'prob: float32 (B, 1, h, w), probability that a pixel is forged',
        'resize': 'other' if test.get('size') else resize_rule(steps),
        'channel_order': 'RGB' if before.get('bgr_to_rgb') else 'BGR',
        'mean': before.get('mean') or [0.0] * 3,
        'std': before.get('std') or [1.0] * 3,
        'pad_value': before.get('pad_val', 0),
        'size_divisor': lcm(test.get('size_divisor') or 1, needs.grid, needs.multiple),
        'needs': asdict(needs),
        'threshold': getattr(model, 'threshold', 0.5),
        'calibration': None if calibration is None else calibration.as_meta(),
        'pipeline': steps,
        'data_preprocessor': before,
        'config_sha256': config_sha256(cfg),
        # Of the bytes that were loaded: the file may have been replaced since.
        'weights_sha256': getattr(model, 'weights_sha256', None)
        or file_sha256(checkpoint),
        'versions': {'mpc_mmseg': __version__, 'torch': torch.__version__},
    }
    try:
        return json.loads(json.dumps(description))
    except TypeError as error:
        raise ValueError(
            'the test pipeline or data_preprocessor of the config contains a value '
            f'that JSON cannot represent: {error}'
        ) from error


def resize_rule(steps: list[dict]) -> list[int] | str | None:
    """[H, W] to which a test pipeline resizes; None if it does not, else 'other'."""
    plain = ({'type': 'LoadForgeryImage'}, {'type': 'PackForgeryInputs'})
    rest = [step for step in steps if step not in plain]
    if not rest:
        return None
    scale = rest[0].get('scale')
    if rest == [{'type': 'Resize', 'scale': scale}] and isinstance(scale, list | tuple):
        return [scale[1], scale[0]]
    return 'other'
