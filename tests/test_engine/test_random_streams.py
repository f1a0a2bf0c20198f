import random

import numpy as np
import pytest
import torch

from mpc_mmseg.engine.random_streams import (
    Stream,
    seed_global_streams,
    stream_words,
)


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_the_same_place_gives_the_same_numbers_whatever_came_before():
    seed_global_streams(Stream.ITERATION, 3, 'contrast', 7, 0)
    first = draw()
    draw()
    seed_global_streams(Stream.ITERATION, 3, 'contrast', 7, 0)
    assert draw() == first


@pytest.mark.parametrize(
    'place',
    [
        (Stream.SAMPLE, 3, 'contrast', 7, 0),
        (Stream.ITERATION, 4, 'contrast', 7, 0),
        (Stream.ITERATION, 3, 'localize', 7, 0),
        (Stream.ITERATION, 3, 'contrast', 8, 0),
        (Stream.ITERATION, 3, 'contrast', 7, 1),
        (Stream.ITERATION, -3, 'contrast', 7, 0),
    ],
)
def test_another_place_gives_other_numbers(place):
    seed_global_streams(Stream.ITERATION, 3, 'contrast', 7, 0)
    first = draw()
    seed_global_streams(*place)
    assert not set(draw()) & set(first)


def test_places_do_not_change_between_versions():
    # A run must go on from checkpoints of an older version as if nothing happened.
    assert stream_words(Stream.ORDER, 0, 'contrast')[0] == 2949069704
