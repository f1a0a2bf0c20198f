"""Every random number of a training run from what the run has done so far."""

import random
import zlib
from enum import IntEnum

import numpy as np
import torch


class Stream(IntEnum):
    """What random numbers are drawn for; two streams share none."""

    ORDER = 0
    SAMPLE = 1
    ITERATION = 2
    VALIDATION = 3


def stream_words(stream: Stream, seed: int, phase: str, *position: int) -> list[int]:
    """Eight 32-bit words, a pure function of the arguments.

    Args:
        stream: What the numbers are for.
        seed: The run's.
        phase: Name of the phase.
        position: Where in the phase, non-negative: an iteration and a rank, or a
            sample's place in the order.
    """
    # Not hash(), which Python salts anew in every process.
    key = [int(stream), seed % 2**64, zlib.crc32(phase.encode()), *position]
    return np.random.SeedSequence(key).generate_state(8).tolist()


def seed_global_streams(stream: Stream, seed: int, phase: str, *position: int) -> None:
    """Seed ``random``, NumPy and torch (all devices) as ``stream_words`` says."""
    words = stream_words(stream, seed, phase, *position)
    random.seed(words[0] << 32 | words[1])
    np.random.seed(words[2:6])
    torch.manual_seed(words[6] << 32 | words[7])
