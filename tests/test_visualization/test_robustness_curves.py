import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.post_processing import parse_grid
from mpc_mmseg.visualization.robustness_plots import plot_family, robustness_families


def value(mean):
    return {'value': mean, 'low': mean - 0.1, 'high': mean + 0.1, 'n': 3}


@pytest.fixture
def settings():
    grid = {
        'jpeg_quality': [90, 50],
        'blur_sigma_px': [0.5, 2],
        'chain': ['weibo_like', 'gamma=1.3+jpeg_quality=70'],
    }
    return [
        {
            'name': setting.name,
            'family': setting.family,
            'value': setting.steps[0].value if len(setting.steps) == 1 else None,
            'scores': {name: {'F1': value(0.5)} for name in 'ab'},
            'difference': {name: {'F1': value(-0.2)} for name in 'ab'},
        }
        for setting in parse_grid(grid)
    ]


def test_families_in_the_order_of_the_grid(settings):
    assert robustness_families(settings) == ['jpeg_quality', 'blur_sigma_px', 'chain']


@pytest.mark.parametrize('family', ['jpeg_quality', 'blur_sigma_px', 'chain'])
def test_a_plot_of_each_kind_shows_both_data_sets(settings, family):
    both = decode(plot_family(settings, family))
    for entry in settings:
        del entry['scores']['b'], entry['difference']['b']
    one = decode(plot_family(settings, family))
    assert both.shape == one.shape and (both != one).any()


def test_one_severity_has_its_interval_too(settings):
    one = [s for s in settings if s['name'] in ('clean', 'jpeg_quality=50')]
    shown = decode(plot_family(one, 'jpeg_quality'))
    for entry in one:
        for kind in ('scores', 'difference'):
            for scores in entry[kind].values():
                scores['F1'].update(
                    low=scores['F1']['value'], high=scores['F1']['value']
                )
    assert (shown != decode(plot_family(one, 'jpeg_quality'))).any(axis=2).sum() > 100


def test_a_score_that_was_not_measured(settings):
    with pytest.raises(ValueError, match='no IoU was measured under chain'):
        plot_family(settings, 'chain', 'IoU')


def decode(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
