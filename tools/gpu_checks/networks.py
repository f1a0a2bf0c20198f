"""Networks on a GPU against a CPU, and in half precision."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .rows import MODELS_FOLDER, TOLERANCE, Row, exact_float32, need, relative, row

SIZE = 96  # side of the images that networks are compared on
PHASES = ('contrast', 'localize', 'supervised', 'joint')


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
            try:
                reference = loss_and_gradient(exact, 'cpu')[1]
            except RuntimeError as error:  # of a part that knows no float64
                figures['float64'] = str(error).splitlines()[0]
            else:
                here_off, there_off = (
                    relative(each, reference) for each in (gradient, gradient_there)
                )
                figures |= dict(cpu_to_float64=here_off, gpu_to_float64=there_off)
                # Where float64 takes other steps, as in a histogram, it says nothing.
                ok = there_off <= min(3 * here_off, 10 * TOLERANCE)
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
