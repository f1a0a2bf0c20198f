"""ForgeryInferencer: where, and how surely, images were forged."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import Tensor

from mpc_mmseg.datasets.image_io import PIXEL_LIMIT
from mpc_mmseg.models.decode_heads.fuse import fuse

from .fold_batch_norm import fold_batch_norm as folded
from .image_by_image import ImageByImage
from .image_inputs import as_loaded
from .model_from_files import load_model
from .network_pass import NetworkPass
from .prediction import Prediction
from .preparation import preparation
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
                'cluster is called forged, in each tile another one'
            )
        if fold_batch_norm:
            self.model = folded(self.model)
        own = getattr(self.model, 'threshold', 0.5)
        self.threshold = own if threshold is None else threshold
        self.pixel_limit, self.batch_size = pixel_limit, batch_size
        steps = inference_steps(self.cfg)
        # `pixels_of` does what LoadForgeryImage does by default; other loaders differ.
        if steps[0]['type'] in _LOADS_IMAGE:
            loader, *steps = steps
            if loader['type'] != 'LoadForgeryImage' or loader.get('backend_args'):
                self.load = preparation([loader])
        if self.tiling:
            steps = [step for step in steps if step['type'] not in _RESIZES]
        self.network = NetworkPass(
            self.model, preparation(steps), batch_size, amp, views
        )
        plain = self.tiling is None and len(views) == 1
        self.calibration = self.model.image_calibration if plain else None

    def embeddings(self, image: np.ndarray) -> Tensor:
        """Embeddings (C, h, w) that cover an image (H, W, 3), prepared as ever.

        Of a network with several maps the fused ones; see `embedding_evidence`.
        """
        packed = self.network.transform(as_loaded(image, None))
        height, width = packed['inputs'].shape[1:]
        with torch.no_grad():
            data = self.model.data_preprocessor(pseudo_collate([packed]), False)
            fused = fuse(list(self.model.extract_feat(data['inputs'])))[0]
        padded = data['inputs'].shape[2:]
        # Without what was padded on the right and below.
        h, w = (
            max(1, round(n * own / whole))
            for n, own, whole in zip(fused.shape[1:], (height, width), padded)
        )
        return fused[:, :h, :w]


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
