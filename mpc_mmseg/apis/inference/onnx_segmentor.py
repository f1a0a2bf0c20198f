"""An ONNX file in a segmentor's place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor

from mpc_mmseg.evaluation.image_calibration import META_KEY, ImageCalibration
from mpc_mmseg.models.segmentors import MPCSegmentor

from .onnx_engine import OnnxEngine


@MODELS.register_module()
class OnnxSegmentor(BaseModel):
    """Predicts as `MPCSegmentor` does, by onnxruntime. It cannot be trained.

    Args:
        file: Of tools/export_onnx.py.
        device: As of `OnnxEngine`.
        threads: Likewise.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If onnxruntime is missing.
        RuntimeError: If it is no ONNX model.
        ValueError: If it was not exported by this package, names code to run, or the
            device is missing.
    """

    def __init__(
        self, file: str, device: str | None = None, threads: int | None = None
    ) -> None:
        engine = OnnxEngine(file, device, threads)
        said = engine.description
        check_names([said['pipeline'], said['data_preprocessor']], file)
        super().__init__(data_preprocessor=said['data_preprocessor'])
        self.engine = engine
        self.threshold: float = said['threshold']
        self.image_calibration = ImageCalibration.from_meta(
            {META_KEY: said['calibration']} if said['calibration'] else {}
        )

    def _forward(
        self, inputs: Tensor, data_samples: SampleList | None = None
    ) -> Tensor:
        """Logits (B, 1, h, w) of "forged" of prepared images (B, 3, H, W)."""
        prob = self.engine.run(inputs.cpu().contiguous().numpy())
        # A probability that was rounded to 1 must not become infinite.
        return torch.from_numpy(prob).to(inputs.device).logit(eps=1e-7)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Logits (B, 1, H, W) at the inputs' size, mmseg's interface."""
        return F.interpolate(self._forward(inputs), inputs.shape[-2:], mode='bilinear')

    predict = MPCSegmentor.predict

    def forward(
        self,
        inputs: Tensor,
        data_samples: SampleList | None = None,
        mode: str = 'tensor',
    ) -> Tensor | SampleList:
        """Logits, or with mode 'predict' what `MPCSegmentor.predict` gives.

        Raises:
            ValueError: If the mode is 'loss' or unknown.
        """
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode != 'tensor':
            raise ValueError(f"mode must be 'tensor' or 'predict', got {mode!r}")
        return self._forward(inputs)


def load_onnx(
    file: str | Path, weights: str | Path | None = None, device: str | None = None
) -> tuple[OnnxSegmentor, Config]:
    """Loads an exported model with as much of its config as inference needs.

    Args:
        file: The ONNX file.
        weights: None: they are in the file.
        device: As of `OnnxEngine`.

    Raises:
        FileNotFoundError, ImportError, RuntimeError, ValueError: As `OnnxSegmentor`;
            the last one also if there are weights.
    """
    if weights is not None:
        raise ValueError(f'weights must be None with an ONNX file, got {weights}')
    init_default_scope('mmseg')
    model = OnnxSegmentor(str(file), device)
    pipeline = _with_tuples(model.engine.description['pipeline'])
    return model.eval(), Config(
        dict(test_dataloader=dict(dataset=dict(pipeline=pipeline)))
    )


def check_names(node: Any, file: str | Path) -> None:
    """Checks that a description names registry entries alone.

    MMEngine's registries also import what a dotted name stands for, so that the
    description of a file from elsewhere could run any function.

    Raises:
        ValueError: If a ``type`` is anything but a plain name.
    """
    for value in _types(node):
        if not isinstance(value, str) or not value.isidentifier():
            raise ValueError(
                f'{file} names {value!r} as a step of its preparation: only names of '
                'registered steps are accepted'
            )


def _types(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if 'type' in node:
            yield node['type']
        for value in node.values():
            yield from _types(value)
    elif isinstance(node, list):
        for value in node:
            yield from _types(value)


def _with_tuples(node: Any) -> Any:
    """JSON has no tuples, which steps ask for where they mean a size."""
    if isinstance(node, dict):
        return {key: _with_tuples(value) for key, value in node.items()}
    if isinstance(node, list):
        plain = not any(isinstance(value, dict | list) for value in node)
        return tuple(node) if plain else [_with_tuples(value) for value in node]
    return node
