"""Checkpoint files: written atomically, checked, found again."""

import logging
import os
import re
import zipfile
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import print_log

_ITERATION = re.compile(r'iter_(\d+)\.pth')


@register_backend('AtomicLocalBackend')
class AtomicLocalBackend(LocalBackend):
    """MMEngine's local files, written atomically.

    If a process is killed or the power fails, a file has its old or its new content,
    complete. For ``backend_args=dict(backend='AtomicLocalBackend')``.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file; its folder is created."""
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + '.unfinished')
        # A new file: one that is there may be a link to elsewhere.
        unfinished.unlink(missing_ok=True)
        with open(unfinished, 'xb') as file:
            file.write(obj)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # so that the new name survives a power cut as well
        finally:
            os.close(folder)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text to a file."""
        self.put(obj.encode(encoding), filepath)


def is_complete(path: str | Path) -> bool:
    """Whether a file is a complete and undamaged checkpoint.

    Reads it once, 0.4 GB/s: torch writes zip files, which have their directory at the
    end and a checksum of every tensor. Pipes and devices are not read.
    """
    if not Path(path).is_file():
        return False
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False


def latest_checkpoint(work_dir: str | Path, out_dir: str | None = None) -> str | None:
    """The checkpoint of a work dir from which a run resumes; None if there is none.

    The one that ``last_checkpoint`` names if it is complete, else the one before. Only
    names count: the folder may have been moved or copied, and nothing outside it is
    read. Checkpoints that are skipped are logged. With ``CheckpointHook``'s ``out_dir``
    they are in the folder of the work dir's name in it.

    Raises:
        RuntimeError: If there are checkpoints and none is complete. Starting from
            scratch would overwrite them.
    """
    work_dir = Path(work_dir)
    folder = Path(out_dir, work_dir.resolve().name) if out_dir else work_dir
    by_iteration = {
        int(match[1]): path
        for path in folder.glob('iter_*.pth')
        if (match := _ITERATION.fullmatch(path.name))
    }
    newest = sorted(by_iteration, reverse=True)
    candidates = [by_iteration[i] for i in newest]
    pointer = work_dir / 'last_checkpoint'
    named = pointer.read_text('utf-8', 'replace').strip() if pointer.is_file() else ''
    if name := os.path.basename(named):
        first = folder / name
        if match := _ITERATION.fullmatch(first.name):
            candidates = [by_iteration[i] for i in newest if i < int(match[1])]
        candidates.insert(0, first)
    elif candidates:
        _warn(f'{pointer} is missing or empty')
    # Phases' ends come last: usually another checkpoint is at or after them.
    ends = work_dir.glob('*_end.pth')
    candidates += sorted(ends, key=lambda p: p.stat().st_mtime, reverse=True)
    for path in candidates:
        if is_complete(path):
            return str(path)
        what = 'is incomplete or damaged' if path.exists() else 'does not exist'
        _warn(f'skipped the checkpoint {str(path)!r}, which {what}')
    if candidates:
        raise RuntimeError(
            f'none of the checkpoints in {work_dir} can be read: give one with '
            '--resume PATH, or move them away to start from scratch'
        )
    return None


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)
