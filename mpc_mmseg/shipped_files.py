"""Where the configs and the zoo are: in a checkout, or inside an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """The folder ``configs`` or ``zoo``; MMEngine expects a wheel's in ``.mim``."""
    inside = _PACKAGE / '.mim' / name
    return (inside if inside.is_dir() else _PACKAGE.parent / name).resolve()
