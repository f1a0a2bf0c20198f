"""Work on images in threads beside the network, with results in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')

#: Pixels that may be in work beside those of the network.
_PIXELS = 2**25


def in_threads(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    pixels: Callable[[Item], float],
    n_threads: int,
) -> Iterator[Result]:
    """Applies a function to items while the caller uses earlier results.

    Args:
        function: Its error is raised in place of the result.
        items: Consumed lazily.
        pixels: Size of an item; while a large one is in work, the caller waits.
        n_threads: Number of threads, and of items ahead of the caller.
    """
    with ThreadPoolExecutor(n_threads) as pool:
        jobs = deque[tuple[Future[Result], float]]()

        def exceeded(more: float) -> bool:
            return more + sum(size for _, size in jobs) > _PIXELS

        for item in items:
            size = pixels(item)
            while jobs and exceeded(size):
                yield jobs.popleft()[0].result()
            jobs.append((pool.submit(function, item), size))
            while jobs and (len(jobs) > n_threads or exceeded(0)):
                yield jobs.popleft()[0].result()
        while jobs:
            yield jobs.popleft()[0].result()
