"""What only a GPU can show, checked on one within ten minutes.

    python tools/gpu_check.py --out work_dirs/gpu_check

Each check runs in a process of its own with a time limit, so that one that fails,
hangs or crashes stops no other. Nothing is fetched. Prints a table; --out names the
.json with all figures and the .md with the rows for docs/benchmarks.md.

Exit status: 0, all passed or were left out for a stated reason; 1, a check failed;
2, there is no GPU.

    network:NAME   CUDA against CPU for each model of configs/_base_/models: losses and
                   gradients of each phase in float32 without TF32 (1e-4), predictions;
                   a step in float16 with GradScaler and in bfloat16: finite, near
    attention      HRFormer's attention runs in a fused kernel of torch, which one
    compile        torch.compile (inductor) against eager, values, gradients and time
    resume         a run resumed before, at and after the switch of phases
    nccl           one rank for each GPU: all-reduce, and a step under DDP
    contrast       naive, blocked and fused: values, gradients, time, peak memory
    data           which share of the steps waits for data, at 512x512
"""

import argparse
import copy
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODELS_FOLDER = ROOT / 'configs/_base_/models'
TOLERANCE = 1e-4
SIZE = 96  # side of the images that networks are compared on
PHASES = ('contrast', 'localize', 'supervised')

Row = dict[str, Any]


class LeftOut(Exception):
    """A check cannot run here, for the reason that the message gives."""


def need(*modules: str) -> None:
    """Raise LeftOut unless all the modules are installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise LeftOut(f'{", ".join(missing)} not installed')


def row(name: str, ok: bool, **figures: Any) -> Row:
    """A line of the table."""
    return dict(name=name, ok=bool(ok), figures=figures)


def exact_float32() -> None:
    """Products in float32 as such: neither TF32 nor a search for the fastest kernel."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = False


def relative(found: Any, expected: Any) -> float:
    """Norm of the difference of two tensors over that of the second."""
    found, expected = found.detach().double().cpu(), expected.detach().double().cpu()
    return float((found - expected).norm() / expected.norm().clamp_min(1e-30))


# --- networks


def without_chance(model: Any) -> None:
    """Turn off stochastic depth and dropout, whose draws differ between devices."""
    for module in model.modules():
        if 'drop' in type(module).__name__.lower():
            for name in ('p', 'drop_prob'):
                if isinstance(getattr(module, name, None), float):
                    setattr(module, name, 0.0)


def without_files(config: Any) -> None:
    """Drop what would load weights, on any level of a model's config."""
    if isinstance(config, dict):
        config.pop('init_cfg', None)
        for value in config.values():
            without_files(value)
    elif isinstance(config, list | tuple):
        for value in config:
            without_files(value)


def build_model(path: Path) -> Any:
    """The network of a base config, random weights, nothing random in its passes."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    import mpc_mmseg  # noqa: F401 - registers the plugin

    init_default_scope('mmseg')
    config = Config.fromfile(path).model
    if "'mmpretrain." in path.read_text():
        need('mmpretrain')
        import mmpretrain.models  # noqa: F401
    without_files(config)
    torch.manual_seed(0)
    model = MODELS.build(config)
    without_chance(model)
    return model


def batch(device: str) -> tuple[Any, list]:
    """Two images with a part that differs, and their masks."""
    import torch
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    torch.manual_seed(1)
    images = torch.rand(2, 3, SIZE, SIZE)
    samples = []
    for image in images:
        mask = torch.zeros(1, SIZE, SIZE, dtype=torch.long)
        mask[:, SIZE // 4 : 3 * SIZE // 4, : SIZE // 2] = 1
        image[:, mask[0] == 1] *= 0.5
        sample = SegDataSample(
            metainfo=dict(img_shape=(SIZE, SIZE), ori_shape=(SIZE, SIZE))
        )
        sample.gt_sem_seg = PixelData(data=mask)
        samples.append(sample.to(device))
    return images.to(device), samples


def loss_and_gradient(
    model: Any, device: str, autocast: Any = None, scaler: Any = None
):
    """Loss, and all gradients as one vector, of one batch."""
    import torch

    images, samples = batch(device)
    images = images.to(next(model.parameters()).dtype)
    model.train()
    model.zero_grad(set_to_none=True)
    enabled = autocast is not None
    with torch.autocast(device, dtype=autocast or torch.bfloat16, enabled=enabled):
        losses = model.loss(images, samples)
        total = sum(value for name, value in losses.items() if 'loss' in name)
    (scaler.scale(total) if scaler else total).backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    vector = torch.cat([g.detach().float().flatten() for g in gradients])
    return total.detach(), vector / scaler.get_scale() if scaler else vector


def check_network(device: str, name: str) -> Iterator[Row]:
    """CUDA against CPU, then half precision against float32."""
    need('mmseg')
    import torch

    exact_float32()
    original = build_model(MODELS_FOLDER / f'{name}.py')
    for phase in PHASES:
        here = copy.deepcopy(original)
        here.set_phase(phase)
        there = copy.deepcopy(here).to(device)
        loss, gradient = loss_and_gradient(here, 'cpu')
        loss_there, gradient_there = loss_and_gradient(there, device)
        of_loss = relative(loss_there, loss)
        of_gradient = relative(gradient_there, gradient)
        figures = dict(loss=of_loss, gradient=of_gradient)
        ok = max(of_loss, of_gradient) <= TOLERANCE
        if of_loss <= TOLERANCE and not ok:
            # Rounding grows through a deep network of random weights: no more than on
            # the CPU is right, too, both against float64.
            exact = copy.deepcopy(original).double()
            exact.set_phase(phase)
            reference = loss_and_gradient(exact, 'cpu')[1]
            figures['cpu_to_float64'] = relative(gradient, reference)
            figures['gpu_to_float64'] = relative(gradient_there, reference)
            ok = figures['gpu_to_float64'] <= 3 * figures['cpu_to_float64']
        yield row(f'{name} {phase}, float32', ok, **figures)
        if device != 'cuda':
            continue
        for dtype in (torch.float16, torch.bfloat16):
            yield half_precision(f'{name} {phase}', there, dtype, loss, gradient)
    yield predictions(name, original, device)


def half_precision(name: str, model: Any, dtype: Any, loss: Any, gradient: Any) -> Row:
    """One step under autocast: finite, near float32's loss and gradient."""
    import torch
    import torch.nn.functional as F

    kind = str(dtype).removeprefix('torch.')
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], lr=1e-4
    )
    scaler = torch.amp.GradScaler('cuda') if dtype is torch.float16 else None
    for _ in range(12):
        total, vector = loss_and_gradient(model, 'cuda', dtype, scaler)
        if scaler is None:
            break
        scaler.step(optimizer)
        scaler.update()
        if vector.isfinite().all():
            break
    if scaler is None:
        optimizer.step()
    weights = torch.cat([p.detach().flatten() for p in model.parameters()])
    finite = all(bool(x.isfinite().all()) for x in (total, vector, weights))
    near = relative(total, loss)
    cosine = float(F.cosine_similarity(vector.cpu(), gradient, 0))
    return row(
        f'{name}, {kind}',
        finite and near < 0.05 and cosine > 0.5,
        finite=finite,
        loss=near,
        gradient_cosine=cosine,
        **({'scale': scaler.get_scale()} if scaler else {}),
    )


def predictions(name: str, original: Any, device: str) -> Row:
    """Probability maps of both devices."""
    maps = []
    for where in ('cpu', device):
        model = copy.deepcopy(original).to(where).eval()
        model.set_phase('localize')
        found = model.predict(*batch(where))
        maps.append([each.forgery_prob.data for each in found])
    worst = max(float((a.cpu() - b.cpu()).abs().max()) for a, b in zip(*maps))
    return row(f'{name} predict', worst <= TOLERANCE, largest_difference=worst)


# --- kernels


def check_attention(device: str) -> Iterator[Row]:
    """HRFormer under SDPA without its unfused kernel, which then raises."""
    need('mmseg')
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.profiler import ProfilerActivity, profile

    exact_float32()
    fused = [
        SDPBackend.EFFICIENT_ATTENTION,
        SDPBackend.FLASH_ATTENTION,
        SDPBackend.CUDNN_ATTENTION,
    ]
    paths = sorted(MODELS_FOLDER.glob('mpc_hrformer*.py'))
    if not paths:
        raise LeftOut('no HRFormer among the base configs')
    for path in paths:
        model = build_model(path).to(device)
        model.set_phase('supervised')
        for dtype in (None, torch.float16, torch.bfloat16):
            kind = str(dtype).removeprefix('torch.') if dtype else 'float32'
            with profile(activities=[ProfilerActivity.CPU]) as seen:
                loss_and_gradient(model, device, dtype)
            kernels = sorted(
                {
                    event.key.removeprefix('aten::')
                    for event in seen.key_averages()
                    if event.key.startswith('aten::_scaled_dot_product')
                    and 'backward' not in event.key
                }
            )
            error = ''
            try:
                with sdpa_kernel(fused):
                    loss_and_gradient(model, device, dtype)
            except RuntimeError as failure:
                error = str(failure).splitlines()[0]
            unfused = [k for k in kernels if 'math' in k]
            yield row(
                f'{path.stem} attention, {kind}',
                kernels and not unfused and not error,
                kernels=', '.join(kernels) or 'none of SDPA',
                **({'fused_only': error} if error else {}),
            )
            torch.cuda.empty_cache()


def check_compile(device: str) -> Iterator[Row]:
    """A small residual network, eager and by inductor."""
    import torch
    from torch import nn

    exact_float32()

    class Block(nn.Module):
        def __init__(self, inside: int, outside: int) -> None:
            super().__init__()
            self.convolve = nn.Conv2d(inside, outside, 3, 2, 1, bias=False)
            self.norm = nn.BatchNorm2d(outside)
            self.mix = nn.Conv2d(outside, outside, 1)

        def forward(self, x):
            x = torch.relu(self.norm(self.convolve(x)))
            return x + torch.nn.functional.gelu(self.mix(x))

    torch.manual_seed(0)
    eager = nn.Sequential(Block(3, 16), Block(16, 32), Block(32, 64)).to(device)
    subjects = {'small network': eager}
    if importlib.util.find_spec('mmseg') and device == 'cuda':
        path = MODELS_FOLDER / 'mpc_r18s_blocks.py'
        if path.is_file():
            whole = build_model(path).backbone
            subjects['narrow ResNet-18'] = getattr(whole, 'backbone', whole).to(device)
    for name, network in subjects.items():
        first = next(m for m in network.modules() if isinstance(m, nn.Conv2d))
        x = torch.rand(4, first.in_channels, 64, 64, device=device)
        compiled = copy.deepcopy(network)
        compiled.compile(backend='inductor')
        found = {}
        for kind, each in (('eager', network), ('inductor', compiled)):
            begin = time.perf_counter()
            maps = each(x)
            maps = maps if isinstance(maps, tuple | list) else [maps]
            sum((m * m).mean() for m in maps).backward()
            gradient = torch.cat([p.grad.flatten() for p in each.parameters()])
            found[kind] = maps[-1], gradient
            first_call = time.perf_counter() - begin
        worst = max(relative(a, b) for a, b in zip(found['inductor'], found['eager']))
        yield row(
            f'compile {name}', worst <= TOLERANCE,
            worst=worst, first_call_seconds=first_call,
        )  # fmt: skip


def naive_info_nce(queries: Any, negatives: Any, temperature: float = 0.1) -> Any:
    """The contrast's formula as it is read: all similarities as matrices."""
    import torch

    similarity = queries @ queries.T
    others = similarity.sum(1) - similarity.diagonal()
    positive = others / ((len(queries) - 1) * temperature)
    negative = queries @ negatives.T / temperature
    denominator = torch.logsumexp(torch.cat([positive[:, None], negative], 1), 1)
    return (denominator - positive).mean()


def contrast_forms() -> dict[str, Callable]:
    """Name -> the contrast of queries and negatives (N, C)."""
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    import mpc_mmseg  # noqa: F401 - registers the plugin
    from mpc_mmseg.models.losses import Pair

    init_default_scope('mmseg')
    forms: dict[str, Callable] = {'naive': naive_info_nce}
    for name, options in (('blocked', {}), ('fused', {'fused': True})):
        module = MODELS.build(dict(type='MeanPositiveContrast', **options))
        forms[name] = lambda q, k, module=module: module([Pair(q, k)], 0.1).sum()
    return forms


def check_contrast(
    device: str, counts: tuple[int, ...] = (5000, 16384), channels: int = 256
) -> Iterator[Row]:
    """Value, gradients, time and peak memory of each form; naive is the reference."""
    need('mmseg')
    import torch
    import torch.nn.functional as F

    exact_float32()
    cuda = device == 'cuda'
    forms = contrast_forms()
    for count in counts:
        for dtype in (torch.float32, torch.bfloat16):
            torch.manual_seed(0)
            sets = [
                F.normalize(torch.randn(count, channels, device=device), dim=1)
                for _ in 'qk'
            ]
            reference: list = []
            for name, form in forms.items():
                if not cuda and name == 'fused':
                    continue
                q, k = (x.detach().to(dtype).requires_grad_() for x in sets)
                kind = str(dtype).removeprefix('torch.')
                title = f'contrast {name}, {count} pixels, {kind}'
                # The reference gets the rounded inputs in float32.
                cast = (lambda x: x.float()) if name == 'naive' else (lambda x: x)
                try:
                    found = [form(cast(q), cast(k))]
                    found[0].backward()
                    found += [q.grad, k.grad]
                    figures = timed(
                        lambda f=form, c=cast, q=q, k=k: f(c(q), c(k)), cuda
                    )
                except Exception as error:  # one form must not stop the others
                    yield row(title, False, error=f'{type(error).__name__}: {error}')
                    continue
                if name == 'naive':
                    reference = [x.detach().clone() for x in found]
                    yield row(title, True, **figures)
                    continue
                value, *gradients = map(relative, found, reference)
                worst = max(gradients)
                limit = TOLERANCE if dtype is torch.float32 else 2e-2
                yield row(
                    title, max(value, worst) <= limit,
                    value=value, gradient=worst, **figures,
                )  # fmt: skip


def timed(form: Callable, cuda: bool, repeats: int = 10) -> Row:
    """Milliseconds of forward and backward (median), and peak memory above before."""
    import statistics

    import torch

    def wait() -> None:
        if cuda:
            torch.cuda.synchronize()

    before = 0
    if cuda:
        wait()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    spent = []
    for _ in range(repeats):
        begin = time.perf_counter()
        form().backward()
        wait()
        spent.append(1e3 * (time.perf_counter() - begin))
    figures = dict(milliseconds=statistics.median(spent))
    if cuda:
        figures['peak_mib'] = (torch.cuda.max_memory_allocated() - before) / 2**20
    return figures


# --- runs


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
        picture += rng.normal(0, 8, picture.shape)
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
            worst = max(
                relative(found['state_dict'][key], value)
                for key, value in expected['state_dict'].items()
                if value.is_floating_point()
            )
            phase = found['meta'].get('mpc_phase')
            states = [len(each['optimizer']['state']) for each in (found, expected)]
            ok = worst <= 1e-3 and phase == 'localize' and len(set(states)) == 1
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


def check_data(device: str, side: int = 512, steps: int = 60) -> Iterator[Row]:
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


# --- running the checks

#: Name -> check, its time limit in seconds, and whether it measures time, for which
#: nothing else runs beside it.
CHECKS: dict[str, tuple[Callable[..., Iterator[Row]], int, bool]] = {
    'attention': (check_attention, 150, False),
    'compile': (check_compile, 200, False),
    'resume': (check_resume, 150, False),
    'nccl': (check_nccl, 90, False),
    'contrast': (check_contrast, 180, True),
    'data': (check_data, 150, True),
}
NETWORK_LIMIT = 150


def names_of_checks() -> list[str]:
    """All checks, the networks by their base configs."""
    networks = [f'network:{p.stem}' for p in sorted(MODELS_FOLDER.glob('mpc_*.py'))]
    return networks + list(CHECKS)


def run_here(name: str, device: str, report: Path) -> None:
    """Run a check, rewriting its report after each row."""
    kind, _, argument = name.partition(':')
    rows: list[Row] = []
    found: dict[str, Any] = dict(rows=rows, left_out=None, error='ended early')

    def save() -> None:
        report.write_text(json.dumps(found))

    save()
    try:
        if kind == 'network':
            steps = check_network(device, argument)
        else:
            steps = CHECKS[kind][0](device)
        for each in steps:
            rows.append(each)
            save()
        found['error'] = None
    except LeftOut as reason:
        found.update(left_out=str(reason), error=None)
    except Exception as error:
        import traceback

        traceback.print_exc()
        found['error'] = f'{type(error).__name__}: {error}'
    save()


def run_apart(name: str, device: str, limit: int, threads: int) -> dict[str, Any]:
    """Run a check in a process of its own and give its report."""
    with tempfile.TemporaryDirectory() as root:
        report = Path(root) / 'report.json'
        command = [sys.executable, __file__, '--run-here', name, '--device', device]
        environment = {
            **os.environ,
            'OMP_NUM_THREADS': str(threads),
            'PYTHONPATH': os.pathsep.join(
                [str(ROOT), os.environ.get('PYTHONPATH', '')]
            ),
        }
        begin = time.perf_counter()
        late = False
        log = Path(root) / 'log'
        with log.open('w') as stream:
            process = subprocess.Popen(
                [*command, '--out', str(report)],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # its workers end with it
            )
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                late = True
                os.killpg(process.pid, 9)
                process.wait()
        found: dict[str, Any] = dict(rows=[], left_out=None, error='it left no report')
        if report.is_file():
            found = json.loads(report.read_text())
        if late:
            found['error'] = f'over its limit of {limit} s'
        elif process.returncode and not found['error']:
            found['error'] = f'exit status {process.returncode}'
        if found['error']:
            found['log'] = log.read_text(errors='replace')[-3000:]
    return dict(check=name, seconds=time.perf_counter() - begin, **found)


def failed(report: dict[str, Any]) -> bool:
    """Whether a check or one of its rows failed."""
    return bool(report['error']) or not all(each['ok'] for each in report['rows'])


def show(value: Any) -> str:
    """A figure as it stands in a table."""
    return f'{value:.3g}' if isinstance(value, float) else str(value)


def table_lines(reports: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Name, verdict and figures of each row."""
    lines = []
    for report in reports:
        for each in report['rows']:
            figures = ', '.join(f'{k} {show(v)}' for k, v in each['figures'].items())
            lines.append((each['name'], 'ok' if each['ok'] else 'FAILED', figures))
        if report['left_out']:
            lines.append((report['check'], 'left out', report['left_out']))
        if report['error']:
            lines.append((report['check'], 'FAILED', report['error'].splitlines()[0]))
    return lines


def markdown(result: dict[str, Any]) -> str:
    """The rows for docs/benchmarks.md."""
    where = ', '.join(f'{key} {value}' for key, value in result['environment'].items())
    lines = [
        f'`python tools/gpu_check.py`, {where}; {result["seconds"]:.0f} s:',
        '',
        '| check | result | figures |',
        '|---|---|---|',
    ]
    for line in table_lines(result['checks']):
        lines.append('| ' + ' | '.join(x.replace('|', '/') for x in line) + ' |')
    return '\n'.join(lines) + '\n'


def environment() -> dict[str, str]:
    """What the figures depend on."""
    import torch

    found = dict(python=sys.version.split()[0], torch=torch.__version__)
    if torch.cuda.is_available():
        found |= dict(
            gpu=torch.cuda.get_device_name(),
            gpus=str(torch.cuda.device_count()),
            cuda=str(torch.version.cuda),
            cudnn=str(torch.backends.cudnn.version()),
        )
    return found


def run_all(names: list[str], device: str, seconds: float) -> list[dict[str, Any]]:
    """Run checks, those that measure no time four at a time; in the order of names."""
    cores = os.cpu_count() or 1
    beside = max(1, min(4, cores // 2))
    end = time.perf_counter() + seconds

    def run(name: str, threads: int) -> dict[str, Any]:
        limit = CHECKS[name][1] if name in CHECKS else NETWORK_LIMIT
        left = int(end - time.perf_counter())
        if left < 5:
            error = 'the time for all checks was over'
            return dict(check=name, seconds=0, rows=[], left_out=None, error=error)
        return run_apart(name, device, min(limit, left), threads)

    alone = [name for name in names if name in CHECKS and CHECKS[name][2]]
    together = [name for name in names if name not in alone]
    with ThreadPoolExecutor(beside) as pool:
        threads = max(1, cores // beside)
        found = list(pool.map(lambda name: run(name, threads), together))
    found += [run(name, max(1, cores // 2)) for name in alone]
    return sorted(found, key=lambda report: names.index(report['check']))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', default='work_dirs/gpu_check', help='names .json, .md')
    parser.add_argument('--only', nargs='+', help='checks to run; default all')
    parser.add_argument(
        '--seconds', type=float, default=570, help='for all checks; default %(default)s'
    )
    parser.add_argument('--device', default='cuda', help=argparse.SUPPRESS)
    parser.add_argument('--run-here', help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    if args.run_here:
        run_here(args.run_here, args.device, Path(args.out))
        return 0
    known = names_of_checks()
    names = args.only or known
    if unknown := [name for name in names if name not in known]:
        sys.exit(f'--only {" ".join(unknown)}: the checks are {", ".join(known)}')
    import torch

    if args.device == 'cuda' and not torch.cuda.is_available():
        print('gpu_check: torch sees no GPU here, so nothing was checked.')
        return 2
    begin = time.perf_counter()
    reports = run_all(names, args.device, args.seconds)
    result = dict(
        environment=environment(),
        seconds=time.perf_counter() - begin,
        ok=not any(map(failed, reports)),
        checks=reports,
    )
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix('.json').write_text(json.dumps(result, indent=1) + '\n')
    out.with_suffix('.md').write_text(markdown(result))
    for report in reports:
        if report.get('log'):
            print(f'--- {report["check"]}\n{report["log"]}')
    lines = table_lines(reports)
    widths = [max(len(line[i]) for line in lines) for i in (0, 1)]
    for name, verdict, figures in lines:
        print(f'{name:<{widths[0]}}  {verdict:<{widths[1]}}  {figures}')
    print(f'{result["seconds"]:.0f} s; {sum(map(failed, reports))} checks failed')
    return 0 if result['ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
