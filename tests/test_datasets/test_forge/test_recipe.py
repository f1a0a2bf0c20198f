import numpy as np
import pytest

from mpc_mmseg.datasets.forge import PRESETS, ForgeRecipe, HistoryRanges, override
from mpc_mmseg.datasets.forge.recipe import happens


def test_drawn_histories_stay_in_range():
    ranges = HistoryRanges(
        blur_sigma=(0.5, 0.9),
        blur_probability=0.5,
        noise_sigma=(1, 2),
        scale=(0.5, 0.8),
        resample_probability=0.3,
        jpeg_quality=(60, 70),
        jpeg_probability=0.7,
    )
    rng = np.random.default_rng(0)
    drawn = [ranges.draw(rng) for _ in range(300)]
    assert all(1 <= each.noise_sigma <= 2 for each in drawn)
    blurred = [each.blur_sigma for each in drawn if each.blur_sigma]
    assert all(0.5 <= each <= 0.9 for each in blurred)
    assert len(blurred) / 300 == pytest.approx(0.5, abs=0.1)
    scales = [each.scale for each in drawn if each.scale != 1]
    assert all(0.5 <= each <= 0.8 for each in scales)
    assert len(scales) / 300 == pytest.approx(0.3, abs=0.1)
    qualities = [each.jpeg_quality for each in drawn if each.jpeg_quality is not None]
    assert {min(qualities), max(qualities)} == {60, 70}
    assert len(qualities) / 300 == pytest.approx(0.7, abs=0.1)
    assert {each.noise_kind for each in drawn} == {'gaussian', 'poisson'}


def test_noise_and_full_chroma_have_their_share():
    ranges = HistoryRanges(
        noise_sigma=(1, 2), noise_probability=0.2, full_chroma_probability=0.4
    )
    rng = np.random.default_rng(0)
    drawn = [ranges.draw(rng) for _ in range(1000)]
    noisy = [each.noise_sigma > 0 for each in drawn]
    assert np.mean(noisy) == pytest.approx(0.2, abs=0.05)
    assert np.mean([each.full_chroma for each in drawn]) == pytest.approx(0.4, abs=0.05)


def test_a_probability_moves_no_other_number():
    always, never = (
        HistoryRanges(noise_sigma=(1, 9), blur_probability=each).draw(
            np.random.default_rng(0)
        )
        for each in (1.0, 0.0)
    )
    assert always.blur_sigma and not never.blur_sigma
    assert always.noise_sigma == never.noise_sigma


@pytest.mark.parametrize(
    'name, value',
    [
        ('noise_sigma', (2, 1)),
        ('noise_sigma', (-1, 1)),
        ('noise_sigma', ('a', 'b')),
        ('jpeg_quality', (0, 50)),
        ('scale', (0.01, 1)),
        ('blur_sigma', (1,)),
        ('jpeg_probability', 1.5),
        ('blur_probability', 'often'),
    ],
)
def test_invalid_history_ranges(name, value):
    with pytest.raises(ValueError, match=name):
        HistoryRanges(**{name: value})


@pytest.mark.parametrize(
    'name, value',
    [
        ('kinds', ()),
        ('kinds', ('splice', 'deepfake')),
        ('area_range', (0.5, 0.2)),
        ('removal_area_range', (0, 0.2)),
        ('feather_range', (0, 8)),
        ('scale_range', (0, 1)),
        ('rotation_range', (10, -10)),
        ('colour_strength_range', (0, 2)),
        ('inpaint_radius_range', (0, 2)),
        ('authentic_part_share', -0.1),
        ('final_jpeg_quality', (90, 101)),
        ('final_jpeg_probability', 2),
    ],
)
def test_invalid_recipe(name, value):
    with pytest.raises(ValueError, match=name):
        ForgeRecipe(**{name: value})


def test_override():
    recipe = override(
        PRESETS['demo'],
        {'area_range': [0.05, 0.1], 'part.noise_sigma': (0, 2), 'kinds': 'removal'},
    )
    assert recipe.area_range == (0.05, 0.1)
    assert recipe.kinds == ('removal',)
    assert recipe.part.noise_sigma == (0, 2)
    assert recipe.part.jpeg_quality == PRESETS['demo'].part.jpeg_quality
    assert recipe.background == PRESETS['demo'].background
    assert override(recipe, {}) == recipe


@pytest.mark.parametrize(
    'name', ['nose', 'part', 'part.nose', 'kinds.noise_sigma', 'x.noise_sigma', '']
)
def test_override_of_an_unknown_name(name):
    with pytest.raises(ValueError, match='no value'):
        override(PRESETS['demo'], {name: 1})


def test_override_is_checked():
    with pytest.raises(ValueError, match='noise_sigma'):
        override(PRESETS['demo'], {'part.noise_sigma': (3, 1)})


def test_an_option_that_is_off_draws_nothing():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    assert not happens(0.0, rng)
    assert rng.bit_generator.state == before
    assert happens(1.0, rng)
    assert rng.bit_generator.state != before
    assert 0.2 < np.mean([happens(0.3, rng) for _ in range(400)]) < 0.4
