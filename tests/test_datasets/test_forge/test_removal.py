import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge import ForgeRecipe
from mpc_mmseg.datasets.forge.removal import METHODS, heal, removal_cost, remove


def areas(low, high):
    return ForgeRecipe(removal_area_range=(low, high))


@pytest.mark.parametrize('seed', range(6))
def test_mask_marks_what_changed(scene, seed):
    noise = np.random.default_rng(9).integers(0, 30, (128, 160, 3), dtype=np.uint8)
    image = scene(seed) + noise
    forged, mask, drawn = remove(image, np.random.default_rng(seed), areas(0.03, 0.1))
    assert drawn['method'] in METHODS
    assert 0.03 <= mask.mean() <= 0.1
    reach = int(np.ceil(drawn['feather'] / 2 + 0.5))
    near = cv2.dilate(mask, np.ones((2 * reach + 1,) * 2, np.uint8))
    changed = (forged != image).any(axis=2)
    assert not changed[near == 0].any()
    assert changed[mask > 0].mean() > 0.9


def test_fill_is_free_of_noise():
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(120, 12, (128, 128, 3)), 0, 255).astype(np.uint8)
    forged, mask, _ = remove(image, rng, areas(0.05, 0.1))
    core = cv2.erode(mask, np.ones((7, 7), np.uint8)) > 0
    residual = forged.astype(np.float32) - cv2.medianBlur(forged, 5)
    assert residual[core].std() < 0.3 * residual[mask == 0].std()


def test_cost_is_low_for_a_busy_thing_before_a_plain_ground():
    image = np.full((60, 60, 3), 100, np.uint8)
    rng = np.random.default_rng(0)
    image[20:40, 20:40] = rng.integers(0, 255, (20, 20, 3))
    thing, ground = np.zeros((2, 60, 60), np.uint8)
    thing[20:40, 20:40] = 1
    ground[20:40, 38:58] = 1
    assert removal_cost(image, thing) == 0 < removal_cost(image, ground)


def test_invalid_area(scene):
    with pytest.raises(ValueError, match='area_range'):
        remove(scene(0), np.random.default_rng(0), areas(0.2, 0.1))


def stripes(height=120, width=200):
    columns = np.arange(width)
    wave = 128 + 60 * np.sin(columns / 20 * 2 * np.pi)
    return np.repeat(np.tile(wave, (height, 1))[..., None], 3, 2).astype(np.uint8)


def test_a_pattern_that_repeats_is_restored():
    clean = stripes()
    mask = np.zeros(clean.shape[:2], np.uint8)
    mask[50:70, 90:112] = 1
    spoilt = clean.copy()
    spoilt[52:68, 92:110] = 255
    filled = heal(spoilt, mask)
    difference = np.abs(filled.astype(int) - clean)
    assert (
        difference[mask > 0].mean()
        < 12
        < np.abs(spoilt.astype(int) - clean)[mask > 0].mean()
    )
    np.testing.assert_array_equal(filled[mask == 0], spoilt[mask == 0])


def test_the_fill_keeps_the_noise(scene):
    rng = np.random.default_rng(0)
    image = np.clip(128 + rng.normal(0, 12, (120, 160, 3)), 0, 255).astype(np.uint8)
    mask = np.zeros((120, 160), np.uint8)
    cv2.circle(mask, (60, 60), 14, 1, cv2.FILLED)
    filled = heal(image, mask)
    assert 9 < filled[mask > 0].std() < 15
    assert not np.array_equal(filled[mask > 0], image[mask > 0])


def test_no_room_for_healing(scene):
    image = scene(0)
    corner = np.zeros(image.shape[:2], np.uint8)
    corner[:10, :10] = 1
    assert heal(image, corner) is None
    most = np.zeros(image.shape[:2], np.uint8)
    most[20:-20, 20:-20] = 1
    assert heal(image, most) is None
