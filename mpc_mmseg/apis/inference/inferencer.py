"""ForgeryInferencer: where, and how surely, images were forged."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor

from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT

from .fold_batch_norm import fold_batch_norm as folded
from .image_by_image import ImageByImage
from .image_inputs import Input, as_loaded
from .model_from_files import load_model
from .network_pass import NetworkPass
from .prediction import Prediction
from .preparation import preparation
from .seen_embeddings import seen_embeddings
from .test_time_views import views_of
from .tiling import Tiling

__all__ = ['ForgeryInferencer', 'Prediction', 'inference_steps']

_LOADS_IMAGE = ('LoadForgeryImage', 'LoadImageFromFile')
_LOADS_MASK = ('LoadForgeryMask', 'LoadAnnotations')
_RESIZES = ('Resize', 'ResizeShortestEdge', 'ResizeToMultiple')


class ForgeryInferencer(ImageByImage):
    """Runs a trained segmentor on images.

    Any segmentor of MMSegmentation does that gives a probability or two classes.

    Args:
        model: As of `load_model`: a config, a checkpoint, the name of a published
            model, or an ONNX file.
        weights: A checkpoint; None if ``model`` is one. Checkpoints are read by
            torch's safe loader only.
        device: As torch names it; None for the GPU if there is one.
        threshold: Probability that a forged pixel exceeds, 0.5 standing for 127 of
            255; None for the model's own, which is 0.5 unless its config sets one.
        fold_batch_norm: Whether to make BatchNorm part of the convolutions, which
            is faster and changes probabilities by rounding alone.
        batch_size: Images, or tiles, that the network sees at once at most.
        amp: Whether to run in bfloat16 (CPU) or float16 where that is safe.
        tile: Side in pixels of tiles of the image at its own size, each of which the
            network sees in place of the whole image made small. None: the whole
            image, prepared as the config says.
        overlap: Pixels that tiles share; None for a quarter of a tile.
        tta: Kinds of test-time augmentation, as `views_of` has them.
        pixel_limit: Refuse files of more pixels than this.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If an argument is wrong, or the config has no test pipeline.
        RuntimeError: If a checkpoint cannot be read, or is of another architecture;
            or if BatchNorm cannot be folded.
    """

    network: NetworkPass
    image_errors = (*ImageByImage.image_errors, torch.cuda.OutOfMemoryError)

    def __init__(
        self,
        model: str | Path,
        weights: str | Path | None = None,
        device: str | None = None,
        threshold: float | None = None,
        fold_batch_norm: bool = False,
        batch_size: int = 1,
        amp: bool = False,
        tile: int | None = None,
        overlap: int | None = None,
        tta: Sequence[str] = (),
        pixel_limit: int = PIXEL_LIMIT,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f'threshold must be in 0..1, got {threshold}')
        if pixel_limit < 1:
            raise ValueError(f'pixel_limit must be positive, got {pixel_limit}')
        if tile is None and overlap is not None:
            raise ValueError(f'overlap={overlap} needs a tile size, got tile=None')
        self.tiling = None
        if tile is not None:
            self.tiling = Tiling(tile, tile // 4 if overlap is None else overlap)
        views = views_of(tta)
        self.model, self.cfg = load_model(model, weights, device)
        if self.tiling and getattr(self.model, 'phase', None) == 'contrast':
            raise ValueError(
                f'tile={tile} needs a trained head: in phase contrast the smaller '
                'cluster is predicted forged, in each tile another one'
            )
        if fold_batch_norm:
            self.model = folded(self.model)
        own = getattr(self.model, 'threshold', 0.5)
        self.threshold = own if threshold is None else threshold
        self.pixel_limit, self.batch_size = pixel_limit, batch_size
        self.tta, self.fold_batch_norm = tuple(tta), fold_batch_norm
        steps = inference_steps(self.cfg)
        # `pixels_of` does what LoadForgeryImage does by default; other loaders differ.
        if steps[0]['type'] in _LOADS_IMAGE:
            loader, *steps = steps
            if loader['type'] != 'LoadForgeryImage' or loader.get('backend_args'):
                self.load = preparation([loader])
        self._steps = steps
        if self.tiling:
            steps = [step for step in steps if step['type'] not in _RESIZES]
        self.network = NetworkPass(
            self.model, preparation(steps), batch_size, amp, views
        )
        plain = self.tiling is None and len(views) == 1
        self.calibration = self.model.image_calibration if plain else None

    def predict_with_embeddings(self, item: Input) -> tuple[Prediction, Tensor | None]:
        """Predicts one image, and gives the embeddings that the model saw it by.

        Returns:
            The prediction, and embeddings (C, h, w) that cover the image, of a network
            with several maps the fused ones; see `embedding_evidence`. They are of the
            same forward pass; with tiles, of another one of the whole image, made small
            as the config says. None without a prediction, or if the model has none.
        """
        if self.tiling is None:
            with seen_embeddings(self.model) as seen:
                prediction = self.predict(item)
        else:
            prediction = self.predict(item)
            with seen_embeddings(self.model) as seen:
                if prediction.image is not None:
                    self._see_whole(prediction.image, self.tiling.tile)
        return prediction, seen[0] if seen and prediction.error is None else None

    def _see_whole(self, image: np.ndarray, side: int) -> None:
        """Passes the whole image through the network, made small."""
        steps = self._steps
        if not any(step['type'] in _RESIZES for step in steps):
            # The config leaves images as they are, which tiles were to avoid.
            steps = [dict(type='Resize', scale=(side, side), keep_ratio=True), *steps]
        # Its map is not wanted, so not at the size of the image either.
        loaded = {**as_loaded(image, None), 'ori_shape': (side, side)}
        NetworkPass(self.model, preparation(steps), amp=self.network.amp)([loaded])


def inference_steps(cfg: Config) -> list[dict]:
    """Gives the steps that a config takes before testing, without the mask's.

    Raises:
        ValueError: If the config has no test pipeline.
    """
    dataset = cfg.get('test_dataloader', {}).get('dataset', {})
    while 'pipeline' not in dataset and (
        'dataset' in dataset or dataset.get('datasets')
    ):
        # A wrapper or a mixture; its parts are tested alike.
        dataset = dataset['dataset'] if 'dataset' in dataset else dataset['datasets'][0]
    steps = [
        step for step in dataset.get('pipeline', ()) if step['type'] not in _LOADS_MASK
    ]
    if not steps:
        raise ValueError(
            'the config has no test_dataloader.dataset.pipeline: how an image is '
            'prepared for the model is unknown'
        )
    return steps
