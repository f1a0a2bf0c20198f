import cv2
import numpy as np

from mpc_mmseg.datasets.forge.healing import heal


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


def test_no_room(scene):
    image = scene(0)
    corner = np.zeros(image.shape[:2], np.uint8)
    corner[:10, :10] = 1
    assert heal(image, corner) is None
    most = np.zeros(image.shape[:2], np.uint8)
    most[20:-20, 20:-20] = 1
    assert heal(image, most) is None
