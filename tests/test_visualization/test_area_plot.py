import cv2
import numpy as np
import pytest

from mpc_mmseg.visualization.plots import by_area, plot_by_area


def test_groups_by_hand():
    areas = np.array([0.005, 0.01, 0.02, 0.5, 1.0])
    scores = np.array([0.0, 0.2, 0.5, 0.6, 1.0])
    groups = by_area(areas, scores)
    assert [(g['low_area'], g['high_area'], g['n']) for g in groups] == [
        (0.0, 0.01, 2), (0.01, 0.03, 1), (0.3, 1.0, 2)
    ]  # fmt: skip
    assert [g['value'] for g in groups] == pytest.approx([0.1, 0.5, 0.8])


def test_no_image_no_group():
    assert by_area(np.array([]), np.array([])) == []
    # Nothing forged: in no group.
    assert by_area(np.array([0.0]), np.array([0.5])) == []


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r'expected two \(N,\)'):
        by_area(np.zeros(2), np.zeros(3))


def test_two_runs_in_one_plot():
    run = np.array([0.0, 0.05, 0.4]), np.array([0.1, 0.5, 0.9])
    pictures = [plot_by_area({'a': run}), plot_by_area({'a': run, 'b': run})]
    shapes = {
        cv2.imdecode(np.frombuffer(p, np.uint8), cv2.IMREAD_COLOR).shape
        for p in pictures
    }
    assert len(shapes) == 1 and pictures[0] != pictures[1]
