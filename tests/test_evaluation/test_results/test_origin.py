import copy

import pytest
from mmengine.config import Config

from mpc_mmseg.evaluation.results.origin import (
    config_differences,
    differences_in_words,
    origin_of_scores,
)


def changed(cfg, **options):
    other = copy.deepcopy(cfg)
    other.merge_from_dict({k.replace('__', '.'): v for k, v in options.items()})
    return other


@pytest.mark.parametrize(
    ('options', 'key'),
    [
        ({'model__test_cfg': dict(threshold=0.3)}, 'model.test_cfg.threshold'),
        ({'model__data_preprocessor__std': [1, 1, 1]}, 'model.data_preprocessor.std'),
        ({'model__neck__out_channels': 4}, 'model.neck.out_channels'),
    ],
)
def test_what_changes_maps_is_a_difference(tiny_config, options, key):
    assert list(config_differences(tiny_config, changed(tiny_config, **options))) == [
        key
    ]


def test_another_resize_of_the_test_pipeline_is_stated_in_words(tiny_config):
    other = copy.deepcopy(tiny_config)
    other.test_dataloader.dataset.pipeline[1].scale = (16, 16)
    found = config_differences(tiny_config, other)
    assert list(found.values()) == [['[64, 64]', '[16, 16]']]
    assert '[64, 64] -> [16, 16]' in differences_in_words({'config_differences': found})
    del other.test_dataloader.dataset.pipeline[1]
    gone = config_differences(tiny_config, other)['test_pipeline.1.scale']
    assert gone == ['[64, 64]', None]


def test_data_and_settings_of_training_are_no_difference(tiny_config):
    other = changed(
        tiny_config, work_dir='x', model__phase='localize', model__channels_last=True
    )
    other.test_dataloader.dataset.data_root = 'elsewhere'
    other.contrast_phase.max_iters = 99
    assert config_differences(tiny_config, other) == {}
    assert differences_in_words({'config_differences': None}) == ''
    text = Config.fromstring(tiny_config.pretty_text, '.py')
    assert config_differences(text, tiny_config) == {}


def test_an_origin_states_weights_config_frame_and_versions(tiny_config):
    meta = {'cfg': tiny_config.pretty_text, 'mpc_phase': 'contrast'}
    origin = origin_of_scores(tiny_config, 'best.pth', meta, 'ab')
    assert (origin['weights_sha256'], origin['phase']) == ('ab', 'contrast')
    assert '[64, 64]' in origin['frame'] and origin['interpolation'] == 'bilinear'
    assert {'mpc_mmseg', 'torch', 'mmengine', 'mmcv', 'mmseg'} <= set(
        origin['versions']
    )
    assert origin['config_differences'] == {}
    other = changed(tiny_config, model__test_cfg=dict(threshold=0.3))
    second = origin_of_scores(other, 'best.pth', {})
    assert second['config_sha256'] != origin['config_sha256']
    assert second['config_differences'] is None  # nothing stored to compare with
