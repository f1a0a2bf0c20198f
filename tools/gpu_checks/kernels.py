"""Kernels: attention, compiled networks, the contrast."""

import copy
import importlib.util
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

from .networks import build_model
from .rows import (
    MODELS_FOLDER,
    TOLERANCE,
    LeftOut,
    Row,
    exact_float32,
    need,
    relative,
    row,
)


def attend(attention: Any, x: Any, dtype: Any, trained: bool) -> list:
    """Attention of maps (B, H, W, C), and all gradients of its squares' sum."""
    import torch

    with (
        torch.set_grad_enabled(trained),
        torch.autocast(x.device.type, dtype, enabled=dtype is not torch.float32),
    ):
        out = attention(x).float()
    if not trained:
        return [out]
    inputs = [x, *attention.parameters()]
    return [out, *torch.autograd.grad(out.square().sum(), inputs)]


def check_attention(device: str) -> Iterator[Row]:
    """Which kernels of SDPA HRFormer's attention takes, all its sizes, and the values.

    In training the bias by position is a mask with a gradient. Of CUDA's fused kernels
    the memory-efficient one takes that, if the mask's last dimension is not strided;
    torch pads its rows to an aligned width itself. In inference cuDNN's may come in.
    """
    need('mmseg')
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.profiler import ProfilerActivity, profile

    from mpc_mmseg.models.backbones.hrformer_block import WindowAttention

    exact_float32()
    sizes = {
        (module.qkv.in_features, module.num_heads, module.window_size)
        for path in sorted(MODELS_FOLDER.glob('mpc_hrformer*.py'))
        for module in build_model(path).modules()
        if isinstance(module, WindowAttention)
    }
    if not sizes:
        raise LeftOut('no HRFormer among the base configs')
    subjects = []
    for size in sorted(sizes):
        torch.manual_seed(0)
        attention = WindowAttention(*size).to(device)
        x = torch.randn(2, 16, 20, size[0], device=device, requires_grad=True)
        with sdpa_kernel(SDPBackend.MATH):
            expected = attend(attention, x, torch.float32, True)
        subjects.append((attention, x, expected))
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        for trained in (True, False):
            with profile(activities=[ProfilerActivity.CPU]) as seen:
                worst = max(
                    max(map(relative, attend(attention, x, dtype, trained), expected))
                    for attention, x, expected in subjects
                )
            start = 'aten::_scaled_dot_product_'
            kernels = sorted(
                event.key.removeprefix(start)
                for event in seen.key_averages()
                if event.key.startswith(start) and 'backward' not in event.key
            )
            fused = bool(kernels) and not any('math' in name for name in kernels)
            kind = str(dtype).removeprefix('torch.')
            yield row(
                f'attention in {"training" if trained else "inference"}, {kind}',
                fused and worst <= (TOLERANCE if dtype is torch.float32 else 0.05),
                kernels=', '.join(kernels) or 'none of SDPA',
                sizes=len(subjects), worst=worst,
            )  # fmt: skip


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
            gradient = torch.cat(
                [p.grad.flatten() for p in each.parameters() if p.grad is not None]
            )
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
    from mpc_mmseg.models.losses.info_nce import PackedSets, Pair

    init_default_scope('mmseg')
    forms: dict[str, Callable] = {'naive': naive_info_nce}
    for name, options in (('blocked', {}), ('fused', {'fused': True})):
        module = MODELS.build(dict(type='MeanPositiveContrast', **options))
        forms[name] = lambda q, k, module=module: module(
            [Pair(PackedSets.pack([q]), PackedSets.pack([k]))], 0.1
        ).sum()
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
    references: dict[tuple, list] = {}
    # The fused form last: it compiles for each size and type.
    for name, count, dtype in itertools.product(
        forms, counts, (torch.float32, torch.bfloat16)
    ):
        if not cuda and name == 'fused':
            continue
        torch.manual_seed(0)
        q, k = (
            F.normalize(torch.randn(count, channels, device=device), dim=1)
            .to(dtype)
            .requires_grad_()
            for _ in 'qk'
        )
        kind = str(dtype).removeprefix('torch.')
        title = f'contrast {name}, {count} pixels, {kind}'

        def loss(name: str = name, q: Any = q, k: Any = k) -> Any:
            # The reference gets the rounded inputs in float32.
            return forms[name](*((q.float(), k.float()) if name == 'naive' else (q, k)))

        try:
            found = [loss()]
            found[0].backward()
            found += [x.grad.clone() for x in (q, k) if x.grad is not None]
            figures = timed(loss, cuda)
        except Exception as error:  # one form must not stop the others
            yield row(title, False, error=f'{type(error).__name__}: {error}')
            continue
        if name == 'naive':
            references[count, dtype] = [x.detach() for x in found]
            yield row(title, True, **figures)
            continue
        if (count, dtype) not in references:
            yield row(title, False, error='the naive form gave no reference')
            continue
        value, *gradients = map(relative, found, references[count, dtype])
        limit = TOLERANCE if dtype is torch.float32 else 2e-2
        yield row(
            title, max(value, *gradients) <= limit,
            value=value, gradient=max(gradients), **figures,
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
