import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge import remove
from mpc_mmseg.datasets.forge.removal import METHODS, removal_cost


@pytest.mark.parametrize('seed', range(6))
def test_mask_marks_what_changed(scene, seed):
    noise = np.random.default_rng(9).integers(0, 30, (128, 160, 3), dtype=np.uint8)
    image = scene(seed) + noise
    forged, mask, drawn = remove(image, np.random.default_rng(seed), (0.03, 0.1))
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
    forged, mask, _ = remove(image, rng, (0.05, 0.1))
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
        remove(scene(0), np.random.default_rng(0), (0.2, 0.1))
