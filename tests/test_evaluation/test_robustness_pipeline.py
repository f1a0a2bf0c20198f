import pytest

from mpc_mmseg.datasets.post_processing import CLEAN, parse_setting
from mpc_mmseg.evaluation.robustness_scores import post_processed

STEPS = ['LoadForgeryImage', 'Resize', 'LoadForgeryMask', 'PackForgeryInputs']


def dataset():
    return dict(type='ForgeryDataset', pipeline=[dict(type=name) for name in STEPS])


def names(config):
    return [step['type'] for step in config['pipeline']]


def test_photographs_first_and_masks_after_they_were_read():
    config = dataset()
    changed = post_processed(config, parse_setting('whatsapp_like'))
    assert names(changed) == [
        'LoadForgeryImage', 'PostProcessImage', 'Resize', 'LoadForgeryMask',
        'CropMaskToImage', 'PackForgeryInputs',
    ]  # fmt: skip
    setting = changed['pipeline'][1]['setting']
    assert setting == 'longest_side_px=1600+jpeg_quality=70'
    assert names(config) == STEPS


def test_every_part_of_a_mixture():
    mixed = dict(type='ConcatDataset', datasets=[dataset(), dataset()])
    changed = post_processed(mixed, parse_setting('gamma=1.3'))
    assert all('PostProcessImage' in names(part) for part in changed['datasets'])


def test_clean_is_the_pipeline_itself():
    assert post_processed(dataset(), CLEAN) == dataset()


@pytest.mark.parametrize('first', ['Resize', None])
def test_a_pipeline_that_does_not_begin_with_the_photograph(first):
    steps = [dict(type=first)] if first else []
    with pytest.raises(ValueError, match=r'it begins with (Resize|nothing)'):
        post_processed(dict(pipeline=steps), parse_setting('gamma=1.3'))
