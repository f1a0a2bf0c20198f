"""What phase 2 leaves alone."""

import copy

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

FROZEN = ('backbone.', 'neck.')


class Start(Hook):
    """Keeps the weights and buffers that phase 2 began with."""

    priority = 'LOWEST'
    state = None

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.model.phase == 'localize' and self.state is None:
            self.state = copy.deepcopy(runner.model.state_dict())


def trained(cfg, **changes):
    cfg.merge_from_dict(changes)
    runner = Runner.from_cfg(cfg)
    start = Start()
    runner.register_hook(start)
    runner.train()
    return runner, start.state


def leaves_of(loss):
    """Parameters that a loss's graph ends in."""
    found, todo, seen = set(), [loss.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, 'variable'):
            found.add(id(node.variable))
        todo += [following for following, _ in node.next_functions]
    return found


@pytest.mark.parametrize('released', [False, True])
def test_phase_two_leaves_no_trace_in_the_frozen_parts(tiny_config, released):
    changes = {'model.frozen_eval': False} if released else {}
    runner, start = trained(tiny_config, **changes)
    model = runner.model
    frozen = {n: p for n, p in model.named_parameters() if n.startswith(FROZEN)}
    changed = {
        name
        for name, value in model.state_dict().items()
        if not torch.equal(value, start[name])
    }
    drifted = {name for name in changed if name.startswith(FROZEN)}
    if released:
        # The released behaviour: statistics drift, weights stay.
        assert 'backbone.bn1.running_mean' in drifted
        assert not drifted & frozen.keys()
    else:
        assert not drifted
    assert any(name.startswith('decode_head.') for name in changed)
    assert all(p.grad is None and not p.requires_grad for p in frozen.values())
    head = {id(p) for p in model.decode_head.parameters()}
    assert {id(p) for p in runner.optim_wrapper.optimizer.state} == head
    batch = next(iter(runner.train_dataloader))
    model.train()
    data = model.data_preprocessor(batch, True)
    loss = model(**data, mode='loss')['loss_bce']
    assert leaves_of(loss) == head
