import numpy as np
import pytest

from mpc_mmseg.datasets import (
    RandomBrightnessContrast,
    RandomGamma,
    RandomToneCurve,
)


@pytest.fixture
def ramp():
    """Every grey level once."""
    return np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, 2)


def test_brightness_and_contrast_by_hand(ramp):
    step = RandomBrightnessContrast(brightness=(0.1, 0.1), contrast=(1.2, 1.2))
    expected = np.clip(np.rint(ramp * 1.2 + 25.5), 0, 255)
    assert np.abs(step({'img': ramp})['img'] - expected).max() <= 1


@pytest.mark.parametrize('gamma', [0.7, 1.0, 1.3])
def test_gamma_by_hand(ramp, gamma):
    out = RandomGamma(gamma=(gamma, gamma))({'img': ramp})['img']
    assert np.array_equal(out, np.rint(255 * (ramp / 255) ** gamma))


def test_tone_curves_rise_from_black_to_white(ramp):
    assert np.array_equal(RandomToneCurve(spread=0)({'img': ramp})['img'], ramp)
    np.random.seed(0)
    changed = []
    for _ in range(50):
        curve = RandomToneCurve(spread=0.5)({'img': ramp})['img'][..., 0].ravel()
        assert curve[0] == 0 and curve[-1] == 255
        assert np.all(np.diff(curve.astype(int)) >= 0)
        changed.append(np.abs(curve.astype(int) - np.arange(256)).max())
    assert np.mean(changed) > 20


def test_changes_are_drawn_within_the_range(ramp):
    np.random.seed(0)
    brightness = RandomBrightnessContrast(brightness=(-0.2, 0.2), contrast=(1, 1))
    added = [int(brightness({'img': ramp})['img'][8, 0, 0]) - 128 for _ in range(300)]
    assert -51 <= min(added) < -48 and 48 < max(added) <= 51


def test_bad_ranges():
    with pytest.raises(ValueError, match='brightness'):
        RandomBrightnessContrast(brightness=(-2, 0))
    with pytest.raises(ValueError, match='gamma'):
        RandomGamma(gamma=(0, 1))
    with pytest.raises(ValueError, match='spread'):
        RandomToneCurve(spread=2)
