import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import DataLoader, Dataset

from mpc_mmseg.engine import phase_data
from mpc_mmseg.engine.phase_data import (
    PhaseSampler,
    SampleIndex,
    SeededDataset,
    Stream,
    seed_global_streams,
    seeded_dataloader,
    stream_words,
)

INFINITE = dict(type='InfiniteSampler', shuffle=True)


class Noisy(Dataset):
    """Each sample is its index and numbers from all global streams."""

    metainfo = dict(classes=('authentic', 'forged'))

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return index, np.random.rand(), torch.rand(1).item()


def batches(order=INFINITE, skip=0, workers=0, count=6, seed=5, phase='contrast'):
    sampler = PhaseSampler(Noisy(), None, order)
    loader = DataLoader(
        SeededDataset(Noisy()), batch_size=2, sampler=sampler, num_workers=workers
    )
    sampler.begin(seed, phase, skip)
    iterator = iter(loader)
    return [[x.tolist() for x in next(iterator)] for _ in range(count)]


def test_an_index_takes_its_draw_along():
    index = pickle.loads(pickle.dumps(SampleIndex(4, (5, 'contrast', 9))))
    assert index == 4 and index.draw == (5, 'contrast', 9)


def test_nothing_is_read_before_a_phase_begins():
    assert list(PhaseSampler(Noisy(), 3, INFINITE)) == []


@pytest.mark.parametrize('order', [INFINITE, dict(type='DefaultSampler', shuffle=True)])
def test_a_phase_goes_on_at_any_place(order):
    whole = batches(order)
    for done in (1, 3, 5):
        assert batches(order, skip=2 * done, count=6 - done) == whole[done:]


def test_workers_change_nothing():
    assert batches(workers=2) == batches(workers=1) == batches()


def test_workers_that_persist_leave_a_phase_at_once():
    sampler = PhaseSampler(Noisy(), None, INFINITE)
    loader = DataLoader(
        SeededDataset(Noisy()),
        batch_size=2,
        sampler=sampler,
        num_workers=2,
        persistent_workers=True,
    )
    for phase in ('contrast', 'localize'):
        sampler.begin(5, phase, 0)
        iterator = iter(loader)
        # More is under way in the workers when the next phase begins.
        drawn = [[x.tolist() for x in next(iterator)] for _ in range(3)]
        assert drawn == batches(phase=phase, count=3)


def test_a_sample_is_augmented_anew_each_time():
    drawn = [s for batch in batches(count=14) for s in zip(*batch)]
    assert len({s[0] for s in drawn}) == 7 and len({s[1] for s in drawn}) == 28


def test_phases_and_seeds_differ():
    assert batches() != batches(phase='localize')
    assert batches() != batches(seed=6)


def test_a_finite_order_is_repeated_in_new_orders():
    drawn = [
        i for batch in batches(dict(type='DefaultSampler'), count=7) for i in batch[0]
    ]
    assert sorted(drawn[:7]) == sorted(drawn[7:]) == list(range(7))
    assert drawn[:7] != drawn[7:]


def test_two_ranks_share_one_order(monkeypatch):
    def indices(rank, ranks):
        for module in (phase_data, __import__('mmengine').dataset.sampler):
            monkeypatch.setattr(module, 'get_dist_info', lambda: (rank, ranks))
        sampler = PhaseSampler(Noisy(), None, INFINITE)
        sampler.begin(5, 'contrast', 2)
        iterator = iter(sampler)
        return [(int(i), i.draw[2]) for i in (next(iterator) for _ in range(6))]

    alone = indices(0, 1)
    assert sorted(indices(0, 2) + indices(1, 2), key=lambda x: x[1])[:4] == [
        alone[i] for i in range(2, 6)
    ]


def test_an_order_without_samples_is_an_error():
    @DATA_SAMPLERS.register_module(name='NoSample', force=True)
    def none(dataset, seed):
        return []

    with pytest.raises(ValueError, match='gives no sample'):
        batches(dict(type='NoSample'))


def test_the_data_set_shows_what_it_wraps():
    assert SeededDataset(Noisy()).metainfo is Noisy.metainfo
    assert len(pickle.loads(pickle.dumps(SeededDataset(Noisy())))) == 7
    with pytest.raises(AttributeError):
        _ = SeededDataset(Noisy()).nothing


def test_what_cannot_be_resumed_is_refused():
    loader = dict(dataset=Noisy(), sampler=INFINITE, batch_size=2)
    assert seeded_dataloader(loader)['batch_size'] == 2
    with pytest.raises(ValueError, match='batch_sampler'):
        seeded_dataloader({**loader, 'batch_sampler': dict(type='X')})
    with pytest.raises(ValueError, match='must be a config'):
        seeded_dataloader(DataLoader(Noisy()))


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_the_same_position_gives_the_same_numbers_whatever_came_before():
    seed_global_streams(Stream.ITERATION, 3, 'contrast', 7, 0)
    first = draw()
    draw()
    seed_global_streams(Stream.ITERATION, 3, 'contrast', 7, 0)
    assert draw() == first


@pytest.mark.parametrize(
    'position',
    [
        (Stream.SAMPLE, 3, 'contrast', 7, 0),
        (Stream.ITERATION, 4, 'contrast', 7, 0),
        (Stream.ITERATION, 3, 'localize', 7, 0),
        (Stream.ITERATION, 3, 'contrast', 8, 0),
        (Stream.ITERATION, 3, 'contrast', 7, 1),
        (Stream.ITERATION, -3, 'contrast', 7, 0),
    ],
)
def test_another_position_gives_other_numbers(position):
    seed_global_streams(Stream.ITERATION, 3, 'contrast', 7, 0)
    first = draw()
    seed_global_streams(*position)
    assert not set(draw()) & set(first)


def test_positions_do_not_change_between_versions():
    # A run must resume from checkpoints of an older version.
    assert stream_words(Stream.ORDER, 0, 'contrast')[0] == 2949069704
