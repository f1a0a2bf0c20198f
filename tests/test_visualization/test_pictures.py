import numpy as np
import pytest

from mpc_mmseg.visualization.pictures import (
    FORGED_COLOUR,
    GROUND_TRUTH_COLOUR,
    add_key,
    add_legend,
    colour_scale,
    heat_map,
    outline,
    overlay,
)


def test_heat_map_brightens_with_the_probability():
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    picture = heat_map(ramp)
    assert picture.shape == (1, 256, 3) and picture.dtype == np.uint8
    # Luminance of BGR.
    light = picture[0] @ np.array([0.114, 0.587, 0.299])
    assert light[0] < 10 and light[-1] > 220
    assert (np.diff(light) > -1.5).all()


def test_heat_map_refuses_what_is_no_map():
    for bad in (np.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match='outside'):
            heat_map(np.array([[0.5, bad]]))
    with pytest.raises(ValueError, match=r'\(1, 2, 3\)'):
        heat_map(np.zeros((1, 2, 3)))


@pytest.mark.parametrize('shape', [(20, 30), (300, 200), (900, 1200)])
def test_legend_leaves_the_picture_and_shows_the_whole_scale(shape):
    picture = np.full((*shape, 3), 17, np.uint8)
    result = add_legend(picture)
    height, width = shape
    assert (result[:height, :width] == 17).all()
    strip = result[:, width:].reshape(-1, 3)
    for value in (0.0, 0.5, 1.0):
        colour = heat_map(np.full((1, 1), value, np.float32))[0, 0]
        assert (np.abs(strip.astype(int) - colour).sum(axis=1) < 25).any()


def test_scale_as_css_colours():
    scale = colour_scale(3)
    first = heat_map(np.zeros((1, 1), np.float32))[0, 0]
    assert scale[0] == '#{:02x}{:02x}{:02x}'.format(*first[::-1])
    assert len(scale) == 3


def test_outline_marks_the_edge_and_nothing_far_from_it():
    image = np.full((100, 120, 3), 90, np.uint8)
    mask = np.zeros((100, 120), np.uint8)
    mask[30:70, 40:90] = 1
    picture = outline(image, mask)
    assert (image == 90).all()
    assert (picture[30, 40:90] == FORGED_COLOUR).all()
    assert (picture[:25] == 90).all() and (picture[38:62, 48:82] == 90).all()


def test_tint_fills_the_mask_but_not_its_hole():
    image = np.full((100, 120, 3), 100, np.uint8)
    mask = np.zeros((100, 120), bool)
    mask[10:90, 10:110] = True
    mask[40:60, 40:80] = False
    picture = outline(image, mask, colour=(0, 0, 200), opacity=0.5)
    assert (picture[20, 20] == (50, 50, 150)).all()
    assert (picture[50, 60] == 100).all() and (picture[2, 2] == 100).all()


def test_an_empty_mask_changes_nothing():
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    assert (outline(image, np.zeros((30, 40), bool), opacity=0.5) == image).all()


def test_outline_refuses_what_does_not_fit():
    image = np.zeros((30, 40, 3), np.uint8)
    with pytest.raises(ValueError, match=r'\(40, 30\)'):
        outline(image, np.zeros((40, 30), bool))
    with pytest.raises(ValueError, match=r'opacity.*1\.5'):
        outline(image, np.zeros((30, 40), bool), opacity=1.5)


def test_tint_is_rounded_as_the_formula_says():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (300, 40, 3), dtype=np.uint8)
    mask = np.zeros((300, 40), bool)
    mask[5:295, 5:35] = True
    picture = outline(image, mask, colour=(10, 200, 90), opacity=0.35)
    expected = np.round(image * (1 - 0.35) + np.array((10, 200, 90)) * 0.35)
    assert (picture[12:288, 12:28] == expected[12:288, 12:28]).all()
    assert image.flags.writeable and (image[0] == picture[0]).all()


def test_key_leaves_the_picture():
    picture = np.full((90, 400, 3), 17, np.uint8)
    result = add_key(picture, 'forged')
    assert (result[:90, :400] == 17).all() and result.shape[0] > 90
    assert (result[90:] == FORGED_COLOUR).all(axis=2).any()
    assert add_key(picture[:, :20], 'forged').shape[1] > 20


def share_of(picture, colour):
    return (np.abs(picture.astype(int) - colour).max(axis=2) < 3).mean()


def test_an_overlay_has_a_strong_colour_for_each_and_a_key():
    image = np.full((400, 640, 3), 128, np.uint8)
    gt, mask = np.zeros((2, 400, 640), np.uint8)
    gt[100:300, 100:300] = 1
    mask[100:300, 340:540] = 1
    both, alone = overlay(image, gt, mask), overlay(image, gt)
    assert alone.shape[0] < both.shape[0] and alone.shape[1] == both.shape[1] == 320
    # Edges of 2 pixels of 320, and the squares of the key.
    assert share_of(both, GROUND_TRUTH_COLOUR) > 0.005 < share_of(both, FORGED_COLOUR)
    assert share_of(alone, FORGED_COLOUR) == 0
    for below, colour in (
        (both[200:227], GROUND_TRUTH_COLOUR),
        (both[227:], FORGED_COLOUR),
    ):
        assert share_of(below, colour) > 0.002
