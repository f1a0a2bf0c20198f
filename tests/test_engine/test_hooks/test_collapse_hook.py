import logging

import pytest
from mmengine.runner import Runner
from mmseg.registry import HOOKS


def warnings_of(cfg, **arguments):
    cfg.custom_hooks.append(dict(type='CollapseHook', **arguments))
    runner = Runner.from_cfg(cfg)
    seen = []
    runner.logger.addHandler(Collect(seen))
    runner.train()
    return runner, [text for text in seen if text.startswith('Phase contrast')]


class Collect(logging.Handler):
    def __init__(self, seen):
        super().__init__(logging.WARNING)
        self.seen = seen

    def emit(self, record):
        self.seen.append(record.getMessage())


def test_both_numbers_are_logged_in_phase_one_alone(tiny_config):
    runner, seen = warnings_of(tiny_config, patience=1000)
    assert seen == []
    # Gone with the phase: MMEngine would go on logging the last mean.
    assert not any('similarity' in key for key in runner.message_hub.log_scalars)


def test_collapse_is_told_each_time_that_patience_passes(tiny_config):
    # Any embedding after a ReLU is more alike than -0.5.
    _, seen = warnings_of(tiny_config, patience=2, alike=-0.5)
    assert len(seen) == 2 and all('alike' in text for text in seen)


def test_classes_that_stay_together_are_told(tiny_config):
    _, seen = warnings_of(tiny_config, patience=4, alike=1.0, gap=1.0)
    assert len(seen) == 1 and 'does not separate' in seen[0]


def test_a_patience_of_nothing_is_refused():
    with pytest.raises(ValueError, match='patience'):
        HOOKS.build(dict(type='CollapseHook', patience=0))
