"""Layouts of public data sets: where their images and masks are after unpacking."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .autosplice import autosplice
from .casia import casia_v1, casia_v2
from .catnet import compraise, tampcoco
from .cocoglide import cocoglide
from .columbia import columbia
from .coverage import coverage
from .defacto import defacto
from .dso1 import dso1
from .faceforensics import faceforensics
from .folders import folders
from .imd2020 import imd2020
from .in_the_wild import in_the_wild
from .korus import korus
from .layout import TAGS, Inventory, Layout, Sample, index_files
from .misd import misd
from .nist16 import nist16
from .openforensics import openforensics
from .tables import table

#: Name -> factory of the layout; its arguments are the options of the layout.
LAYOUTS: dict[str, Callable[..., Layout]] = {
    factory.__name__: factory
    for factory in (
        autosplice,
        casia_v1,
        casia_v2,
        cocoglide,
        columbia,
        compraise,
        coverage,
        defacto,
        dso1,
        faceforensics,
        folders,
        imd2020,
        in_the_wild,
        korus,
        misd,
        nist16,
        openforensics,
        table,
        tampcoco,
    )
}

__all__ = [
    'LAYOUTS',
    'TAGS',
    'Inventory',
    'Layout',
    'Sample',
    'build_layout',
    'index_files',
]


def build_layout(name: str, options: Mapping[str, Any] | None = None) -> Layout:
    """Build a layout by name.

    Args:
        name: A key of ``LAYOUTS``.
        options: The arguments of its factory.

    Raises:
        ValueError: If there is no such layout, option or value; lists the valid ones.
    """
    if name not in LAYOUTS:
        raise ValueError(f'no layout {name!r}; use one of {", ".join(LAYOUTS)}')
    signature = inspect.signature(LAYOUTS[name])
    try:
        bound = signature.bind(**(options or {}))
    except TypeError as error:
        raise ValueError(f'{name}: {error}; its options are {signature}') from error
    return LAYOUTS[name](*bound.args, **bound.kwargs)
