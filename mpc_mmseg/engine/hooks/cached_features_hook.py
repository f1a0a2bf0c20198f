"""Phase 2 from embeddings that were stored once."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.dataset import (
    ClassBalancedDataset,
    ConcatDataset,
    RepeatDataset,
    pseudo_collate,
)
from mmengine.dist import barrier, get_dist_info, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS
from rich.console import Console
from rich.progress import track
from torch import Tensor

from mpc_mmseg.engine.feature_cache import (
    FeatureCache,
    StoredSamples,
    build,
    files_hash,
    weights_hash,
)
from mpc_mmseg.engine.phase_data import SeededDataset
from mpc_mmseg.weights import weights_of

#: Transforms that draw no random numbers; others may.
FIXED_TRANSFORMS = (
    'CenterCrop', 'LoadAnnotations', 'LoadForgeryImage', 'LoadForgeryMask',
    'LoadImageFromFile', 'Normalize', 'PackForgeryInputs', 'PackSegInputs', 'Pad',
    'Resize',
)  # fmt: skip
# Other wrappers may make samples of their own.
_WRAPPERS = (ClassBalancedDataset, RepeatDataset, SeededDataset)


def leaves(dataset: Any) -> Iterator:
    """The innermost data sets of mixtures and repetitions."""
    if isinstance(dataset, ConcatDataset):
        for child in dataset.datasets:
            yield from leaves(child)
    elif isinstance(dataset, _WRAPPERS):
        yield from leaves(dataset.dataset)
    else:
        yield dataset


def may_draw(dataset: Any) -> list[str]:
    """Names of what in one of `leaves` may draw random numbers."""
    if 'dataset' in vars(dataset):  # a wrapper that makes samples of its own
        return [type(dataset).__name__]
    names = [type(t).__name__ for t in dataset.pipeline.transforms]
    return [name for name in names if name not in FIXED_TRANSFORMS]


def _show(batches: list) -> Iterator:
    return iter(track(batches, 'embeddings', console=Console(stderr=True)))


@HOOKS.register_module()
class CachedFeaturesHook(Hook):
    """Trains the localize phase on embeddings from disk; for sweeps over heads.

    The frozen parts run once per image, and no image is decoded again: the masks are
    stored as well. All processes together write the embeddings when the phase begins.
    Later runs with the same frozen weights, files and pipeline reuse them; others get a
    sub-folder of their own: delete those that are not needed any more. In half
    precision an image of 256x256 takes 2.8 MB with the published projection.

    Args:
        folder: Folder of the embeddings.
        batch_size: Images at a time while they are computed, at least 1.

    Raises:
        ValueError: When the run starts, if there is no localize phase, ``frozen_eval``
            is off or the pipeline may augment.
    """

    def __init__(self, folder: str, batch_size: int = 8) -> None:
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        self.folder, self.batch_size = folder, batch_size

    def before_train(self, runner) -> None:
        """Check, before training, that embeddings can be stored for this config."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if all(phase.name != 'localize' for phase in runner.train_loop.phases):
            raise ValueError('CachedFeaturesHook needs a localize phase in the config')
        if not model.frozen_eval:
            raise ValueError(
                'CachedFeaturesHook needs model.frozen_eval=True: in training mode '
                'the embeddings of an image change from draw to draw'
            )
        if getattr(model.data_preprocessor, 'batch_augments', None):
            raise ValueError('CachedFeaturesHook: data_preprocessor has batch_augments')
        for dataset in leaves(runner.train_dataloader.dataset):
            if random := may_draw(dataset):
                raise ValueError(
                    'CachedFeaturesHook: data sets or transforms of the training data '
                    f'may draw random numbers: {random}. Remove them'
                )
        outer = runner.train_dataloader.dataset
        _, names, fingerprint = self._describe(runner)
        cache = FeatureCache(self.folder, names, fingerprint)
        outer.of_phase['localize'] = StoredSamples(outer.dataset, cache)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Open the embeddings when the localize phase begins or is resumed."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if model.phase == 'localize' and model.feature_source is None:
            model.feature_source = self._open(runner, model)

    def _describe(self, runner) -> tuple[dict, list[str], dict[str, str]]:
        """Data set and index of each image, the images, and what masks depend on."""
        sources: dict[str, tuple] = {}
        masks: dict[str, str | None] = {}
        pipelines: dict[str, None] = {}
        paths: list[str] = []
        for dataset in leaves(runner.train_dataloader.dataset):
            pipelines[repr(dataset.pipeline)] = None
            for index in range(len(dataset)):
                info = dataset.get_data_info(index)
                image, mask = info['img_path'], info.get('seg_map_path')
                sources.setdefault(image, (dataset, index))
                if masks.setdefault(image, mask) != mask:
                    raise ValueError(
                        f'CachedFeaturesHook: {image} has two masks, {masks[image]} '
                        f'and {mask}'
                    )
                paths += [image] if mask is None else [image, mask]
        if len(pipelines) > 1:
            raise ValueError('CachedFeaturesHook: data sets with different pipelines')
        fingerprint = {
            'files': files_hash(paths),
            'pipeline': next(iter(pipelines)),
            'preprocessor': repr(runner.cfg.model.get('data_preprocessor')),
        }
        return sources, list(sources), fingerprint

    def _open(self, runner, model):
        sources, images, fingerprint = self._describe(runner)
        weights = weights_of(model).items()
        frozen = {k: v for k, v in weights if not k.startswith('decode_head.')}
        fingerprint['weights'] = weights_hash(frozen)
        cache = FeatureCache(self.folder, images, fingerprint)

        @torch.no_grad()
        def compute(names: Sequence[str]) -> tuple[list[Tensor], Tensor]:
            found = [sources[name] for name in names]
            samples = [dataset[index] for dataset, index in found]
            data = model.data_preprocessor(pseudo_collate(samples), True)
            masks = [sample.gt_sem_seg.data for sample in data['data_samples']]
            return model.extract_feat(data['inputs']), torch.cat(masks).byte()

        if not cache.open():
            runner.logger.info(f'Storing embeddings in {cache.folder}')
            progress = _show if is_main_process() else list
            build(cache, compute, self.batch_size, *get_dist_info(), progress, barrier)
            cache.open()
        return cache.read
