"""Kernels: attention, compiled networks, the contrast."""

import copy
import importlib.util
import time
from collections.abc import Callable, Iterator
from typing import Any

from .networks import build_model, loss_and_gradient
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
    from mpc_mmseg.models.losses import PackedSets, Pair

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
