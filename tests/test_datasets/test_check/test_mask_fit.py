import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.check.mask_fit import (
    FLIPS,
    better_flip,
    edge_ranks,
    fits,
)


@pytest.fixture
def ranks_and_mask(scene):
    image, mask = scene(1)
    return edge_ranks(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)), mask // 255


def test_a_mask_that_fits(ranks_and_mask):
    ranks, mask = ranks_and_mask
    scores = fits(ranks, mask)
    assert max(scores, key=scores.get) == 'no transform'
    assert scores['no transform'] > 0.8
    assert better_flip(scores) is None


@pytest.mark.parametrize('name', [name for name in FLIPS if name != 'no transform'])
def test_the_flip_is_found(ranks_and_mask, name):
    ranks, mask = ranks_and_mask
    assert better_flip(fits(ranks, FLIPS[name](mask))) == name


def test_no_outline(ranks_and_mask):
    ranks, mask = ranks_and_mask
    assert fits(ranks, np.zeros_like(mask)) == {}
    assert better_flip({}) is None
