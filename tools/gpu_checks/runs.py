"""Runs: resumed, on several GPUs, and how long they wait for data."""

import copy
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .networks import without_files
from .rows import MODELS_FOLDER, Row, exact_float32, need, relative, row


def write_photographs(folder: Path, count: int, size: tuple[int, int]) -> None:
    """images/ and masks/ of made pictures (H, W) with a brighter part."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    for name in ('images', 'masks'):
        (folder / name).mkdir(parents=True)
    height, width = size
    for i in range(count):
        coarse = rng.uniform(0, 200, (12, 16, 3)).astype(np.float32)
        picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        picture = picture + rng.normal(0, 8, picture.shape)
        mask = np.zeros(size, np.uint8)
        mask[height // 4 : height // 2, width // 4 : 3 * width // 4] = 255
        picture[mask > 0] += 50
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f'images/{i}.jpg'), picture)
        cv2.imwrite(str(folder / f'masks/{i}.png'), mask)


def run_config(
    model: Any, data: Path, work_dir: Path, side: int, batch_size: int, workers: int
) -> Any:
    """A run of both phases on made photographs, without validation."""
    from mmengine.config import Config

    adam = dict(optimizer=dict(type='AdamW', lr=1e-3))
    pipeline = [
        dict(type='LoadForgeryImage'),
        dict(type='LoadForgeryMask'),
        dict(type='RandomFlip', prob=0.5),
        dict(type='RandomJPEG', quality=(50, 95)),
        dict(type='Resize', scale=(side, side)),
        dict(type='PackForgeryInputs'),
    ]
    phase = dict(max_iters=4, val_interval=100, optim_wrapper=adam)
    checkpoint = dict(type='AtomicCheckpointHook', by_epoch=False, interval=1)
    return Config(
        dict(
            default_scope='mmseg',
            work_dir=str(work_dir),
            model=model,
            train_dataloader=dict(
                batch_size=batch_size,
                num_workers=workers,
                persistent_workers=workers > 0,
                sampler=dict(type='InfiniteSampler', shuffle=True),
                dataset=dict(
                    type='ForgeryDataset',
                    data_root=str(data),
                    data_prefix=dict(img_path='images', seg_map_path='masks'),
                    pipeline=pipeline,
                ),
            ),
            train_cfg=dict(type='PhaseTrainLoop'),
            optim_wrapper=dict(type='OptimWrapper'),
            contrast_phase={**phase},
            localize_phase={**phase},
            default_hooks=dict(
                checkpoint=checkpoint,
                logger=dict(type='LoggerHook', interval=1, log_metric_by_epoch=False),
            ),
            custom_hooks=[dict(type='TwoPhaseHook'), dict(type='SafeCheckpointHook')],
            log_processor=dict(by_epoch=False),
            log_level='WARNING',
            randomness=dict(seed=0),
            env_cfg=dict(cudnn_benchmark=False),
        ),
        format_python_code=False,
    )


def train(config: Any, name: str) -> Any:
    """Train a copy of a config as a run of its own."""
    from mmengine.config import Config
    from mmengine.runner import Runner

    config = Config(copy.deepcopy(config.to_dict()), format_python_code=False)
    config.experiment_name = name
    runner = Runner.from_cfg(config)
    runner.train()
    return runner


def check_resume(device: str) -> Iterator[Row]:
    """Weights, phase and optimizer of resumed runs against an uninterrupted one."""
    need('mmseg')
    import torch
    from mmengine.config import Config

    import mpc_mmseg  # noqa: F401 - registers the plugin

    exact_float32()
    model = Config.fromfile(MODELS_FOLDER / 'mpc_r18s_blocks.py').model
    without_files(model)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        write_photographs(folder / 'data', 8, (96, 128))
        config = run_config(model, folder / 'data', folder / 'whole', 64, 2, 0)
        train(config, 'whole')

        def saved(name: str) -> dict:
            path = folder / name / 'iter_8.pth'
            return torch.load(path, map_location='cpu', weights_only=True)

        expected = saved('whole')
        for at in (3, 4, 5):  # before, at and after the switch
            config.work_dir = str(folder / f'from_{at}')
            config.resume = True
            config.load_from = str(folder / f'whole/iter_{at}.pth')
            where = next(train(config, f'from {at}').model.parameters()).device.type
            found = saved(f'from_{at}')
            # All weights at once: where a gradient is zero but for rounding, as before
            # BatchNorm, AdamW makes full steps of it, which differ between runs.
            vectors = [
                torch.cat(
                    [
                        value.flatten()
                        for _, value in sorted(each['state_dict'].items())
                        if value.is_floating_point()
                    ]
                )
                for each in (found, expected)
            ]
            worst = relative(*vectors)
            phase = found['meta'].get('mpc_phase')
            states = [len(each['optimizer']['state']) for each in (found, expected)]
            ok = worst <= 2e-3 and phase == 'localize' and len(set(states)) == 1
            yield row(
                f'resume from {at} of 4 + 4', ok and where == device,
                weights=worst, phase=phase, device=where,
            )  # fmt: skip


def _rank(rank: int, ranks: int, meeting: str) -> None:
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    torch.cuda.set_device(rank)
    dist.init_process_group(
        'nccl', init_method=f'file://{meeting}', rank=rank, world_size=ranks
    )
    total = torch.full((1 << 20,), rank + 1.0, device='cuda')
    dist.all_reduce(total)
    assert bool((total == ranks * (ranks + 1) / 2).all()), 'all_reduce'
    torch.manual_seed(0)
    network = DistributedDataParallel(torch.nn.Linear(8, 8).cuda(), device_ids=[rank])
    x = torch.full((4, 8), rank + 1.0, device='cuda')
    network(x).mean().backward()
    gradient = network.module.weight.grad
    mean = (ranks + 1) / 2 / 8  # of the inputs, over all ranks
    assert torch.allclose(gradient, torch.full_like(gradient, mean)), 'DDP'
    dist.destroy_process_group()


def check_nccl(device: str) -> Iterator[Row]:
    """As many ranks as there are GPUs."""
    import torch

    ranks = torch.cuda.device_count()
    with tempfile.TemporaryDirectory() as root:
        torch.multiprocessing.spawn(_rank, (ranks, f'{root}/meeting'), nprocs=ranks)
    version = '.'.join(map(str, torch.cuda.nccl.version()))
    yield row('NCCL all-reduce and DDP', True, ranks=ranks, nccl=version)


def check_data(device: str, side: int = 512, steps: int = 40) -> Iterator[Row]:
    """Seconds of a step, and of its wait for data, from the runner's own clock."""
    need('mmseg')
    import numpy as np
    from mmengine.config import Config
    from mmengine.hooks import Hook

    import mpc_mmseg  # noqa: F401 - registers the plugin

    class Clock(Hook):
        priority = 'VERY_LOW'

        def __init__(self) -> None:
            self.seen: list = []

        def after_train_iter(self, runner, *args, **kwargs) -> None:
            scalars = runner.message_hub.log_scalars
            self.seen.append(
                [
                    float(scalars[f'train/{key}'].current())
                    for key in ('data_time', 'time')
                ]
            )

    workers = max(0, min(8, (os.cpu_count() or 1) - 2))
    for name in ('mpc_hrnet_w18s', 'mpc_hrnet_w48'):
        path = MODELS_FOLDER / f'{name}.py'
        if not path.is_file() or (device != 'cuda' and 'w48' in name):
            continue
        model = Config.fromfile(path).model
        without_files(model)
        with tempfile.TemporaryDirectory() as root:
            data = Path(root) / 'data'
            write_photographs(data, 32, (512, 768))
            config = run_config(model, data, Path(root) / 'run', side, 4, workers)
            config.contrast_phase.max_iters = steps
            config.pop('localize_phase')
            config.default_hooks.checkpoint.interval = 10**6
            clock = Clock()
            from mmengine.runner import Runner

            runner = Runner.from_cfg(config)
            runner.register_hook(clock)
            runner.train()
        waited, whole = np.median(clock.seen[len(clock.seen) // 3 :], axis=0)
        yield row(
            f'data share, {name}, {side}x{side}, batch 4, {workers} workers',
            waited / whole < 0.1,
            share=waited / whole,
            step_milliseconds=1e3 * whole,
        )
