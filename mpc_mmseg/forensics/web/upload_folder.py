"""The folder of uploads: of one process, and removed with it."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = 'mpc_serve_'


@contextmanager
def upload_folder() -> Iterator[str]:
    """A folder that Gradio uses; those that killed servers left are removed first."""
    for left in Path(tempfile.gettempdir()).glob(f'{_PREFIX}[0-9]*_*'):
        with suppress(OSError, ValueError):
            about = left.lstat()
            own = not hasattr(os, 'getuid') or about.st_uid == os.getuid()
            process = int(left.name.removeprefix(_PREFIX).partition('_')[0])
            if own and left.is_dir() and not left.is_symlink() and not _runs(process):
                shutil.rmtree(left)
    prefix = f'{_PREFIX}{os.getpid()}_'
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        os.environ['GRADIO_TEMP_DIR'] = name
        yield name


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # of another user
    return True


def forget_uploads(folder: str | Path, seconds: float) -> None:
    """Deletes incomplete uploads of broken connections, which Gradio keeps.

    Args:
        folder: Folder of the uploads.
        seconds: Files that have not been written to for this time are deleted.
    """
    latest = time.time() - seconds
    for path in Path(folder).rglob('*'):
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime < latest:
                path.unlink()
