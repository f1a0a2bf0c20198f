"""The samples of a phase, from any place in it, the same in every process."""

import copy
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler

from .random_streams import Stream, seed_global_streams, stream_words


class SampleIndex(int):
    """An index into a data set, and which draw of the run it is.

    Attributes:
        draw: Seed, phase and place of the draw in the phase's order, over all ranks.
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

    Augmentation then depends neither on the number of workers, nor on what they
    read before, nor on a run having been resumed: transforms that draw from
    ``random``, ``numpy.random`` or torch give the same sample for the same draw.
    Wraps the outermost data set, so that mixtures and repetitions are covered.

    Args:
        dataset: Data set or its config.

    Attributes:
        of_phase: What a phase reads in the data set's place, by name.
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
    """A config's sampler, begun afresh by each phase and at any place of it.

    The order is that of the sampler that the config asks for, with a seed that
    follows from the run's and the phase, repeated for ever. So a run that is
    resumed, and a localize run that follows a contrast run, see what a single,
    uninterrupted run sees. Skipping draws indices only, 0.14 s a million.

    Args:
        dataset: The data set.
        seed: What the runner gives every sampler; ``begin`` sets the one used, and
            before it there are no samples.
        order: Config of the sampler that gives the order.
    """

    def __init__(self, dataset: Dataset, seed: int | None, order: dict) -> None:
        self.dataset = dataset
        self.order = order
        # Upstream MMEngine makes an iterator before a phase is entered, for which
        # workers would read samples that nobody sees: it gives none.
        self._begin: tuple[int, str, int] | None = None

    def begin(self, seed: int, phase: str, skip: int) -> None:
        """Set what the next iterator gives.

        Args:
            seed: The run's, the same on all ranks.
            phase: Name of the phase.
            skip: Samples of the phase that this rank has seen.
        """
        self._begin = (seed, phase, skip)

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[SampleIndex]:
        if self._begin is None:
            return
        seed, phase, skip = self._begin
        rank, world_size = get_dist_info()
        numbered = zip(count(rank, world_size), self._indices(seed, phase))
        for place, index in islice(numbered, skip, None):
            yield SampleIndex(index, (seed, phase, place))

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

    Args:
        dataloader: Config with ``dataset``, ``sampler`` and ``batch_size``.

    Raises:
        ValueError: If it is no config, or has a ``batch_sampler``, of which is not
            known where a phase's n-th batch begins.
    """
    if not isinstance(dataloader, dict):
        raise ValueError(
            'train_dataloader must be a config, which PhaseTrainLoop builds, got '
            f'{type(dataloader).__name__}'
        )
    if dataloader.get('batch_sampler') or dataloader.get('num_batch_per_epoch'):
        raise ValueError(
            'train_dataloader must have no batch_sampler and no num_batch_per_epoch: '
            'PhaseTrainLoop resumes at the samples of an iteration, by batch_size'
        )
    return {
        **dataloader,
        'dataset': dict(type=SeededDataset, dataset=dataloader['dataset']),
        'sampler': dict(type=PhaseSampler, order=dataloader['sampler']),
    }
