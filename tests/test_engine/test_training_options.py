"""MMEngine's training options through the switch of phases and through a resume."""

import copy
import os

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

EMA = dict(type='PhaseEMAHook', momentum=0.2)
OPTIONS = {
    'bf16': {'optim_wrapper.type': 'CpuAmpOptimWrapper'},
    'accumulation': {'optim_wrapper.accumulative_counts': 2},
    'clipping': {'optim_wrapper.clip_grad': dict(max_norm=0.1)},
    'ema': {},
    'compiled': {'model.compile_backbone': dict(backend='eager')},
    'all': {
        'optim_wrapper.type': 'CpuAmpOptimWrapper',
        'optim_wrapper.accumulative_counts': 2,
        'optim_wrapper.clip_grad': dict(max_norm=0.1),
    },
}


class Witness(Hook):
    """Notes after each iteration which weights moved."""

    priority = 'LOWEST'

    def __init__(self):
        self.states = {}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        state = {k: v.clone() for k, v in runner.model.state_dict().items()}
        self.states[runner.iter + 1] = state


def with_option(cfg, option):
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(OPTIONS[option])
    if option in ('ema', 'all'):
        cfg.custom_hooks.insert(0, EMA)
    # Without randomness a resumed run can be compared bit for bit.
    cfg.train_dataloader.dataset.pipeline[3].prob = 0.0
    cfg.model.backbone.drop_path_rate = 0.0
    cfg.pop('val_dataloader')
    cfg.pop('val_evaluator')
    cfg.pop('val_cfg')
    cfg.default_hooks.checkpoint.pop('save_best')
    return cfg


def run(cfg, **changes):
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(changes)
    runner = Runner.from_cfg(cfg)
    witness = Witness()
    runner.register_hook(witness)
    runner.train()
    return runner, witness.states


def last(cfg):
    return torch.load(os.path.join(cfg.work_dir, 'iter_7.pth'), weights_only=True)


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize(
    'option',
    [
        pytest.param(name, marks=[] if name == 'all' else pytest.mark.slow)
        for name in OPTIONS
    ],
)
def test_a_resumed_run_ends_as_one_never_stopped(tiny_config, tmp_path, option):
    cfg = with_option(tiny_config, option)
    run(cfg)
    whole = last(cfg)
    # Within phase 1, at the switch, within phase 2; gradients that are accumulated
    # are not part of a checkpoint, so not between two of a pair.
    for at in (2, 4, 6 if option in ('accumulation', 'all') else 5):
        resumed = copy.deepcopy(cfg)
        resumed.work_dir = str(tmp_path / f'resumed_{at}')
        path = os.path.join(cfg.work_dir, f'iter_{at}.pth')
        run(resumed, resume=True, load_from=path)
        for key in ('state_dict', 'ema_state_dict'):
            assert same(whole.get(key, {}), last(resumed).get(key, {})), (at, key)


def test_bf16_changes_the_numbers_and_keeps_weights_in_float32(tiny_config):
    cfg = with_option(tiny_config, 'bf16')
    seen = []
    runner = Runner.from_cfg(cfg)
    for part in (runner.model.backbone, runner.model.decode_head):
        convolution = next(m for m in part.modules() if isinstance(m, torch.nn.Conv2d))
        convolution.register_forward_hook(lambda *a: seen.append(a[-1].dtype))
    runner.train()
    # Two passes in phase 1, one and the head's in phase 2.
    assert seen == [torch.bfloat16] * (4 * 2 + 3 * 2)
    assert all(p.dtype == torch.float32 for p in runner.model.parameters())


def test_gradients_are_accumulated_in_both_phases(tiny_config):
    cfg = with_option(tiny_config, 'accumulation')
    _, states = run(cfg)
    parts = {i: 'backbone.conv1.weight' if i <= 4 else 'decode_head.stack.2.weight'
             for i in states}  # fmt: skip
    moved = [
        i for i in range(2, 8)
        if not torch.equal(states[i][parts[i]], states[i - 1][parts[i]])
    ]  # fmt: skip
    # After each pair, and what is left at the end of the run.
    assert moved == [2, 4, 6, 7]


def test_an_average_is_handed_over_and_its_frozen_part_stands_still(tiny_config):
    cfg = with_option(tiny_config, 'ema')
    runner, states = run(cfg)
    average = runner.hooks[
        [type(h).__name__ for h in runner.hooks].index('PhaseEMAHook')
    ].ema_model.module.state_dict()
    end = torch.load(os.path.join(cfg.work_dir, 'contrast_end.pth'), weights_only=True)
    frozen = [k for k in average if k.startswith(('backbone.', 'neck.'))]
    assert any(not torch.equal(end['state_dict'][k], states[4][k]) for k in frozen)
    for key in frozen:
        # What phase 1's average was is what phase 2 stands on, and its average.
        assert torch.equal(states[5][key], end['state_dict'][key]), key
        assert torch.equal(states[7][key], end['state_dict'][key]), key
        assert torch.equal(average[key], end['state_dict'][key]), key
    # The head's average follows the head of phase 2.
    key = 'decode_head.stack.2.weight'
    expected = states[5][key]
    for i in (6, 7):
        expected = expected.lerp(states[i][key], 0.2)
    torch.testing.assert_close(average[key], expected)


def test_gradients_are_clipped_in_both_phases(tiny_config):
    cfg = with_option(tiny_config, 'clipping')
    cfg.optim_wrapper.clip_grad.max_norm = 1e-6
    for phase in (cfg.contrast_phase, cfg.localize_phase):
        phase.optim_wrapper.optimizer = dict(type='SGD', lr=1.0)
    _, states = run(cfg)
    for i, part in ((3, ('backbone.', 'neck.')), (6, ('decode_head.',))):
        moves = [
            (states[i][k] - states[i - 1][k]).square().sum()
            for k in states[i]
            if k.startswith(part) and k.endswith(('weight', 'bias'))
        ]
        assert 0 < float(sum(moves)) ** 0.5 < 1e-5


def test_a_compiled_backbone_runs_and_keeps_its_names(tiny_config):
    plain = with_option(tiny_config, 'clipping')
    compiled = copy.deepcopy(plain)
    calls = []

    def backend(graph, inputs):
        calls.append(1)
        return graph.forward

    runner = Runner.from_cfg(plain)
    names = set(runner.model.state_dict())
    compiled.model.compile_backbone = dict(backend='eager')
    model = Runner.from_cfg(compiled).model
    assert set(model.state_dict()) == names
    model.backbone.compile(backend=backend)
    model.extract_feat(torch.rand(1, 3, 64, 64))
    assert calls
