"""A data set, a network and a config small enough to train in a test."""

import gc
import importlib.util
import itertools
import logging
import os

# Before torch is imported: two test processes with two threads each starve one
# another on two cores.
os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import mpc_mmseg  # noqa: F401 - registers the plugin

torch.set_num_threads(1)


def pytest_collection_finish():
    # Each data set of MMEngine collects garbage, 0.2 s for all that is imported by now.
    gc.freeze()


def pytest_collection_modifyitems(items):
    if importlib.util.find_spec('mmpretrain') is None:
        reason = 'mmpretrain is not installed: make test-mmpretrain'
        for item in items:
            if item.get_closest_marker('mmpretrain'):
                item.add_marker(pytest.mark.skip(reason=reason))


_RUNS = itertools.count()


@pytest.fixture(autouse=True)
def runs_of_different_names(monkeypatch):
    """MMEngine tells runs of a process apart by name and second; these take less."""
    init = Runner.__init__

    def named(self, *args, experiment_name=None, **kwargs):
        name = f'{experiment_name or "test"}_{next(_RUNS)}'
        init(self, *args, experiment_name=name, **kwargs)

    monkeypatch.setattr(Runner, '__init__', named)


@pytest.fixture(autouse=True)
def no_log_files_left():
    """MMEngine's current logger keeps the files of the runs before, closed or not."""
    yield
    logger = MMLogger.get_current_instance()
    for handler in [h for h in logger.handlers if isinstance(h, logging.FileHandler)]:
        handler.close()
        logger.removeHandler(handler)


@pytest.fixture(autouse=True)
def _mmseg_scope():
    init_default_scope('mmseg')


def tiny_extra() -> dict:
    extra = dict(
        stage1=dict(
            num_modules=1,
            num_branches=1,
            block='BOTTLENECK',
            num_blocks=(1,),
            num_channels=(4,),
        )
    )
    for n in range(2, 5):
        extra[f'stage{n}'] = dict(
            num_modules=1,
            num_branches=n,
            block='BASIC',
            num_blocks=(1,) * n,
            num_channels=tuple(4 * 2**i for i in range(n)),
        )
    return extra


@pytest.fixture
def tiny_model() -> dict:
    """Config of an MPCSegmentor with about 70,000 weights."""
    return dict(
        type='MPCSegmentor',
        data_preprocessor=dict(
            type='SegDataPreProcessor',
            mean=[0, 0, 0],
            std=[255, 255, 255],
            bgr_to_rgb=True,
            size_divisor=32,
            test_cfg=dict(size_divisor=32),
        ),
        backbone=dict(type='MPCHRNet', drop_path_rate=0.2, extra=tiny_extra()),
        neck=dict(
            type='MultiScaleProjection', in_channels=[4, 8, 16, 32], out_channels=8
        ),
        decode_head=dict(
            type='LocalizationHead', in_channels=[8] * 4, hidden_channels=(8,)
        ),
    )


@pytest.fixture
def forgery_folder(tmp_path):
    """Six forged pictures with masks and two authentic ones, of two sizes."""
    rng = np.random.default_rng(0)
    root = tmp_path / 'data'
    for name in ('images', 'masks', 'authentic'):
        (root / name).mkdir(parents=True)
    for i in range(8):
        size = (48, 64) if i % 2 else (64, 40)
        image = rng.integers(0, 255, (*size, 3)).astype(np.uint8)
        if i >= 6:
            cv2.imwrite(str(root / f'authentic/{i}.png'), image)
            continue
        mask = np.zeros(size, np.uint8)
        mask[8:24, 8:30] = 255
        image[mask > 0] //= 4
        cv2.imwrite(str(root / f'images/{i}.png'), image)
        cv2.imwrite(str(root / f'masks/{i}.png'), mask)
    return root


@pytest.fixture
def tiny_config(tmp_path, forgery_folder, tiny_model):
    """Config of a run of 4 + 3 iterations on ``forgery_folder``."""
    load = [dict(type='LoadForgeryImage')]
    mask, pack = dict(type='LoadForgeryMask'), dict(type='PackForgeryInputs')
    resize = dict(type='Resize', scale=(64, 64))

    def loader(pipeline, sampler, **dataset):
        return dict(
            batch_size=2,
            num_workers=0,
            sampler=sampler,
            dataset=dict(
                type='ForgeryDataset',
                data_root=str(forgery_folder),
                pipeline=pipeline,
                **dataset,
            ),
        )

    forged = dict(img_path='images', seg_map_path='masks')
    val = loader(
        [*load, resize, mask, pack], dict(type='DefaultSampler', shuffle=False)
    )
    adam = dict(optimizer=dict(type='AdamW', lr=1e-3))
    return Config(
        dict(
            default_scope='mmseg',
            custom_imports=dict(imports=['mpc_mmseg'], allow_failed_imports=False),
            work_dir=str(tmp_path / 'work'),
            model=tiny_model,
            train_dataloader=loader(
                [*load, mask, resize, dict(type='RandomFlip', prob=0.5), pack],
                dict(type='InfiniteSampler', shuffle=True),
                data_prefix=forged,
            ),
            val_dataloader=val,
            test_dataloader=val,
            val_evaluator=dict(type='ForgeryMetric'),
            test_evaluator=dict(type='ForgeryMetric'),
            train_cfg=dict(type='PhaseTrainLoop'),
            val_cfg=dict(type='ValLoop'),
            test_cfg=dict(type='TestLoop'),
            optim_wrapper=dict(type='OptimWrapper'),
            contrast_phase=dict(max_iters=4, val_interval=2, optim_wrapper=adam),
            localize_phase=dict(
                max_iters=3,
                val_interval=2,
                optim_wrapper=adam,
                param_scheduler=[dict(type='CosineAnnealingLR', eta_min=1e-5)],
            ),
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook',
                    by_epoch=False,
                    interval=1,
                    save_best='mean/score',
                    rule='greater',
                ),
                logger=dict(type='LoggerHook', interval=1, log_metric_by_epoch=False),
            ),
            custom_hooks=[
                dict(type='TwoPhaseHook'),
                dict(type='SafeCheckpointHook'),
            ],
            log_processor=dict(by_epoch=False),
            log_level='WARNING',
            randomness=dict(seed=0),
            experiment_name='tiny',
        ),
        # Formatting the config is most of the time of a small checkpoint.
        format_python_code=False,
    )
