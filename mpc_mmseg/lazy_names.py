"""Names that a package exports but imports only when they are used."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, where: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for a package (PEP 562).

    Inference needs a few files of packages whose other files import torch and mmseg,
    which takes seconds. So these are imported on first access.

    Args:
        package: Its ``__name__``.
        where: Name -> module of the package that defines it, or that has this name.

    Returns:
        A function that imports a name's module and returns the object.
    """

    def get(name: str) -> Any:
        if name not in where:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        module = import_module(f'{package}.{where[name]}')
        return module if name == where[name] else getattr(module, name)

    return get
