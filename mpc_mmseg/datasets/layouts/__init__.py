"""Layouts of public data sets: where their images and masks are after unpacking."""

import inspect
from collections.abc import Mapping
from typing import Any

from . import published, tables  # noqa: F401 - they register theirs
from .layout import LAYOUTS, TAGS, Inventory, Layout, Sample, index_files

__all__ = ['LAYOUTS', 'TAGS', 'Inventory', 'Layout', 'Sample', 'index_files']


def build_layout(name: str, options: Mapping[str, Any] | None = None) -> Layout:
    """Build a layout by name, with the arguments of its factory.

    Raises:
        ValueError: If there is no such layout, option or value; lists the valid ones.
    """
    if name not in LAYOUTS:
        raise ValueError(f'no layout {name!r}; use one of {", ".join(sorted(LAYOUTS))}')
    signature = inspect.signature(LAYOUTS[name])
    try:
        bound = signature.bind(**(options or {}))
    except TypeError as error:
        raise ValueError(f'{name}: {error}; its options are {signature}') from error
    return LAYOUTS[name](*bound.args, **bound.kwargs)
