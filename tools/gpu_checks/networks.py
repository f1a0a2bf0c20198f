"""Networks on a GPU: against a CPU in float64, then in lower precision.

Gradients of a deep network in float32 cannot be compared between devices as they are: a
rounding that carries an activation over the kink of a ReLU changes the gradient by much
more than itself, and BatchNorm over the few values of a small map enlarges it. Both
devices are 1e-3 to 1e-2 from float64. So there are three comparisons.

float64, GPU against CPU, the network as it is trained
    Shows that the code is right on the device: placement, indices, BatchNorm in
    training, losses. The losses round to float32, hence `EXACT` and not 1e-12.
float32, bfloat16 against float64 on the GPU, in a `well_conditioned` copy
    Shows that the kernels of these types, others than those of float64, are right. Says
    nothing about ReLU and about BatchNorm in training in these types.
float16 with GradScaler, the network as it is trained, on a GPU only
    Shows that the scale settles, that nothing overflows and the loss is near. Its
    gradient is printed, not judged. (In the copy deep maps shrink below float16.)
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .rows import MODELS_FOLDER, TOLERANCE, Row, exact_float32, need, relative, row

SIZE = 64  # side of the images that networks are compared on
EXACT = 1e-5
PHASES = ('contrast', 'localize', 'supervised', 'joint')
LARGE = 5e6  # parameters, above which only the method's two phases are compared


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


def well_conditioned(model: Any) -> Any:
    """A copy with smooth activations and fixed BatchNorm statistics."""
    from torch import nn
    from torch.nn.modules.batchnorm import _BatchNorm

    class Fixed(nn.Module):
        """BatchNorm by its running statistics, also in training mode."""

        def __init__(self, norm: Any) -> None:
            super().__init__()
            self.norm = norm

        def train(self, mode: bool = True) -> Any:
            self.norm.eval()
            return self

        def forward(self, x: Any) -> Any:
            return self.norm(x)

    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, module in list(parent.named_children()):
            if isinstance(module, nn.ReLU | nn.ReLU6 | nn.Hardswish):
                setattr(parent, name, nn.SiLU())
            elif isinstance(module, _BatchNorm):
                setattr(parent, name, Fixed(module))
    return model


def loss_and_gradient(
    model: Any, device: str, autocast: Any = None, scaler: Any = None
) -> tuple[Any, Any]:
    """Loss, and all gradients as one vector in float64, of one batch."""
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
    vector = torch.cat([g.detach().double().flatten() for g in gradients])
    return total.detach(), vector / scaler.get_scale() if scaler else vector


def check_network(device: str, name: str) -> Iterator[Row]:
    """CUDA against CPU in float64, then lower precision against float64."""
    need('mmseg')
    import torch

    exact_float32()
    original = build_model(MODELS_FOLDER / f'{name}.py')
    yield predictions(name, original, device)
    original = original.double()
    large = sum(p.numel() for p in original.parameters()) > LARGE
    for phase in PHASES[:2] if large else PHASES:
        here = copy.deepcopy(original)
        here.set_phase(phase)
        there = copy.deepcopy(here).to(device)
        model = well_conditioned(there)  # before training moves its statistics
        found = loss_and_gradient(there, device)
        exact = loss_and_gradient(here, 'cpu')
        title = f'{name} {phase}'
        yield compared(f'{title}, float64', found, exact, EXACT)
        expected = loss_and_gradient(model, device)
        model = model.float()
        found = loss_and_gradient(model, device)
        yield compared(f'{title}, float32', found, expected, TOLERANCE)
        yield half_precision(title, model, device, torch.bfloat16, *expected)
        if device == 'cuda':
            there = there.float()
            yield half_precision(title, there, device, torch.float16, *exact)


def compared(name: str, found: tuple, expected: tuple, limit: float) -> Row:
    """Loss and gradient against those of a reference."""
    loss, gradient = map(relative, found, expected)
    ok = max(loss, gradient) <= limit
    return row(name, ok, loss=loss, gradient=gradient)


def half_precision(
    name: str, model: Any, device: str, dtype: Any, loss: Any, gradient: Any
) -> Row:
    """One step under autocast: finite, near float64 (float16: in its loss)."""
    import torch
    import torch.nn.functional as F

    kind = str(dtype).removeprefix('torch.')
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], lr=1e-4
    )
    scaler = torch.amp.GradScaler(device) if dtype is torch.float16 else None
    for _ in range(12):
        total, vector = loss_and_gradient(model, device, dtype, scaler)
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
    cosine = float(F.cosine_similarity(vector.cpu(), gradient.cpu(), 0))
    return row(
        f'{name}, {kind}',
        finite and (near < 0.05 if scaler else near < 0.02 and cosine > 0.99),
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
