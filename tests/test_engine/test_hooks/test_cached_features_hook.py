import copy
import logging

import cv2
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import DATASETS, MODELS

from mpc_mmseg.datasets.transforms.loading import LoadForgeryImage
from mpc_mmseg.engine.hooks.cached_features_hook import leaves, may_draw
from mpc_mmseg.engine.phase_data import SeededDataset
from mpc_mmseg.models.segmentors import MPCSegmentor


class Losses(Hook):
    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.model.phase == 'localize':
            self.seen.append(float(outputs['loss']))


@pytest.fixture
def plain(tiny_config):
    cfg = tiny_config
    pipeline = cfg.train_dataloader.dataset.pipeline
    pipeline.pop([t.type for t in pipeline].index('RandomFlip'))
    for key in ('val_dataloader', 'val_evaluator', 'val_cfg'):
        cfg.pop(key)
    cfg.default_hooks.checkpoint.pop('save_best')
    return cfg


@pytest.fixture
def passes(monkeypatch):
    """Counts images that run through the frozen parts in training."""
    seen = []
    original = MPCSegmentor.extract_feat

    def counted(self, inputs, **options):
        if self.phase == 'localize':
            seen.append(len(inputs))
        return original(self, inputs, **options)

    monkeypatch.setattr(MPCSegmentor, 'extract_feat', counted)
    return seen


def run(cfg, folder=None, **changes):
    cfg = copy.deepcopy(cfg)
    if folder is not None:
        hook = dict(type='CachedFeaturesHook', folder=str(folder), batch_size=4)
        cfg.custom_hooks.append(hook)
    cfg.merge_from_dict(changes)
    runner = Runner.from_cfg(cfg)
    losses, warnings = Losses(), []
    runner.register_hook(losses)
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warnings.append(record.getMessage())
    runner.logger.addHandler(handler)
    runner.train()
    return losses.seen, [text for text in warnings if 'embeddings' in text]


@pytest.mark.parametrize('channels_last', [False, True])
def test_losses_are_those_without_within_half_precision(
    plain, passes, tmp_path, channels_last
):
    plain.model.channels_last = channels_last
    expected, _ = run(plain)
    passes.clear()
    found, warnings = run(plain, tmp_path / 'cache', work_dir=str(tmp_path / 'a'))
    assert found == pytest.approx(expected, rel=1e-3) and not warnings
    # One image for the maps' sizes, then each of the six once.
    assert passes == [1, 4, 2]


@pytest.mark.parametrize(
    ('workers', 'early'), [(0, False), (1, False), (1, True)], ids=str
)
def test_nothing_is_decoded_from_the_second_epoch_on(
    plain, tmp_path, monkeypatch, workers, early
):
    plain.pop('contrast_phase')
    plain.localize_phase.max_iters = 7
    plain.train_dataloader.num_workers = workers
    plain.train_dataloader.persistent_workers = workers > 0
    if early:  # as upstream MMEngine does, whose workers start before any hook
        monkeypatch.setattr('mmengine.runner.loops._InfiniteDataloaderIterator', iter)
    state = MODELS.build(plain.model).state_dict()
    plain.load_from = str(tmp_path / 'random.pth')
    torch.save(dict(state_dict=state), plain.load_from)
    read = tmp_path / 'read'
    original = LoadForgeryImage.transform

    def noted(self, results):
        with read.open('a') as file:  # from any process
            file.write(results['img_path'] + '\n')
        return original(self, results)

    monkeypatch.setattr(LoadForgeryImage, 'transform', noted)
    expected, _ = run(plain)
    decoded = len(read.read_text().splitlines())
    assert decoded >= 14
    read.unlink()
    found, _ = run(plain, tmp_path / 'cache', work_dir=str(tmp_path / 'a'))
    assert found == pytest.approx(expected, rel=1e-3)
    once = 1 + 6  # for the sizes, and each image
    if workers:
        # The worker is some batches ahead of the training.
        assert len(read.read_text().splitlines()) <= once + 2 * 3
    else:
        assert len(read.read_text().splitlines()) == once + 2
    read.unlink()
    found, _ = run(plain, tmp_path / 'cache', work_dir=str(tmp_path / 'b'))
    assert found == pytest.approx(expected, rel=1e-3)
    assert not read.exists()


def test_it_is_used_again_until_what_it_follows_from_changes(
    plain, passes, tmp_path, forgery_folder
):
    folder = tmp_path / 'cache'
    run(plain, folder)
    passes.clear()
    plain.load_from = f'{plain.work_dir}/contrast_end.pth'
    plain.pop('contrast_phase')
    plain.model.phase = 'localize'
    # Another head on the same features.
    head = {'model.decode_head.hidden_channels': (4,)}
    _, warnings = run(plain, folder, **head)
    assert passes == [] and not warnings
    file = str(forgery_folder / 'images/0.png')
    cv2.imwrite(file, cv2.imread(file) // 2)
    run(plain, folder)
    assert passes
    passes.clear()
    state = torch.load(plain.load_from, weights_only=True)
    state['state_dict']['neck.projections.0.conv.weight'] *= 2
    plain.load_from = str(tmp_path / 'other.pth')
    torch.save(state, plain.load_from)
    run(plain, folder)
    assert passes
    assert len(list(folder.glob('*/fingerprint.json'))) == 3


def test_a_pipeline_that_may_augment_is_refused_before_anything_trains(
    tiny_config, tmp_path
):
    with pytest.raises(ValueError, match=r'RandomFlip'):
        run(tiny_config, tmp_path / 'cache')
    assert not (tmp_path / 'cache').exists()


def test_frozen_parts_in_training_mode_are_refused(plain, tmp_path):
    with pytest.raises(ValueError, match='frozen_eval'):
        run(plain, tmp_path / 'cache', model=dict(frozen_eval=False))


def test_a_run_without_phase_two_is_refused(plain, tmp_path):
    plain.pop('localize_phase')
    with pytest.raises(ValueError, match='localize phase'):
        run(plain, tmp_path / 'cache')


def authentic(root, *pipeline):
    return dict(
        type='ForgeryDataset',
        data_root=str(root),
        data_prefix=dict(authentic_path='authentic'),
        pipeline=[dict(type=t) for t in pipeline],
    )


def test_mixtures_and_repetitions_are_looked_into(forgery_folder):
    fixed = authentic(forgery_folder, 'LoadForgeryImage', 'LoadForgeryMask')
    random = authentic(forgery_folder, 'LoadForgeryImage', 'PhotoMetricDistortion')
    repeated = dict(type='RepeatDataset', dataset=random, times=2)
    mixture = dict(type='ConcatDataset', datasets=[fixed, repeated])
    fixed, random = leaves(SeededDataset(mixture))
    assert all(type(leaf).__name__ == 'ForgeryDataset' for leaf in (fixed, random))
    assert may_draw(fixed) == []
    assert may_draw(random) == ['PhotoMetricDistortion']


def test_a_data_set_that_makes_its_samples_may_draw(forgery_folder):
    # Its own pipeline holds nothing random; the forgeries are drawn before it.
    made = DATASETS.build(
        dict(
            type='ForgeOnTheFly',
            dataset=authentic(forgery_folder),
            pipeline=[dict(type='PackForgeryInputs')],
            size=(64, 64),
        )
    )
    assert list(leaves(SeededDataset(made))) == [made]
    assert may_draw(made) == ['ForgeOnTheFly']
