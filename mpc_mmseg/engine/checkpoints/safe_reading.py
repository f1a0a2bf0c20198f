"""The one reader of checkpoints: bytes, their hash, and torch's safe loader."""

import io
import os
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, Runner

from mpc_mmseg.hashing import sha256
from mpc_mmseg.plain_text import plain_text
from mpc_mmseg.regular_file import read_regular

# torch's list of allowed types is of the process.
_LOADING = threading.Lock()
_FORCED = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
_MOST_BYTES = 2**34


class _NumpyType:
    """Stands for ``np.dtype``, whose own state could describe any memory."""

    def __init__(self, name: str, *_: bool) -> None:
        if not re.fullmatch(r'[biufc]\d{1,2}|U\d{1,4}', name):
            raise UnpicklingError(f'numpy type {plain_text(name)!r}')
        self.value = np.dtype(name)

    def __setstate__(self, state: tuple) -> None:
        self.value = self.value.newbyteorder('>' if state[1] == '>' else '<')


class _NumpyArray:
    """Stands for ``np.ndarray``."""

    def __init__(self, *_: Any) -> None:
        self.value = np.zeros(0)

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, fortran, content = state
        order: Literal['F', 'C'] = 'F' if fortran else 'C'
        self.value = np.ndarray(shape, kind.value, content, order=order).copy(order)


class _Log:
    """Stands for MMEngine's ``HistoryBuffer``."""

    @property
    def value(self) -> HistoryBuffer:
        names = ('_log_history', '_count_history')
        data = [np.asarray(vars(self)[name].value).tolist() for name in names]
        return HistoryBuffer(*data, int(vars(self)['max_length']))


def _scalar(kind: _NumpyType, content: bytes) -> Any:
    return np.frombuffer(content, kind.value)[0]


def _method(owner: Any, name: str) -> str:
    """Stands for ``getattr``: each log stores references to four of its methods."""
    if owner is not _Log or name not in ('min', 'max', 'current', 'mean'):
        raise UnpicklingError(f'attribute {plain_text(name)}')
    return name


def _empty() -> bytes:
    """Stands for ``bytes``, which pickle calls for an empty array's content."""
    return b''


#: What MMEngine's own hook stores besides tensors and plain data.
_ALLOWED: list[Callable | tuple[Callable, str]] = [
    (_Log, 'mmengine.logging.history_buffer.HistoryBuffer'),
    (_method, 'builtins.getattr'),
    (_empty, 'builtins.bytes'),
    (_NumpyArray, 'numpy.ndarray'),
    (_NumpyType, 'numpy.dtype'),
]
for _core in ('core', '_core'):  # of numpy 1 and 2
    _ALLOWED.append((_NumpyArray, f'numpy.{_core}.multiarray._reconstruct'))
    _ALLOWED.append((_scalar, f'numpy.{_core}.multiarray.scalar'))


def restored(node: Any, seen: dict[int, Any] | None = None) -> Any:
    """Content of a checkpoint with numpy's and MMEngine's values for stand-ins.

    Dicts and lists are changed in place, those that were ``seen`` once only: a file of
    1 kB can refer 2**99 times to one list.
    """
    seen = {} if seen is None else seen
    if id(node) in seen:
        return seen[id(node)]
    if isinstance(node, _NumpyArray | _NumpyType | _Log):
        seen[id(node)] = node.value
    elif isinstance(node, dict):
        seen[id(node)] = node
        for key, value in node.items():
            node[key] = restored(value, seen)
    elif isinstance(node, list):
        seen[id(node)] = node
        node[:] = [restored(value, seen) for value in node]
    elif type(node) is tuple:
        seen[id(node)] = tuple(restored(value, seen) for value in node)
    return seen.get(id(node), node)


def read_checkpoint(
    path: str | Path, map_location: Any = 'cpu', sha256_expected: str | None = None
) -> dict[str, Any]:
    """Reads a checkpoint with torch's safe loader, which runs no code.

    Besides tensors and plain data it reads what MMEngine's own hook stores: logs and
    numbers of numpy.

    Args:
        path: The file.
        map_location: See ``torch.load``.
        sha256_expected: The hash that the file must have, or None.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If it is not a checkpoint, the safe loader refuses it, or its hash
            differs.
    """
    return read_with_hash(path, map_location, sha256_expected)[0]


def read_with_hash(
    path: str | Path, map_location: Any = 'cpu', sha256_expected: str | None = None
) -> tuple[dict[str, Any], str]:
    """As `read_checkpoint`, with the SHA-256 of the bytes that were loaded.

    The file is read once: it may be replaced while it is used.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'no checkpoint {path}')
    content = read_regular(path, _MOST_BYTES)
    digest = sha256(content)
    if sha256_expected is not None and digest != sha256_expected:
        raise RuntimeError(
            f'{path} was replaced after it had been verified: its SHA-256 is {digest}, '
            f'not {sha256_expected}. It is not used'
        )
    try:
        _check_archive(content)
        with _LOADING, _allowed():
            checkpoint = torch.load(
                io.BytesIO(content), map_location=map_location, weights_only=True
            )
        checkpoint = restored(checkpoint)
    except UnpicklingError as error:
        named = re.search(r'GLOBAL (\S+)', str(error))
        reason = plain_text(named[1] if named else str(error).splitlines()[-1])
        raise RuntimeError(
            f'{path} is damaged, or contains Python objects, which can run code when '
            f"loaded, so torch's safe loader refuses it ({reason}). If you trust its "
            'source, load it yourself and save its state_dict only, then pass its '
            'config as the model and that file as the weights'
        ) from error
    # What damaged content raises is of no common kind.
    except Exception as error:
        raise RuntimeError(
            f'{path} is not a checkpoint, or damaged: {plain_text(error)}'
        ) from error
    parts = [checkpoint]
    if isinstance(checkpoint, dict):
        parts += [checkpoint[k] for k in ('meta', 'state_dict') if k in checkpoint]
    for part in parts:
        if not isinstance(part, dict) or not all(isinstance(key, str) for key in part):
            raise RuntimeError(
                f'{path} contains a {type(part).__name__}, not a checkpoint, its meta '
                'or weights by name'
            )
    return checkpoint, digest


def _check_archive(content: bytes) -> None:
    """Refuses compressed archives: torch writes none, and they may be a bomb."""
    if not content.startswith(b'PK'):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if entry.compress_type != zipfile.ZIP_STORED:
                raise RuntimeError('its content is compressed, which torch never does')


def _allowed() -> AbstractContextManager:
    # torch before 2.6 has no such list: it reads tensors and plain data only.
    if not hasattr(torch.serialization, 'get_unsafe_globals_in_checkpoint'):
        return nullcontext()
    return torch.serialization.safe_globals(_ALLOWED)


@contextmanager
def only_safe_loading() -> Iterator[None]:
    """Within it, MMEngine reads files by `read_checkpoint`, and none unsafely.

    MMEngine falls back to the unsafe loader for a file that the safe one refuses, and
    uses it for addresses. Schemes and environment are as before afterwards.
    """
    schemes, forced = CheckpointLoader._schemes, os.environ.get(_FORCED)
    CheckpointLoader._schemes = dict(schemes)
    CheckpointLoader.register_scheme('', _load_from_file, force=True)
    os.environ[_FORCED] = '1'  # torch.load obeys it whatever its caller asks for
    try:
        yield
    finally:
        CheckpointLoader._schemes = schemes
        if forced is None:
            del os.environ[_FORCED]
        else:
            os.environ[_FORCED] = forced


def _load_from_file(filename: str, map_location: Any = None) -> dict[str, Any]:
    return read_checkpoint(os.path.expanduser(filename), map_location)


class SafeRunner(Runner):
    """MMEngine's Runner, which reads checkpoints by the safe loader alone."""

    def load_checkpoint(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """See ``Runner``; the configs in a checkpoint are not executed."""
        with only_safe_loading():
            checkpoint = super().load_checkpoint(*args, **kwargs)
        # Runner.resume would execute this text, to compare numbers of GPUs.
        checkpoint.get('meta', {}).pop('config', None)
        return checkpoint

    def _init_model_weights(self) -> None:
        with only_safe_loading():
            super()._init_model_weights()
