"""What the loop learns from its data."""

from mmengine.runner import Runner


def test_an_interval_in_epochs_follows_the_data_set(tiny_config):
    # six pictures in batches of two: an epoch of three iterations
    tiny_config.contrast_phase.val_interval = '1 epoch'
    tiny_config.localize_phase.param_scheduler = [
        dict(type='CosineAnnealingLR', T_max='20 validations')
    ]
    runner = Runner.from_cfg(tiny_config)
    loop = runner.build_train_loop(runner._train_loop)
    contrast, localize = loop.phases
    assert contrast.val_interval == loop.val_interval == 3
    assert localize.param_scheduler[0]['T_max'] == 20 * 2
    assert [i for i in range(1, 5) if contrast.validates_after(i)] == [3, 4]
