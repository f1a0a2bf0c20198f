"""How far a run is, on one line of a terminal."""

import time
from typing import TextIO


class ProgressLine:
    """Writes done, total, rate and the time left, over and over onto one line.

    MMEngine's ProgressBar comes with torch, whose import takes seconds.

    Args:
        total: Of what is to be done.
        file: Where to.
    """

    def __init__(self, total: int, file: TextIO) -> None:
        self.total, self.file = total, file
        self.done, self.start = 0, time.monotonic()

    def update(self) -> None:
        """Counts one more."""
        self.done += 1
        rate = self.done / max(time.monotonic() - self.start, 1e-9)
        left = round((self.total - self.done) / rate)
        self.file.write(
            f'\r{self.done}/{self.total}, {rate:.1f} a second, {left} s left   '
        )
        self.file.flush()
