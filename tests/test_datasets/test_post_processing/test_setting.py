import numpy as np
import pytest

from mpc_mmseg.datasets.post_processing import (
    CLEAN,
    IMITATIONS,
    Setting,
    Step,
    parse_grid,
    parse_setting,
)
from mpc_mmseg.datasets.post_processing.setting import centre_box


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_a_setting_is_read_back_from_its_chain():
    for text in ('jpeg_quality=70', 'resize_factor=0.5 + jpeg_quality=70.0'):
        setting = parse_setting(text)
        assert parse_setting(setting.chain) == setting
    assert setting.name == 'resize_factor=0.5+jpeg_quality=70'


def test_families_of_settings():
    assert CLEAN.family == 'clean'
    assert parse_setting('jpeg_quality=70').family == 'jpeg_quality'
    assert parse_setting('gamma=1.1+jpeg_quality=70').family == 'chain'
    assert parse_setting('whatsapp_like').family == 'chain'


def test_imitations_are_chains_whose_names_end_in_like():
    for name, chain in IMITATIONS.items():
        setting = parse_setting(name)
        assert name.endswith('_like') and setting.name == name
        assert setting.chain == chain


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('jpeg', "'jpeg' is no post-processing"),
        ('jpeg_quality=high', 'expected FAMILY=NUMBER'),
        ('', 'is no post-processing'),
        ('sharpen=2', "unknown post-processing 'sharpen'; use one of jpeg_quality"),
        ('jpeg_quality=101', 'got 101'),
        ('jpeg_quality=70+crop_side_share=0.5', 'must be the first step'),
    ],
)
def test_what_is_no_setting(text, message):
    with pytest.raises(ValueError, match=message):
        parse_setting(text)


def test_steps_are_taken_in_order(image):
    chained, box = parse_setting('resize_factor=0.5+gamma=1.3').apply(image)
    half, _ = parse_setting('resize_factor=0.5').apply(image)
    expected, _ = parse_setting('gamma=1.3').apply(half)
    np.testing.assert_array_equal(chained, expected)
    assert box is None


def test_a_crop_returns_its_box(image):
    cropped, box = parse_setting('crop_side_share=0.5+jpeg_quality=90').apply(image)
    assert box == (10, 15, 20, 30) and cropped.shape == (20, 30, 3)


def test_noise_follows_from_pixels_and_setting_alone(image):
    setting = Setting('n', (Step('noise_sd_8bit', 11),))
    first, _ = setting.apply(image)
    np.testing.assert_array_equal(first, setting.apply(image.copy())[0])
    turned = np.ascontiguousarray(image.swapaxes(0, 1)).swapaxes(0, 1)
    np.testing.assert_array_equal(first, setting.apply(turned)[0])
    other = image.copy()
    other[0, 0, 0] ^= 1
    noise = first.astype(int) - image
    assert np.mean(noise != setting.apply(other)[0].astype(int) - other) > 0.5


def test_a_grid_begins_clean_and_names_each_setting_once():
    settings = parse_grid(
        {'jpeg_quality': [70, 90, 70.0], 'chain': ['jpeg_quality=70', 'weibo_like']}
    )
    names = [setting.name for setting in settings]
    assert names == ['clean', 'jpeg_quality=70', 'jpeg_quality=90', 'weibo_like']


@pytest.mark.parametrize('values', ['70', 70, []])
def test_a_grid_needs_lists(values):
    with pytest.raises(ValueError, match='jpeg_quality: expected a list of values'):
        parse_grid({'jpeg_quality': values})


def test_a_crop_keeps_the_centre(image):
    box = centre_box((48, 64), 0.5)
    assert box == (12, 16, 24, 32)
    np.testing.assert_array_equal(box.cut(image), image[12:36, 16:48])
    assert centre_box((1, 3), 0.02) == (0, 1, 1, 1)
