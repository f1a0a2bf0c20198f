import copy

import pytest

from mpc_mmseg.datasets.post_processing import CLEAN, parse_setting
from mpc_mmseg.evaluation.robustness_scores import (
    cache_key,
    config_hash,
    images_hash,
)


@pytest.fixture
def samples(tmp_path):
    for name in ('a', 'b', 'm'):
        (tmp_path / name).write_text(name)
    return [
        dict(
            img_path=str(tmp_path / 'a'),
            seg_map_path=str(tmp_path / 'm'),
            dataset_name='x',
        ),
        dict(img_path=str(tmp_path / 'b'), seg_map_path=None, dataset_name='x'),
    ]


def test_images_by_content_and_order(samples, tmp_path):
    first = images_hash(samples)
    assert first == images_hash(samples) != images_hash(samples[::-1])
    (tmp_path / 'm').write_text('another mask')
    assert images_hash(samples) != first


def test_an_image_listed_twice_is_named(samples):
    with pytest.raises(ValueError, match=r"data set 'x' lists .*a twice"):
        images_hash([*samples, samples[0]])


def test_a_config_by_what_scores_depend_on(tiny_config):
    first = config_hash(tiny_config, {'type': 'ForgeryMetric'})
    moved = copy.deepcopy(tiny_config)
    moved.test_dataloader.dataset.data_root = 'elsewhere'
    moved.work_dir = 'elsewhere'
    assert config_hash(moved, {'type': 'ForgeryMetric'}) == first
    assert config_hash(moved, {'type': 'ForgeryMetric', 'threshold': 0.4}) != first
    moved.test_dataloader.dataset.pipeline[1].scale = (32, 32)
    assert config_hash(moved, {'type': 'ForgeryMetric'}) != first


def test_keys_tell_settings_and_weights_apart():
    keys = {
        cache_key({'weights': weights}, setting)
        for weights in 'ab'
        for setting in (CLEAN, parse_setting('gamma=1.3'), parse_setting('gamma=1.31'))
    }
    assert len(keys) == 6 and all(len(key) == 16 for key in keys)
