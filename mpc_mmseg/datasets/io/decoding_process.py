"""Decoding in a process of its own, with limits on its time and memory.

A new process costs more than most photographs, whose containers bound their decoding;
so it is only for files that may keep a decoder busy for long.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

#: Limits of the process. A photograph of 128 megapixels takes seconds, and 2 GiB.
SECONDS, MEMORY = 60, 6 * 2**30


def decode_in_process(
    content: bytes, pixel_limit: int, seconds: float = SECONDS
) -> np.ndarray:
    """As `read_image` of a file's content, in a new process.

    Raises:
        ValueError: If it fails, or takes too much time or memory; states the reason.
    """
    package = Path(__file__).parents[3]
    paths = os.pathsep.join(filter(None, [str(package), os.getenv('PYTHONPATH')]))
    try:
        done = subprocess.run(
            [sys.executable, '-m', __name__, str(pixel_limit), str(os.getpid())],
            input=content,
            capture_output=True,
            timeout=seconds,
            env={**os.environ, 'MPC_MMSEG_LAZY': '1', 'PYTHONPATH': paths},
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f'takes longer than {seconds} s to decode') from None
    if done.returncode:
        lines = done.stderr.decode('utf-8', 'replace').strip().splitlines()
        raise ValueError(lines[-1] if lines else 'ends the decoder, out of memory?')
    height, width = np.frombuffer(done.stdout, '<u4', 2)
    pixels = np.frombuffer(done.stdout, np.uint8, offset=8)
    return pixels.reshape(height, width, 3).copy()


def _main() -> int:
    from mpc_mmseg.parent_process import end_with_parent

    from .image_io import ImageReadError, decode_image

    end_with_parent(int(sys.argv[2]))
    with suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        pixels = decode_image(sys.stdin.buffer.read(), 'image', int(sys.argv[1]))
    except (ImageReadError, MemoryError) as error:
        print(
            str(error).removeprefix('image: ') or 'needs too much memory',
            file=sys.stderr,
        )
        return 1
    sys.stdout.buffer.write(np.array(pixels.shape[:2], '<u4').tobytes())
    sys.stdout.buffer.write(pixels.data)
    return 0


if __name__ == '__main__':
    sys.exit(_main())
