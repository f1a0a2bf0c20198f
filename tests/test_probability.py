import os
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mpc_mmseg.evaluation.functional.confusion import (
    count_confusion,
    mpc_scores,
)
from mpc_mmseg.probability import binarize, binarize_mpc, resize_probability

REFERENCE = Path(
    os.environ.get(
        'MPC_REFERENCE_DIR', Path(__file__).parents[2] / 'shared' / 'reference'
    )
)


# The numbers of plain loops, and those of the released code where available.
FILES = [
    Path(__file__).parent / 'data' / 'metric.npz',
    *sorted(REFERENCE.glob('metric_*.npz')),
]


@pytest.mark.parametrize('path', FILES, ids=lambda p: p.stem)
def test_reference_exactly(path):
    reference = np.load(path)
    for k, expected in enumerate(zip(reference['f1'], reference['iou'])):
        mask = reference[f'mask_{k}'] > 127
        prob = resize_probability(reference[f'prob_{k}'], mask.shape)
        scores = mpc_scores(count_confusion(binarize_mpc(prob), mask))
        assert scores == expected, f'image {k}'


@pytest.mark.parametrize('size', [(97, 131), (40, 30), (64, 48)])
def test_scaling_to_0_1_changes_no_decision(size):
    rng = np.random.default_rng(0)
    # 8-bit levels around 127, so that many results fall on or next to it.
    prob = (rng.integers(124, 131, (64, 48)) / 255).astype(np.float32)
    levels = cv2.resize(prob * np.float32(255), size[::-1]) > 127
    resized = resize_probability(prob, size)
    assert resized.dtype == np.float32 and resized.shape == size
    assert (binarize_mpc(resized) == levels).all()


def test_resize_stays_in_range_and_is_no_view():
    prob = np.ones((5, 7), np.float32)
    assert resize_probability(prob, (50, 31)).max() <= 1
    same = resize_probability(prob, (5, 7))
    same[:] = 0
    assert prob.min() == 1


def test_resize_refuses_what_is_no_map():
    with pytest.raises(ValueError, match=r'\(1, 5, 7\)'):
        resize_probability(np.ones((1, 5, 7), np.float32), (5, 7))
    with pytest.raises(ValueError, match='size'):
        resize_probability(np.ones((5, 7), np.float32), (0, 7))


def test_half_stands_for_127_of_255_in_the_mpc_convention_alone():
    levels = np.arange(256, dtype=np.float32) / np.float32(255)
    expected = np.arange(256) > 127
    assert (binarize_mpc(levels) == expected).all()
    assert (binarize_mpc(torch.from_numpy(levels)).numpy() == expected).all()
    between = np.float32([0.498, 0.4985, 0.5, 0.5001])
    assert binarize_mpc(between).tolist() == [False, True, True, True]
    assert binarize(between).tolist() == [False, False, False, True]
    assert binarize_mpc(between, 0.4985).tolist() == binarize(between, 0.4985).tolist()


def test_a_lower_threshold_predicts_more_pixels_forged():
    prob = np.random.default_rng(0).normal(0.5, 0.002, 10_000).astype(np.float32)
    masks = [binarize(prob, t) for t in (0.4979, 0.498, 0.4985, 0.499, 0.5, 0.501)]
    for low, high in pairwise(masks):
        assert (low >= high).all() and low.sum() > high.sum()


def test_thresholds_are_exceeded():
    prob = np.float32([0.25, 0.26, 0.75])
    assert binarize(prob, 0.25).tolist() == [False, True, True]
    assert binarize(prob, 1.0).tolist() == [False] * 3
    with pytest.raises(ValueError, match='threshold'):
        binarize(prob, 1.5)
