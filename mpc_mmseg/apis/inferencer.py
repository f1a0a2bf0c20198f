"""ForgeryInferencer: where, and how surely, images were forged."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS
from torch import Tensor

from mpc_mmseg.datasets.image_io import PIXEL_LIMIT
from mpc_mmseg.evaluation.functional.mpc_convention import binarize
from mpc_mmseg.evaluation.probability_map import image_score, map_features

from .fold_batch_norm import fold_batch_norm as folded
from .image_inputs import Input, as_loaded, expand, path_of, pixels_of
from .model_from_files import load_model
from .network_pass import NetworkPass
from .regions import Region, find_regions
from .seen_embeddings import seen_embeddings
from .test_time_views import views_of
from .tiling import Tiling, Window, tiled_map

_LOADS_IMAGE = ('LoadForgeryImage', 'LoadImageFromFile')
_LOADS_MASK = ('LoadForgeryMask', 'LoadAnnotations')
_RESIZES = ('Resize', 'ResizeShortestEdge', 'ResizeToMultiple')
# What an image can do wrong; another error is the program's and ends the run.
_IMAGE_ERRORS = (OSError, ValueError, MemoryError, torch.cuda.OutOfMemoryError)


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Attributes:
        path: The image's file; None if it came without one.
        error: Why there is no prediction; None if there is one. The rest is None
            in that case.
        image: (H, W, 3) uint8 BGR, upright, as the maps lie on it.
        prob: (H, W) float32; probability that each pixel was forged.
        mask: (H, W) uint8; 1 forged, 0 authentic.
        image_score: The highest probability.
        forged_share: Share of the pixels called forged.
        forged_probability: Calibrated probability that the image was forged; None
            unless the checkpoint has a calibration (tools/calibrate.py), which is
            one of maps without tiles and test-time augmentation.
        verdict: 'forged', 'authentic' or 'inconclusive' at the false-alarm rate of
            the calibration; None likewise.
        regions: Connected parts of the mask, the largest first.
    """

    path: str | None
    error: str | None = None
    image: np.ndarray | None = None
    prob: np.ndarray | None = None
    mask: np.ndarray | None = None
    image_score: float | None = None
    forged_share: float | None = None
    forged_probability: float | None = None
    verdict: str | None = None
    regions: tuple[Region, ...] | None = None


class ForgeryInferencer:
    """Runs a trained segmentor on images.

    Any segmentor of MMSegmentation does that gives a probability or two classes.

    Args:
        model: A config file, the name of one of this project's configs, a checkpoint
            with its config inside, or an ONNX file of tools/export_onnx.py.
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
                'cluster is called forged, in each tile another one'
            )
        if fold_batch_norm:
            self.model = folded(self.model)
        own = getattr(self.model, 'threshold', 0.5)
        self.threshold: float = own if threshold is None else threshold
        self.pixel_limit, self.batch_size = pixel_limit, batch_size
        self.tta, self.fold_batch_norm = tuple(tta), fold_batch_norm
        steps = inference_steps(self.cfg)
        # `pixels_of` does what LoadForgeryImage does by default; other loaders differ.
        self._load = None
        if steps[0]['type'] in _LOADS_IMAGE:
            loader, *steps = steps
            if loader['type'] != 'LoadForgeryImage' or loader.get('backend_args'):
                self._load = TRANSFORMS.build(loader)
        self._steps = steps
        if self.tiling:
            steps = [step for step in steps if step['type'] not in _RESIZES]
        self.network = NetworkPass(
            self.model, _transform(steps), batch_size, amp, views
        )
        plain = self.tiling is None and len(views) == 1
        self._calibration = self.model.image_calibration if plain else None

    def __call__(self, inputs: Input | Iterable[Input]) -> Iterator[Prediction]:
        """Predicts images batch by batch, while the caller asks for them.

        Args:
            inputs: An image's path or content, a folder (read with its sub-folders),
                a pattern of paths, an upright (H, W, 3) uint8 BGR array, a Pillow
                image, or an iterable of any of these.

        Yields:
            A prediction per image, in order. An image that cannot be read or
            predicted is one with an ``error``, and the others follow.

        Raises:
            FileNotFoundError: If a folder holds no image, or nothing fits a pattern.
        """
        images = expand(inputs)
        # Tiles fill the batches of a tiled image, which may be a large one.
        size = 1 if self.tiling else self.batch_size
        while batch := list(islice(images, size)):
            yield from self._predict(batch)

    def predict(self, item: Input) -> Prediction:
        """Predicts one image."""
        return self._predict([item])[0]

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

    def _predict(self, items: Sequence[Input]) -> list[Prediction]:
        loaded = [self._loaded(item) for item in items]
        whole = [x for x in loaded if not isinstance(x, str)]
        try:
            maps = iter(self._maps(whole))
        except _IMAGE_ERRORS as error:
            if len(items) > 1:
                # One is at fault; the others shall not suffer for it.
                return [self.predict(item) for item in items]
            return [Prediction(path_of(items[0]), str(error) or type(error).__name__)]
        return [
            Prediction(path_of(item), error=image)
            if isinstance(image, str)
            else self._said(path_of(item), image['img'], next(maps))
            for item, image in zip(items, loaded)
        ]

    def _loaded(self, item: Input) -> dict[str, Any] | str:
        """What a loading step gives, or why it fails."""
        try:
            if self._load is not None and isinstance(item, str | Path):
                return self._load({'img_path': str(item)})
            return as_loaded(pixels_of(item, self.pixel_limit), path_of(item))
        except _IMAGE_ERRORS as error:
            return str(error) or type(error).__name__

    def _maps(self, images: Sequence[dict[str, Any]]) -> list[np.ndarray]:
        if self.tiling is None:
            return self.network(images)
        return [self._tiled(image, self.tiling) for image in images]

    def _tiled(self, image: dict[str, Any], tiling: Tiling) -> np.ndarray:
        pixels = image['img']

        def predict(windows: list[Window]) -> list[np.ndarray]:
            tiles = (np.ascontiguousarray(pixels[window]) for window in windows)
            return self.network([as_loaded(t, image['img_path']) for t in tiles])

        return tiled_map(pixels.shape[:2], tiling, predict, self.batch_size)

    def _see_whole(self, image: np.ndarray, side: int) -> None:
        """Passes the whole image through the network, made small."""
        steps = self._steps
        if not any(step['type'] in _RESIZES for step in steps):
            # The config leaves images as they are, which tiles were to avoid.
            steps = [dict(type='Resize', scale=(side, side), keep_ratio=True), *steps]
        # Its map is not wanted, so not at the size of the image either.
        loaded = {**as_loaded(image, None), 'ori_shape': (side, side)}
        NetworkPass(self.model, _transform(steps), amp=self.network.amp)([loaded])

    def _said(
        self, path: str | None, image: np.ndarray, prob: np.ndarray
    ) -> Prediction:
        mask = binarize(prob, self.threshold).view(np.uint8)
        probability, verdict = None, None
        if self._calibration is not None:
            score = self._calibration.score(map_features(prob))
            probability = self._calibration.probability(score)
            verdict = self._calibration.verdict(score)
        return Prediction(
            path=path,
            image=image,
            prob=prob,
            mask=mask,
            image_score=image_score(prob),
            forged_share=float(mask.mean()),
            forged_probability=probability,
            verdict=verdict,
            regions=find_regions(prob, mask),
        )


def _transform(steps: Sequence[dict]) -> Compose:
    return Compose([TRANSFORMS.build(step) for step in steps])


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
