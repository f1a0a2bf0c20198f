"""What the checks of tools/gpu_check.py give, and what they compare by."""

import importlib.util
from pathlib import Path
from typing import Any

MODELS_FOLDER = Path(__file__).resolve().parents[2] / 'configs/_base_/models'
TOLERANCE = 1e-4

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
