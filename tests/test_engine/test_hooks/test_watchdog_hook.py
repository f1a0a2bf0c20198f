import os

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mpc_mmseg.engine.hooks.watchdog_hook import not_finite


class Poison(Hook):
    """Spoils a weight or a gradient at one iteration."""

    priority = 'VERY_HIGH'

    def __init__(self, name, at):
        self.name, self.at = name, at

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at:
            runner.model.get_parameter(self.name).data.view(-1)[0] = float('nan')


class BadGradient(Hook):
    """Makes the gradient of one iteration infinite; its loss is finite."""

    def __init__(self, at):
        self.at = at

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at:
            parameter = next(p for p in runner.model.parameters() if p.requires_grad)
            parameter.register_hook(lambda grad: grad * float('nan'))


def stopped(cfg, hook):
    cfg.custom_hooks.append(dict(type='WatchdogHook'))
    runner = Runner.from_cfg(cfg)
    runner.register_hook(hook)
    with pytest.raises(FloatingPointError) as error:
        runner.train()
    states = {
        name: torch.load(os.path.join(cfg.work_dir, name), weights_only=True)
        for name in os.listdir(cfg.work_dir)
        if name.endswith('.pth')
    }
    assert all(not not_finite(s['state_dict']) for s in states.values())
    return str(error.value), sorted(s for s in states if s.startswith('iter_'))


@pytest.mark.parametrize(
    ('name', 'at', 'term'),
    [
        ('neck.projections.0.conv.weight', 2, 'loss_within_image = nan'),
        ('decode_head.conv_seg.weight', 5, 'loss_bce = nan'),
    ],
)
def test_a_bad_loss_stops_with_what_is_needed(tiny_config, name, at, term):
    message, kept = stopped(tiny_config, Poison(name, at))
    assert f'iteration {at + 1}' in message and term in message
    assert message.count(os.path.join('data', 'images')) == 2
    assert kept == [f'iter_{i}.pth' for i in range(1, at + 1)]


def test_a_bad_gradient_leaves_no_broken_checkpoint(tiny_config):
    message, kept = stopped(tiny_config, BadGradient(1))
    assert 'weights are not finite (backbone.' in message and 'images' in message
    assert kept == ['iter_1.pth']
    with open(os.path.join(tiny_config.work_dir, 'last_checkpoint')) as file:
        assert file.read().endswith('iter_1.pth')


def test_counters_and_empty_tensors_are_finite():
    fine = {'n': torch.tensor(3), 'e': torch.zeros(0), 'x': torch.ones(2)}
    assert not_finite(fine) == []
    assert not_finite({**fine, 'y': torch.tensor([1.0, float('inf')])}) == ['y']
