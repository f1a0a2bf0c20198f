"""Where the configs and the zoo are: in a checkout, or inside an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """The folder ``configs`` or ``zoo``.

    A wheel has them in ``.mim``, where MMEngine looks for ``mpc_mmseg::FAMILY/NAME.py``.
    """
    inside = _PACKAGE / '.mim' / name
    return (inside if inside.is_dir() else _PACKAGE.parent / name).resolve()


def allow_base_by_name() -> None:
    """Makes ``_base_ = 'mpc_mmseg::FAMILY/NAME.py'`` possible in configs.

    MMEngine resolves such names for the packages of a table, which has no registry.
    """
    from mmengine.config.utils import MODULE2PACKAGE  # not at the top: imports torch

    MODULE2PACKAGE.setdefault('mpc_mmseg', 'mpc_mmseg')
