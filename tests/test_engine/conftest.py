"""A run with every source of randomness on, and the means to compare runs."""

import copy
import os

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner


@pytest.fixture
def random_config(tiny_config):
    """``tiny_config`` with random crops, colours, depth and pixels; 32x32 pictures.

    Contrast for 6 iterations, whose lr follows the score, then localize for 4 from
    the best weights; a checkpoint every iteration, two of them kept.
    """
    cfg = tiny_config
    load, mask, _, _, pack = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [
        load,
        mask,
        dict(type='RandomCrop', crop_size=(32, 32)),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'),
        pack,
    ]
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset.pipeline[1].scale = (32, 32)
        loader.batch_size = 8
    cfg.model.contrast_loss = dict(
        type='MultiViewPixelContrastLoss',
        sampler=dict(type='RandomPixelSampler', max_pixels=20),
    )
    cfg.model.neck.dropout = 0.1
    cfg.contrast_phase.max_iters = 6
    cfg.contrast_phase.param_scheduler = [
        dict(
            type='ReduceOnPlateauLR',
            monitor='mean/score',
            rule='greater',
            factor=0.5,
            patience=0,
        )
    ]
    cfg.localize_phase.max_iters = 4
    cfg.localize_phase.load_best = True
    cfg.default_hooks.checkpoint.type = 'AtomicCheckpointHook'
    cfg.default_hooks.checkpoint.max_keep_ckpts = 2
    # Formatting the config is most of the time of a small checkpoint.
    return Config(cfg.to_dict(), format_python_code=False)


@pytest.fixture
def train():
    """Trains a changed copy of a config; returns the runner."""

    def run(cfg, *hooks, **changes):
        cfg = copy.deepcopy(cfg)
        cfg.merge_from_dict(changes)
        runner = Runner.from_cfg(cfg)
        for hook in hooks:
            runner.register_hook(hook)
        runner.train()
        return runner

    return run


@pytest.fixture
def load():
    """Reads a checkpoint of a work dir."""

    def read(*path):
        return torch.load(os.path.join(*path), weights_only=True)

    return read


def differences(a, b, path=''):
    """Where two nestings of dicts, lists, tensors and plain values differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        found = [f'{path}: keys {sorted(map(str, a.keys() ^ b.keys()))}']
        found = found if a.keys() != b.keys() else []
        for key in a.keys() & b.keys():
            found += differences(a[key], b[key], f'{path}.{key}')
        return found
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            return [f'{path}: {len(a)} and {len(b)} items']
        pairs = enumerate(zip(a, b))
        return [d for i, (x, y) in pairs for d in differences(x, y, f'{path}.{i}')]
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return [] if torch.equal(a, b) else [path]
    return [] if a == b else [f'{path}: {a} and {b}']


#: What two equal runs have equal in a checkpoint.
STATE = ('state_dict', 'optimizer', 'param_schedulers')


@pytest.fixture
def assert_same():
    """Compares the weights, optimizers and schedules of two checkpoints."""

    def compare(a, b):
        found = differences(
            {key: a.get(key) for key in STATE}, {key: b.get(key) for key in STATE}
        )
        assert not found, found[:10]
        best = [c['message_hub']['runtime_info'].get('best_score') for c in (a, b)]
        assert best[0] == best[1]

    return compare
