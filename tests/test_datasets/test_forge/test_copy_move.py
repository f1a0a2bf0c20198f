import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge import ForgeRecipe, copy_move


@pytest.mark.parametrize('seed', range(8))
def test_mask_marks_what_changed(scene, seed):
    image = scene(seed)
    forged, mask, drawn = copy_move(image, np.random.default_rng(seed))
    assert 0.03 <= mask.mean() <= 0.3
    reach = int(np.ceil(drawn['feather'] / 2 + 0.5))
    near = cv2.dilate(mask, np.ones((2 * reach + 1,) * 2, np.uint8))
    changed = (forged != image).any(axis=2)
    assert not changed[near == 0].any()
    assert changed[mask > 0].mean() > 0.8


def test_copy_is_found_elsewhere_in_the_image(scene):
    noise = np.random.default_rng(9).integers(0, 30, (128, 160, 3), dtype=np.uint8)
    image = scene(3) + noise  # every position is different
    forged, mask, _ = copy_move(
        image,
        np.random.default_rng(1),
        recipe=ForgeRecipe(
            scale_range=(1, 1), rotation_range=(0, 0), feather_range=(0, 0)
        ),
    )
    rows, columns = np.nonzero(mask)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    window = (
        slice(rows.min(), rows.min() + height),
        slice(columns.min(), columns.min() + width),
    )
    inside = mask[window] > 0
    matches = [
        (top, left)
        for top in range(image.shape[0] - height + 1)
        for left in range(image.shape[1] - width + 1)
        if np.array_equal(
            image[top : top + height, left : left + width][inside],
            forged[window][inside],
        )
    ]
    assert len(matches) == 1 and matches[0] != (rows.min(), columns.min())


def test_copies_from_the_source(scene):
    image, source = scene(0), np.full((128, 160, 3), 255, np.uint8)
    forged, mask, _ = copy_move(
        image, np.random.default_rng(0), source, ForgeRecipe(feather_range=(0, 0))
    )
    assert (forged[mask > 0] == 255).all()
    assert np.array_equal(forged[mask == 0], image[mask == 0])


def test_source_of_another_size(scene):
    with pytest.raises(ValueError, match='source'):
        copy_move(scene(0), np.random.default_rng(0), scene(0, (64, 64)))


def test_no_room(scene):
    with pytest.raises(ValueError, match='no room'):
        copy_move(
            scene(0),
            np.random.default_rng(0),
            None,
            ForgeRecipe(area_range=(0.55, 0.6)),
        )
