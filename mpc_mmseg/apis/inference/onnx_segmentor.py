"""An exported model as a segmentor, for options and pipelines that need torch."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor

from mpc_mmseg.engine.checkpoints.stored_config import check_plain
from mpc_mmseg.evaluation.image_calibration import META_KEY, ImageCalibration
from mpc_mmseg.models.input_filters.whole_photograph import PhotographFilter
from mpc_mmseg.models.input_needs import InputNeeds
from mpc_mmseg.models.segmentors.mpc_segmentor import MPCSegmentor
from mpc_mmseg.models.segmentors.padding import pad_to

from .onnx_engine import OnnxEngine


@MODELS.register_module()
class OnnxSegmentor(BaseModel, PhotographFilter):
    """Predicts as `MPCSegmentor` does, with onnxruntime. It cannot be trained.

    Args:
        file, device, threads: See `OnnxEngine`, also for errors.

    Raises:
        ValueError: Also if the file names other steps than known ones.
    """

    phase: str | None = None

    def __init__(
        self, file: str | Path, device: str | None = None, threads: int | None = None
    ) -> None:
        engine = OnnxEngine(file, device, threads)
        description = engine.description
        # Registries import any dotted name: a file from elsewhere could run anything.
        for part in ('pipeline', 'data_preprocessor'):
            remedy = 'Use the checkpoint that it was exported from'
            check_plain(description[part], part, str(file), remedy=remedy)
        super().__init__(data_preprocessor=description['data_preprocessor'])
        self.engine, self.weights_sha256 = engine, engine.sha256
        self.config_differences: dict = {}
        needs = InputNeeds(**(description.get('needs') or {}))
        self.grid, self.native_size = needs.grid, needs.native_size
        self.multiple = self.input_multiple = needs.multiple
        self.tta = tuple(needs.tta)
        self.threshold: float = description['threshold']
        self.image_calibration = ImageCalibration.from_meta(
            {META_KEY: description['calibration']}
        )

    def _forward(
        self, inputs: Tensor, data_samples: SampleList | None = None
    ) -> Tensor:
        """Logits (B, 1, h, w) of "forged" for prepared images (B, 3, H, W)."""
        padded = pad_to(inputs, self.padded_size(inputs))
        sizes = [inputs.shape[2:]] * len(inputs) if self.sizes is None else self.sizes
        statistics = None if self.statistics is None else self.statistics.cpu().numpy()
        prob = self.engine.run(padded.cpu().contiguous().numpy(), sizes, statistics)
        # eps: the logit of a probability rounded to 1 must stay finite.
        return torch.from_numpy(prob).to(inputs.device).logit(eps=1e-7)

    def measure_all(self, inputs: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Statistics and weights of the whole photograph, as of `FilteredBackbone`."""
        if not self.engine.measures:
            return []
        found = self.engine.own_statistics(inputs.cpu().numpy(), self.sizes)
        own, number = map(torch.from_numpy, found)
        return [(own, number)]

    # `predict` reads it: a head predicts.
    phase = 'supervised'
    padded_size = MPCSegmentor.padded_size
    predict = MPCSegmentor.predict

    def forward(
        self,
        inputs: Tensor,
        data_samples: SampleList | None = None,
        mode: str = 'tensor',
    ) -> Tensor | SampleList:
        """Logits, or with mode 'predict' the result of `MPCSegmentor.predict`."""
        if mode == 'loss':
            raise ValueError('an exported model cannot be trained')
        return (
            self.predict(inputs, data_samples)
            if mode == 'predict'
            else self._forward(inputs)
        )


def load_onnx(
    file: str | Path, weights: str | Path | None = None, device: str | None = None
) -> tuple[OnnxSegmentor, Config]:
    """Loads an exported model, and the part of its config that inference needs."""
    if weights is not None:
        raise ValueError(f'weights must be None with an ONNX file, got {weights}')
    init_default_scope('mmseg')
    model = OnnxSegmentor(file, device)
    # JSON has no tuples, which transforms require for sizes.
    pipeline = [
        {k: tuple(v) if isinstance(v, list) else v for k, v in step.items()}
        for step in model.engine.description['pipeline']
    ]
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=pipeline))))
    return model.eval(), cfg
