"""Samples as a run draws them."""

import copy
from itertools import chain, islice

import pytest
from mmengine.runner import Runner

from mpc_mmseg.engine.phase_data import seeded_dataloader


@pytest.fixture
def phase_samples():
    """A function that draws from a data set what PhaseTrainLoop would."""

    def draw(dataset, count, skip=0, workers=0, seed=5, phase='contrast'):
        """The bytes of ``count`` images and masks after ``skip``, in batches of 2."""
        config = dict(
            batch_size=2,
            num_workers=workers,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            dataset=copy.deepcopy(dataset),
        )
        loader = Runner.build_dataloader(seeded_dataloader(config), seed=0)
        loader.sampler.begin(seed, phase, skip)
        batches = (zip(each['inputs'], each['data_samples']) for each in loader)
        return [
            (image.numpy().tobytes(), sample.gt_sem_seg.data.numpy().tobytes())
            for image, sample in islice(chain.from_iterable(batches), count)
        ]

    return draw
