from mmseg.registry import DATASETS

from mpc_mmseg.engine.fixed_data import FIXED_TRANSFORMS, leaves, may_draw
from mpc_mmseg.engine.phase_data import SeededDataset


def authentic(root, *pipeline):
    return dict(
        type='ForgeryDataset',
        data_root=str(root),
        data_prefix=dict(authentic_path='authentic'),
        pipeline=[dict(type=t) for t in pipeline],
    )


def test_mixtures_and_repetitions_are_looked_into(forgery_folder):
    fixed = authentic(forgery_folder, 'LoadForgeryImage', 'LoadForgeryMask')
    random = authentic(forgery_folder, 'LoadForgeryImage', 'PhotoMetricDistortion')
    repeated = dict(type='RepeatDataset', dataset=random, times=2)
    mixture = dict(type='ConcatDataset', datasets=[fixed, repeated])
    fixed, random = leaves(SeededDataset(mixture))
    assert all(type(leaf).__name__ == 'ForgeryDataset' for leaf in (fixed, random))
    assert may_draw(fixed, FIXED_TRANSFORMS) == []
    assert may_draw(random, FIXED_TRANSFORMS) == ['PhotoMetricDistortion']
    assert may_draw(random, {*FIXED_TRANSFORMS, 'PhotoMetricDistortion'}) == []


def test_a_data_set_that_makes_its_samples_may_draw(forgery_folder):
    # Its own pipeline holds nothing random; the forgeries are drawn before it.
    made = DATASETS.build(
        dict(
            type='ForgeOnTheFly',
            dataset=authentic(forgery_folder),
            pipeline=[dict(type='PackForgeryInputs')],
            size=(64, 64),
        )
    )
    assert list(leaves(SeededDataset(made))) == [made]
    assert may_draw(made, FIXED_TRANSFORMS) == ['ForgeOnTheFly']
