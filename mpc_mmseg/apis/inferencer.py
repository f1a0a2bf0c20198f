"""ForgeryInferencer: where, and how surely, images were forged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.folder_pairs import find_images
from mpc_mmseg.evaluation.functional.mpc_convention import binarize
from mpc_mmseg.evaluation.probability_map import (
    image_score,
    map_features,
    probability_map,
)

from .fold_batch_norm import fold_batch_norm as folded
from .model_from_files import load_model

Input = str | Path | np.ndarray

_LOADS_IMAGE = ('LoadForgeryImage', 'LoadImageFromFile')
_LOADS_MASK = ('LoadForgeryMask', 'LoadAnnotations')


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Attributes:
        path: The image's file; None if it was given as an array.
        error: Why there is no prediction; None if there is one. The rest is None
            in that case.
        image: (H, W, 3) uint8 BGR, upright, as the maps lie on it.
        prob: (H, W) float32; probability that each pixel was forged.
        mask: (H, W) uint8; 1 forged, 0 authentic.
        image_score: The highest probability.
        forged_share: Share of the pixels called forged.
        forged_probability: Calibrated probability that the image was forged; None
            unless the checkpoint has a calibration (tools/calibrate.py).
        verdict: 'forged', 'authentic' or 'inconclusive' at the false-alarm rate of
            the calibration; None likewise.
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


class ForgeryInferencer:
    """Runs a trained segmentor on images.

    Any segmentor of MMSegmentation does that gives a probability or two classes.

    Args:
        model: A config file, a checkpoint with its config inside, or an ONNX file of
            tools/export_onnx.py.
        weights: A checkpoint; None if ``model`` is one.
        device: As torch names it; None for the GPU if there is one.
        threshold: Probability that a forged pixel exceeds, 0.5 standing for 127 of
            255; None for the model's own, which is 0.5 unless its config sets one.
        trusted: Whether checkpoints may hold Python objects, which run code as
            they load.
        fold_batch_norm: Whether to make BatchNorm part of the convolutions, which
            is faster and changes probabilities by rounding alone.

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
        trusted: bool = False,
        fold_batch_norm: bool = False,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f'threshold must be in 0..1, got {threshold}')
        self.model, self.cfg = load_model(model, weights, device, trusted)
        if fold_batch_norm:
            self.model = folded(self.model)
        own = getattr(self.model, 'threshold', 0.5)
        self.threshold: float = own if threshold is None else threshold
        steps = inference_steps(self.cfg)
        loader = steps[0] if steps[0]['type'] in _LOADS_IMAGE else None
        self._load = TRANSFORMS.build(loader or {'type': 'LoadForgeryImage'})
        self._transform = Compose(
            [TRANSFORMS.build(step) for step in (steps[1:] if loader else steps)]
        )

    def __call__(self, inputs: Input | Sequence[Input]) -> Iterator[Prediction]:
        """Predicts images one by one, while the caller asks for them.

        Args:
            inputs: An image's path, a folder (read with its sub-folders), a
                (H, W, 3) uint8 BGR array, or a list of any of these.

        Yields:
            A prediction per image, in order. An image that cannot be read or
            predicted is one with an ``error``, and the others follow.

        Raises:
            FileNotFoundError: If a folder holds no image.
        """
        for item in expand(inputs):
            yield self.predict(item)

    def predict(self, item: Input) -> Prediction:
        """Predicts one image, a path or an array."""
        path = None if isinstance(item, np.ndarray) else str(item)
        try:
            loaded = self._loaded(item)
            prob = self._probability(loaded)
        except (OSError, ValueError, MemoryError, torch.cuda.OutOfMemoryError) as error:
            return Prediction(path, error=str(error) or type(error).__name__)
        mask = binarize(prob, self.threshold).astype(np.uint8)
        probability, verdict = None, None
        if (calibration := self.model.image_calibration) is not None:
            score = calibration.score(map_features(prob))
            probability = calibration.probability(score)
            verdict = calibration.verdict(score)
        return Prediction(
            path=path,
            image=loaded['img'],
            prob=prob,
            mask=mask,
            image_score=image_score(prob),
            forged_share=float(mask.mean()),
            forged_probability=probability,
            verdict=verdict,
        )

    def _loaded(self, item: Input) -> dict[str, Any]:
        if not isinstance(item, np.ndarray):
            return self._load({'img_path': str(item)})
        if item.dtype != np.uint8 or item.ndim != 3 or item.shape[2] != 3:
            raise ValueError(
                f'an image must be (H, W, 3) uint8, got {item.shape} {item.dtype}'
            )
        size = item.shape[:2]
        return {'img': item, 'img_path': None, 'img_shape': size, 'ori_shape': size}

    @torch.no_grad()
    def _probability(self, loaded: dict[str, Any]) -> np.ndarray:
        batch = pseudo_collate([self._transform(dict(loaded))])
        [sample] = self.model.test_step(batch)
        prob = probability_map(sample.to_dict())
        if prob.shape != loaded['ori_shape'][:2]:
            raise ValueError(
                f'the model gave a map of {prob.shape} for an image of '
                f'{loaded["ori_shape"][:2]}'
            )
        return prob


def expand(inputs: Input | Sequence[Input]) -> list[Input]:
    """Lists the images that inputs stand for: folders are replaced by their images.

    Raises:
        FileNotFoundError: If a folder holds no image.
    """
    items = [inputs] if isinstance(inputs, str | Path | np.ndarray) else inputs
    images: list[Input] = []
    for item in items:
        if isinstance(item, np.ndarray) or not Path(item).is_dir():
            images.append(item)
            continue
        found, _ = find_images(str(item))
        if not found:
            raise FileNotFoundError(f'the folder {item} holds no image')
        images += [path for _, path in found]
    return images


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
