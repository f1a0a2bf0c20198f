import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.forge import ForgeRecipe
from mpc_mmseg.datasets.forge.pasted_part import copy_move, splice
from mpc_mmseg.datasets.grey import is_grey, to_grey


def outside(mask, feather):
    """Pixels that a soft edge of some width does not reach."""
    reach = int(np.ceil(feather / 2 + 0.5))
    disc = np.ones((2 * reach + 1,) * 2, np.uint8)
    return cv2.dilate(mask, disc) == 0


@pytest.mark.parametrize('seed', range(8))
def test_mask_marks_what_changed(scene, seed):
    background, donor = scene(seed), scene(seed + 50)
    image, mask, drawn = splice(background, donor, np.random.default_rng(seed))
    assert image.shape == background.shape and image.dtype == np.uint8
    assert mask.shape == background.shape[:2] and mask.dtype == np.uint8
    assert 0.03 <= mask.mean() <= 0.3
    changed = (image != background).any(axis=2)
    assert not changed[outside(mask, drawn['feather'])].any()
    assert changed[mask > 0].mean() > 0.9


def test_hard_edge_leaves_everything_outside_alone(scene):
    background = scene(0)
    image, mask, _ = splice(
        background,
        scene(1),
        np.random.default_rng(0),
        ForgeRecipe(feather_range=(0, 0)),
    )
    assert np.array_equal(image[mask == 0], background[mask == 0])


def test_inputs_are_left_alone(scene):
    background, donor = scene(0), scene(1)
    splice(background, donor, np.random.default_rng(0))
    assert np.array_equal(background, scene(0)) and np.array_equal(donor, scene(1))


def test_area_range_holds_for_the_background(scene):
    donor = scene(1, (256, 320))
    for seed in range(10):
        _, mask, _ = splice(
            scene(0),
            donor,
            np.random.default_rng(seed),
            ForgeRecipe(area_range=(0.1, 0.15)),
        )
        assert 0.1 <= mask.mean() <= 0.15


def test_grey_background_stays_grey(scene):
    background = to_grey(scene(0))
    image, mask, _ = splice(
        background,
        scene(1),
        np.random.default_rng(2),
        ForgeRecipe(feather_range=(0, 0)),
    )
    assert is_grey(image)
    assert np.array_equal(image[mask == 0], background[mask == 0])


def test_same_seed_same_forgery(scene):
    first, second = (
        splice(scene(0), scene(1), np.random.default_rng(5)) for _ in range(2)
    )
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])
    assert first[2] == second[2]


def test_nothing_fits(scene):
    with pytest.raises(ValueError, match='fits into a background'):
        splice(
            scene(0, (64, 400)),
            scene(1, (256, 256)),
            np.random.default_rng(0),
            ForgeRecipe(area_range=(0.55, 0.6)),
        )


@pytest.mark.parametrize('seed', range(8))
def test_mask_marks_the_copy(scene, seed):
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


def test_no_room_for_a_copy(scene):
    with pytest.raises(ValueError, match='beside its original'):
        copy_move(
            scene(0),
            np.random.default_rng(0),
            None,
            ForgeRecipe(area_range=(0.55, 0.6)),
        )
