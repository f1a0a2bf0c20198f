import json

import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.degradation import jpeg
from mpc_mmseg.datasets.forge import (
    ALL_KINDS,
    KINDS,
    PRESETS,
    ForgeRecipe,
    HistoryRanges,
    forge,
    keep_authentic,
    override,
)

NOISY = HistoryRanges(noise_sigma=(8, 8), poisson_probability=0)
CLEAN = HistoryRanges()


def residual(image):
    """What a median filter takes away: mostly noise."""
    return image.astype(np.float32) - cv2.medianBlur(image, 3)


def noise_inside_and_outside(made):
    square = np.ones((9, 9), np.uint8)
    inside = cv2.erode(made.mask, square) > 0
    outside = cv2.dilate(made.mask, square) == 0
    noise = np.abs(residual(made.image))
    return np.median(noise[inside]), np.median(noise[outside])


@pytest.mark.parametrize('kind', KINDS)
def test_histories_differ_inside_and_outside(scene, kind):
    recipe = ForgeRecipe(
        background=NOISY, part=CLEAN, area_range=(0.1, 0.3), final_jpeg_probability=0
    )
    for seed in range(5):
        made = forge(scene(seed), scene(90), recipe, np.random.default_rng(seed), kind)
        inside, outside = noise_inside_and_outside(made)
        assert outside > 2 and inside < 0.5 * outside


@pytest.mark.parametrize('kind', ['splice', 'copy_move'])
def test_noisy_parts(scene, kind):
    recipe = ForgeRecipe(background=CLEAN, part=NOISY, area_range=(0.1, 0.3))
    made = forge(scene(0), scene(90), recipe, np.random.default_rng(0), kind)
    inside, outside = noise_inside_and_outside(made)
    assert inside > 2 and outside < 0.5 * inside


def test_authentic_images_have_one_history(scene):
    recipe = ForgeRecipe(background=NOISY, part=CLEAN, authentic_part_share=0)
    made = keep_authentic(scene(0), recipe, np.random.default_rng(0))
    assert made.kind == 'authentic' and not made.mask.any()
    noise = residual(made.image)
    halves = noise[:, :80].std(), noise[:, 80:].std()
    assert halves[0] == pytest.approx(halves[1], rel=0.15) and min(halves) > 4


def test_authentic_images_have_histories_of_both_families(scene):
    recipe = ForgeRecipe(background=NOISY, part=CLEAN, authentic_part_share=0.5)
    noisy = [
        keep_authentic(scene(0), recipe, np.random.default_rng(seed)).parameters[
            'history'
        ]['background']['noise_sigma']
        == 8
        for seed in range(60)
    ]
    assert 0.3 < np.mean(noisy) < 0.7


@pytest.mark.parametrize('preset', PRESETS)
@pytest.mark.parametrize('kind', KINDS)
def test_presets(scene, preset, kind):
    recipe = PRESETS[preset]
    first, second = (
        forge(scene(0), scene(1), recipe, np.random.default_rng(7), kind)
        for _ in range(2)
    )
    assert first.kind == kind
    assert first.image.shape == (128, 160, 3) and first.image.dtype == np.uint8
    low, high = recipe.removal_area_range if kind == 'removal' else recipe.area_range
    assert low <= first.mask.mean() <= high
    assert np.array_equal(first.image, second.image)
    assert first.parameters == second.parameters
    assert json.loads(json.dumps(first.parameters)) == first.parameters


def test_final_compression(scene):
    recipe = ForgeRecipe(final_jpeg_probability=1, final_jpeg_quality=(30, 30))
    made = keep_authentic(scene(0), recipe, np.random.default_rng(0))
    assert made.parameters['final_jpeg_quality'] == 30
    assert (made.image != scene(0)).any()


@pytest.mark.parametrize('kind', ALL_KINDS)
def test_every_kind_of_the_varied_recipe(scene, kind):
    recipe = override(PRESETS['varied'], {'kinds': ALL_KINDS})
    for seed in range(3):
        first, second = (
            forge(
                scene(0),
                scene(1),
                recipe,
                np.random.default_rng(seed),
                kind,
            )
            for _ in range(2)
        )
        np.testing.assert_array_equal(first.image, second.image)
        assert first.kind == kind and 0 < first.mask.mean() < 0.5
        assert json.loads(json.dumps(first.parameters)) == second.parameters


def test_known_objects_are_the_parts(scene):
    known = np.zeros((128, 160), np.uint8)
    known[50:80, 60:100] = 1
    values = {'scale_range': (1, 1), 'rotation_range': (0, 0), 'kinds': ['splice']}
    recipe = override(ForgeRecipe(), values)
    made = forge(
        scene(0),
        scene(1),
        recipe,
        np.random.default_rng(0),
        'splice',
        donor_objects=[known],
    )
    assert made.mask.sum() == known.sum()
    recipe = override(ForgeRecipe(removal_area_range=(0.01, 0.2)), {'kinds': 'removal'})
    rng = np.random.default_rng(0)
    made = forge(scene(0), None, recipe, rng, 'removal', objects=[known])
    np.testing.assert_array_equal(made.mask, known)


def test_double_compression(scene):
    values = {'final_jpeg_probability': 1.0, 'kinds': ['removal']}
    once = override(ForgeRecipe(), values)
    twice = override(once, {'double_jpeg_probability': 1.0})
    one, two = (
        forge(scene(0), None, recipe, np.random.default_rng(1), 'removal')
        for recipe in (once, twice)
    )
    quality = two.parameters['second_jpeg_quality']
    assert 'second_jpeg_quality' not in one.parameters
    np.testing.assert_array_equal(two.image, jpeg(one.image, quality))
