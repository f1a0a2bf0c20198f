"""Phase 2 from embeddings that were stored once."""

from collections.abc import Iterator, Sequence

import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import barrier, get_dist_info, is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.utils import ProgressBar
from mmseg.registry import HOOKS
from torch import Tensor

from ..feature_cache import FeatureCache, build, files_hash, weights_hash

# Others may draw random numbers.
_FIXED = (
    'CenterCrop',
    'LoadAnnotations',
    'LoadForgeryImage',
    'LoadForgeryMask',
    'LoadImageFromFile',
    'Normalize',
    'PackForgeryInputs',
    'PackSegInputs',
    'Pad',
    'Resize',
)


def leaves(dataset) -> Iterator:
    """The innermost data sets of mixtures and repetitions."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and 'dataset' in vars(dataset):
        inner = [dataset.dataset]
    for child in inner or ():
        yield from leaves(child)
    if not inner:
        yield dataset


def _show(batches: list) -> Iterator:
    bar = ProgressBar(len(batches), bar_width=30)
    for batch in batches:
        yield batch
        bar.update()


@HOOKS.register_module()
class CachedFeaturesHook(Hook):
    """Trains the localize phase on embeddings from disk; for sweeps over heads.

    The frozen parts then run once per image and not once per draw. The embeddings are
    written when the phase begins, by all processes together, and are used again by
    every later run whose frozen weights, files and pipeline are the same; otherwise
    they are written anew, with a warning that says what changed. They are kept in half
    precision, 2.8 MB for an image of 256x256 with the published projection.

    Args:
        folder: Where the embeddings are kept.
        batch_size: Images at a time while they are computed.
        fixed_transforms: Names of further transforms of the training pipeline that
            draw no random numbers.

    Raises:
        ValueError: If ``batch_size`` is below 1; when the run starts, if there is no
            localize phase, ``frozen_eval`` is off or the pipeline may augment.
    """

    def __init__(
        self,
        folder: str,
        batch_size: int = 8,
        fixed_transforms: Sequence[str] = (),
    ) -> None:
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        self.folder = folder
        self.batch_size = batch_size
        self.fixed = {*_FIXED, *fixed_transforms}

    def before_train(self, runner) -> None:
        """Refuse what embeddings cannot be stored for, before anything is trained."""
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
            names = [type(t).__name__ for t in dataset.pipeline.transforms]
            if random := [name for name in names if name not in self.fixed]:
                raise ValueError(
                    'CachedFeaturesHook: the training pipeline has transforms that may '
                    f'draw random numbers: {random}. Remove them, or name them in '
                    'fixed_transforms if they do not'
                )

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Open the embeddings when the localize phase begins or is resumed."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if model.phase == 'localize' and model.feature_source is None:
            model.feature_source = self._open(runner, model)

    def _open(self, runner, model):
        sources, paths, pipelines = {}, [], {}
        for dataset in leaves(runner.train_dataloader.dataset):
            pipelines[repr(dataset.pipeline)] = None
            for index in range(len(dataset)):
                info = dataset.get_data_info(index)
                sources.setdefault(info['img_path'], (dataset, index))
                paths.append(info['img_path'])
        if len(pipelines) > 1:
            raise ValueError('CachedFeaturesHook: data sets with different pipelines')
        frozen = {
            name: value
            for name, value in model.state_dict().items()
            if not name.startswith('decode_head.')
        }
        cache = FeatureCache(
            self.folder,
            list(sources),
            {
                'weights': weights_hash(frozen),
                'files': files_hash(paths),
                'pipeline': next(iter(pipelines)),
                'preprocessor': repr(runner.cfg.model.get('data_preprocessor')),
            },
        )

        @torch.no_grad()
        def compute(names: Sequence[str]) -> list[Tensor]:
            samples = []
            for name in names:
                dataset, index = sources[name]
                samples.append(dataset[index])
            inputs = model.data_preprocessor(pseudo_collate(samples), True)['inputs']
            return model.extract_feat(inputs)

        if not cache.open():
            if changed := cache.mismatch(cache.folder):
                runner.logger.warning(
                    f'The embeddings in {self.folder} were made with other '
                    f'{", ".join(changed)}; they are replaced.'
                )
            rank, world_size = get_dist_info()
            runner.logger.info(f'Storing embeddings in {self.folder}')
            build(
                cache,
                compute,
                self.batch_size,
                rank,
                world_size,
                _show if is_main_process() else list,
                barrier,
            )
            cache.open()
        return cache.read
