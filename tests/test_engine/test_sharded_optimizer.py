"""A divided optimizer trains what the undivided one trains."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import OPTIMIZERS
from torch import distributed
from two_ranks import ROOT, call


@pytest.fixture
def one_process():
    distributed.init_process_group(
        'gloo', store=distributed.HashStore(), rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


def test_frozen_weights_are_left_out(one_process):
    torch.manual_seed(0)
    weights = [torch.nn.Parameter(torch.rand(3)) for _ in range(3)]
    weights[1].requires_grad_(False)
    plain = [torch.nn.Parameter(w.detach().clone()) for w in weights]
    cfg = dict(type='ShardedOptimizer', optimizer_type='AdamW', lr=0.1)
    groups = [dict(params=weights[:1], lr=0.2), dict(params=weights[1:])]
    optimizer = OPTIMIZERS.build({**cfg, 'params': groups})
    assert [len(g['params']) for g in optimizer.param_groups] == [1, 1]
    assert [g['lr'] for g in optimizer.param_groups] == [0.2, 0.1]
    other = torch.optim.AdamW(
        [dict(params=plain[:1], lr=0.2), dict(params=plain[2:])], 0.1
    )
    for each, same in ((optimizer, weights), (other, plain)):
        (same[0].sum() + same[2].square().sum()).backward()
        each.step()
    assert all(torch.equal(a, b) for a, b in zip(weights, plain))
    with pytest.raises(RuntimeError, match='consolidate'):
        optimizer.state_dict()
    optimizer.consolidate_state_dict()
    assert len(optimizer.state_dict()['state']) == 2
    one = OPTIMIZERS.build({**cfg, 'params': groups[1:]})
    assert [len(g['params']) for g in one.param_groups] == [1]
    flat = OPTIMIZERS.build({**cfg, 'params': weights})
    assert [len(g['params']) for g in flat.param_groups] == [2]


@pytest.mark.slow
def test_two_processes_through_the_switch_and_resumed(random_config, tmp_path, load):
    random_config.default_hooks.checkpoint.max_keep_ckpts = -1
    work = {}
    for name in ('plain', 'sharded'):
        cfg = Config(random_config.to_dict(), format_python_code=False)
        cfg.work_dir = str(tmp_path / name)
        if name == 'sharded':
            cfg.custom_hooks.append(dict(type='ShardedOptimizerHook'))
            for key in ('contrast_phase', 'localize_phase'):
                cfg[key].optim_wrapper.optimizer.update(
                    type='ShardedOptimizer', optimizer_type='AdamW'
                )
        work[name] = Path(cfg.work_dir)
        cfg.dump(tmp_path / f'{name}.py')
        call(ROOT / 'tools/dist_train.sh', tmp_path / f'{name}.py', 2, cwd=tmp_path)
    for file in ('contrast_end.pth', 'iter_10.pth'):
        plain, sharded = (load(work[name], file) for name in ('plain', 'sharded'))
        assert_equal(plain['state_dict'], sharded['state_dict'])
        states = [c['optimizer']['state'] for c in (plain, sharded)]
        assert len(states[0]) == len(states[1]) > 0
    whole = load(work['sharded'], 'iter_10.pth')['state_dict']
    for start in (6, 8):  # at the switch, and in phase 2
        call(
            ROOT / 'tools/dist_train.sh', tmp_path / 'sharded.py', 2,
            '--resume', work['sharded'] / f'iter_{start}.pth', cwd=tmp_path,
        )  # fmt: skip
        assert_equal(whole, load(work['sharded'], 'iter_10.pth')['state_dict'])


def assert_equal(first, second):
    assert [k for k in first if not torch.equal(first[k], second[k])] == []
