"""ForgeryInferencer: localizes forgeries in images."""

from collections.abc import Sequence
from math import lcm
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from torch import Tensor

from mpc_mmseg.datasets.io.file_kind import FileKind
from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT
from mpc_mmseg.engine.checkpoints.stored_config import test_pipelines
from mpc_mmseg.evaluation.image_calibration import read_calibration
from mpc_mmseg.evaluation.results.origin import frame_of
from mpc_mmseg.models.input_needs import needs_of

from .embedding_evidence import captured_embeddings
from .image_by_image import ImageByImage
from .image_inputs import Input, as_loaded
from .model_from_files import load_model
from .network_pass import NetworkPass, preparation, views_of
from .prediction import Prediction

__all__ = ['ForgeryInferencer', 'Prediction', 'inference_steps']

# Images are read by `pixels_of` instead; there are no masks.
_LOADS = ('LoadForgeryImage', 'LoadImageFromFile', 'LoadForgeryMask', 'LoadAnnotations')
_RESIZES = ('Resize', 'ResizeShortestEdge', 'ResizeToMultiple')


class ForgeryInferencer(ImageByImage):
    """Runs a trained segmentor on images.

    It supports each segmentor of MMSegmentation that gives a probability or two
    classes.

    Args:
        model, weights, device, trust_config: See `load_model`.
        threshold, batch_size, tile, overlap, pixel_limit: See `ImageByImage`.
        amp: Whether to run in bfloat16 (CPU) or float16 where that is safe.
        tta: Kinds of test-time augmentation, see `views_of`.
        calibration: A file of tools/calibrate.py for these weights; None for the
            calibration inside of the checkpoint, if there is one.

    Raises:
        FileNotFoundError, RuntimeError: See `load_model`.
        ValueError: If an argument is out of range, the config has no test pipeline, or
            ``tta`` or the pipeline breaks what the model needs of its input.
    """

    network: NetworkPass

    def __init__(
        self,
        model: str | Path,
        weights: str | Path | None = None,
        device: str | None = None,
        threshold: float | None = None,
        batch_size: int = 1,
        amp: bool = False,
        tile: int | None = None,
        overlap: int | None = None,
        tta: Sequence[str] = (),
        pixel_limit: int = PIXEL_LIMIT,
        calibration: str | Path | None = None,
        trust_config: bool = False,
    ) -> None:
        super().__init__(threshold, batch_size, tile, overlap, pixel_limit)
        views = views_of(tta)
        self.model, self.cfg = load_model(model, weights, device, trust_config)
        if self.tiling and getattr(self.model, 'phase', None) == 'contrast':
            raise ValueError(
                f'tile={tile} needs a trained head: in phase contrast the smaller '
                'cluster is predicted forged, which differs from tile to tile'
            )
        if threshold is None:
            self.threshold = getattr(self.model, 'threshold', 0.5)
        self.tta = tuple(tta)
        steps = self._steps = inference_steps(self.cfg)
        needs = needs_of(self.model)
        needs.check_tta(tta)
        if self.tiling:
            padding = getattr(self.model.data_preprocessor, 'test_cfg', None) or {}
            divisor = padding.get('size_divisor') or 1
            self.tiling = self.tiling.on_grid(lcm(needs.grid, needs.multiple, divisor))
            steps = [step for step in steps if step['type'] not in _RESIZES]
        needs.check_pipeline(steps, test=True)
        self.frame = frame_of(steps)
        self.network = NetworkPass(
            self.model, preparation(steps), batch_size, amp, views
        )
        self.whole = self.network.whole
        self.calibration = self.model.image_calibration
        if calibration is not None:
            digest = self.model.weights_sha256
            self.calibration = read_calibration(calibration, digest)

    def predict_with_embeddings(
        self, item: Input, kind: FileKind | None = None
    ) -> tuple[Prediction, Tensor | None]:
        """Predicts one image, see `predict`, and returns its embeddings.

        Returns:
            The prediction, and embeddings (C, h, w) that cover the image; of a network
            with several maps, the fused ones. They come from the same forward pass;
            with tiles, from another one of the whole image, resized as the config
            requires. None if the prediction failed or the model has no embeddings.
        """
        if self.tiling is None:
            with captured_embeddings(self.model) as captured:
                prediction = self.predict(item, kind)
        else:
            prediction = self.predict(item, kind)
            with captured_embeddings(self.model) as captured:
                if prediction.image is not None:
                    self._forward_untiled(prediction.image, self.tiling.tile)
        failed = prediction.error is not None or not captured
        return prediction, None if failed else captured[0]

    def _forward_untiled(self, image: np.ndarray, side: int) -> None:
        steps = self._steps
        if not any(step['type'] in _RESIZES for step in steps):
            # The config keeps the size, which may need the memory that tiles save.
            steps = [dict(type='Resize', scale=(side, side), keep_ratio=True), *steps]
        # The map is not used, so it need not have the size of the image.
        loaded = {**as_loaded(image, None), 'ori_shape': (side, side)}
        NetworkPass(self.model, preparation(steps), amp=self.network.amp)([loaded])


def inference_steps(cfg: Config) -> list[dict]:
    """The test pipeline of a config without the steps that load image and mask.

    Raises:
        ValueError: If the config has no test pipeline.
    """
    # A wrapper or a mixture has the same test pipeline in all parts.
    pipeline: Any = next(filter(None, test_pipelines(cfg.get('test_dataloader'))), ())
    if not pipeline:
        raise ValueError(
            'the config has no test_dataloader.dataset.pipeline, which defines how '
            'images are prepared for the model'
        )
    return [step for step in pipeline if step['type'] not in _LOADS]
