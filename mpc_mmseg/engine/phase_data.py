"""Samples and random numbers of a phase, reproducible from any position in it."""

import copy
import random
import zlib
from collections.abc import Iterator
from enum import IntEnum
from itertools import count, islice
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmengine.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler


class Stream(IntEnum):
    """What random numbers are drawn for; two streams share none."""

    ORDER = 0
    SAMPLE = 1
    ITERATION = 2
    VALIDATION = 3


def stream_words(stream: Stream, seed: int, phase: str, *position: int) -> list[int]:
    """Eight 32-bit words, a function of the arguments alone.

    The position in the phase, not negative, is an iteration and a rank, or a sample's
    position in the order.
    """
    # Not hash(), which Python salts differently in every process.
    key = [int(stream), seed % 2**64, zlib.crc32(phase.encode()), *position]
    return np.random.SeedSequence(key).generate_state(8).tolist()


def seed_global_streams(stream: Stream, seed: int, phase: str, *position: int) -> None:
    """Seed ``random``, NumPy and torch (all devices) by ``stream_words``."""
    words = stream_words(stream, seed, phase, *position)
    random.seed(words[0] << 32 | words[1])
    np.random.seed(words[2:6])
    torch.manual_seed(words[6] << 32 | words[7])


class SampleIndex(int):
    """An index into a data set, and which draw of the run it is.

    Attributes:
        draw: Seed, phase and position of the draw in the phase's order, over all ranks.
    """

    draw: tuple[int, str, int]

    def __new__(cls, index: int, draw: tuple[int, str, int]) -> 'SampleIndex':
        """An int with an attribute."""
        self = super().__new__(cls, index)
        self.draw = draw
        return self

    def __reduce__(self) -> tuple[type, tuple[int, tuple[int, str, int]]]:
        """Pickle the draw, too."""
        return type(self), (int(self), self.draw)


class SeededDataset(Dataset):
    """Reads each sample with random numbers of its own.

    Transforms that draw from ``random``, ``numpy.random`` or torch then give the same
    sample for the same draw, whatever the number of workers and whether the run was
    resumed. Wraps the outermost data set, so that mixtures and repetitions are covered.

    Attributes:
        of_phase: Data sets that phases read instead, by the phase's name.
    """

    def __init__(self, dataset: Any) -> None:
        if isinstance(dataset, dict):
            dataset = DATASETS.build(dataset)
        self.dataset = dataset
        self.of_phase: dict[str, Dataset] = {}

    def __getattr__(self, name: str) -> Any:
        if name == 'dataset' or name.startswith('__'):
            raise AttributeError(name)  # not there yet while being unpickled
        return getattr(self.dataset, name)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        dataset = self.dataset
        if isinstance(index, SampleIndex):
            seed_global_streams(Stream.SAMPLE, *index.draw)
            dataset = self.of_phase.get(index.draw[1], dataset)
        return dataset[int(index)]


class PhaseSampler(Sampler):
    """A config's sampler, started by each phase and at any position of it.

    The order is that of the config's sampler, repeated for ever, with a seed derived
    from the run's and the phase. So a resumed run, and a localize run that follows a
    contrast run, see what a single, uninterrupted run sees. Skipping draws indices
    only, 0.14 s a million.

    Args:
        dataset: The data set.
        seed: Not used: ``begin`` sets the seed, and before it there are no samples.
        order: Config of the sampler that gives the order.
    """

    def __init__(self, dataset: Dataset, seed: int | None, order: dict) -> None:
        self.dataset, self.order = dataset, order
        # Upstream MMEngine makes an iterator before a phase is entered, for which
        # workers would read samples that are not used: it gives none.
        self._begin: tuple[int, str, int] | None = None

    def begin(self, seed: int, phase: str, skip: int) -> None:
        """Set where the next iterator starts: after ``skip`` samples of this rank."""
        self._begin = (seed, phase, skip)

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[SampleIndex]:
        if self._begin is None:
            return
        seed, phase, skip = self._begin
        rank, world_size = get_dist_info()
        numbered = zip(count(rank, world_size), self._indices(seed, phase))
        for position, index in islice(numbered, skip, None):
            yield SampleIndex(index, (seed, phase, position))

    def _indices(self, seed: int, phase: str) -> Iterator[int]:
        # 31 bits: some samplers add an epoch to what NumPy takes as 32.
        order_seed = stream_words(Stream.ORDER, seed, phase)[0] >> 1
        sampler = DATA_SAMPLERS.build(
            copy.deepcopy(self.order),
            default_args=dict(dataset=self.dataset, seed=order_seed),
        )
        for epoch in count():
            if hasattr(sampler, 'set_epoch'):
                sampler.set_epoch(epoch)
            empty = True
            for index in sampler:
                empty = False
                yield index
            if empty:
                raise ValueError(
                    f'the training sampler {self.order} gives no sample of the '
                    f'{len(self)} of the data set'
                )


def seeded_dataloader(dataloader: Any) -> dict:
    """A training dataloader's config with reproducible order and augmentation.

    Raises:
        ValueError: If it is no config, or has a ``batch_sampler``, for which the start
            of a phase's n-th batch is unknown.
    """
    if not isinstance(dataloader, dict):
        raise ValueError(
            'train_dataloader must be a config, which PhaseTrainLoop builds, got '
            f'{type(dataloader).__name__}'
        )
    if dataloader.get('batch_sampler') or dataloader.get('num_batch_per_epoch'):
        raise ValueError(
            'train_dataloader must have no batch_sampler and no num_batch_per_epoch: '
            'PhaseTrainLoop resumes at a sample, which it computes from batch_size'
        )
    return {
        **dataloader,
        'dataset': dict(type=SeededDataset, dataset=dataloader['dataset']),
        'sampler': dict(type=PhaseSampler, order=dataloader['sampler']),
    }
