"""What can be wrong with a data set: found before training, reported together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from mpc_mmseg.datasets.io.image_io import ImageReadError, read_header
from mpc_mmseg.datasets.transforms.load_forgery_mask import size_mismatch

from .list_file import ListEntry

#: What can be wrong with a data set -> what to do about it.
ADVICE = {
    'missing folder': "add it, or set its data_prefix to '' to leave that part out",
    'folder without images': "add some, or set its data_prefix to '' to leave it out",
    'missing mask': 'add the mask under the same name, or move the image to the '
    'folder of authentic images',
    'mask without image': 'add the image, or move the mask away',
    'ambiguous mask': 'give each image one mask of the same name',
    'missing file': 'correct the list (tab between columns, paths below data_root) '
    'or add the file',
    'listed twice': 'keep one line; to weight a set, wrap it in RepeatDataset',
    'unreadable file': 'fetch or export it again, or move it away',
    'mask of another size': 'masks must match the upright images pixel by pixel',
}


Problem = tuple[str, str]  # a key of ADVICE, and which file


def check_headers(pairs: Iterable[ListEntry]) -> list[Problem]:
    """Open every file as far as its size: unreadable ones, masks that do not fit."""
    # Threads hide the latency of network disks; local files gain little.
    with ThreadPoolExecutor(8) as pool:
        return list(chain.from_iterable(pool.map(_header_problems, pairs)))


def _header_problems(pair: ListEntry) -> list[Problem]:
    problems, sizes = [], []
    for path in pair.files:
        try:
            sizes.append(read_header(path))
        except ImageReadError as error:
            problems.append(('unreadable file', str(error)))
    if pair.mask is not None and len(sizes) == 2 and sizes[0] != sizes[1]:
        text = size_mismatch(pair.image, sizes[0], pair.mask, sizes[1])
        problems.append(('mask of another size', text))
    return problems


def report(problems: Sequence[Problem], show: int = 10) -> str:
    """All problems by kind: the count, the first few, and what to do."""
    lines = []
    for kind, advice in ADVICE.items():
        texts = sorted(text for key, text in problems if key == kind)
        if texts:
            lines.append(f'{kind} ({len(texts)}): {advice}.')
            lines += [f'  {text}' for text in texts[:show]]
            if len(texts) > show:
                lines.append(f'  and {len(texts) - show} more')
    return '\n'.join(lines)
