import copy
import os

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner


class Witness(Hook):
    """Notes what each iteration trained with."""

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.append(
            (
                runner.iter,
                runner.model.phase,
                sorted(k for k in outputs if k.startswith('loss_')),
                runner.optim_wrapper.get_lr()['lr'][0],
            )
        )


def run(cfg, **changes):
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(changes)
    runner = Runner.from_cfg(cfg)
    witness = Witness()
    runner.register_hook(witness)
    runner.train()
    return runner, witness.seen


def weights(runner):
    return {k: v.clone() for k, v in runner.model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_the_phase_changes_between_iterations(tiny_config):
    runner, seen = run(tiny_config)
    assert [s[1] for s in seen] == ['contrast'] * 4 + ['localize'] * 3
    assert len(seen[3][2]) == 3 and seen[4][2] == ['loss_bce']
    # The first iteration of a phase has its full learning rate.
    assert seen[4][3] == pytest.approx(1e-3) and seen[6][3] < 1e-3
    trained = {id(p) for g in runner.optim_wrapper.param_groups for p in g['params']}
    assert trained == {id(p) for p in runner.model.decode_head.parameters()}
    # Phase 1's losses are no longer logged.
    logged = {k for k in runner.message_hub.log_scalars if k.startswith('train/loss')}
    assert logged == {'train/loss', 'train/loss_bce'}


def test_phase_two_leaves_the_features_alone(tiny_config):
    _, _ = run(tiny_config)
    work = tiny_config.work_dir
    states = [
        torch.load(os.path.join(work, f'iter_{i}.pth'), weights_only=True)
        for i in (4, 7)
    ]
    assert [s['meta']['mpc_phase'] for s in states] == ['contrast', 'localize']
    first, last = (s['state_dict'] for s in states)
    frozen = [k for k in first if k.startswith(('backbone.', 'neck.'))]
    assert all(torch.equal(first[k], last[k]) for k in frozen)
    head = [k for k in first if k.startswith('decode_head.')]
    assert not all(torch.equal(first[k], last[k]) for k in head)


@pytest.mark.parametrize('at', [2, 4, 5])
def test_resume_before_at_and_after_the_switch(tiny_config, tmp_path, at):
    # Augmentation is off: MMEngine does not restore its random stream.
    tiny_config.train_dataloader.dataset.pipeline[3].prob = 0.0
    tiny_config.model.backbone.drop_path_rate = 0.0
    whole, _ = run(tiny_config)
    resumed, seen = run(
        tiny_config,
        work_dir=str(tmp_path / 'resumed'),
        resume=True,
        load_from=os.path.join(tiny_config.work_dir, f'iter_{at}.pth'),
    )
    assert [s[0] for s in seen] == list(range(at, 7))
    assert [s[1] for s in seen] == ['contrast'] * (4 - at) + ['localize'] * (
        min(3, 7 - at)
    )
    assert same(weights(whole), weights(resumed))


def test_the_end_of_phase_one_is_kept(tiny_config):
    run(tiny_config)
    end, at_4 = (
        torch.load(os.path.join(tiny_config.work_dir, name), weights_only=True)
        for name in ('contrast_end.pth', 'iter_4.pth')
    )
    assert end['meta']['iter'] == 4 and end['meta']['mpc_phase'] == 'contrast'
    assert same(end['state_dict'], at_4['state_dict'])


def test_best_of_phase_one_does_not_block_phase_two(tiny_config):
    run(tiny_config)
    best = [f for f in os.listdir(tiny_config.work_dir) if f.startswith('best_')]
    iterations = sorted(int(f.rsplit('_', 1)[1].split('.')[0]) for f in best)
    assert len(best) == 2
    assert iterations[0] in (2, 4) and iterations[1] in (6, 7)


def test_single_run_equals_twins(tiny_config, tmp_path):
    tiny_config.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=False)
    tiny_config.train_dataloader.dataset.indices = 2
    tiny_config.train_dataloader.dataset.pipeline[3].prob = 0.0
    single, _ = run(tiny_config)
    contrast = copy.deepcopy(tiny_config)
    contrast.pop('localize_phase')
    contrast.work_dir = str(tmp_path / 'contrast')
    run(contrast)
    localize = copy.deepcopy(tiny_config)
    localize.pop('contrast_phase')
    localize.work_dir = str(tmp_path / 'localize')
    localize.load_from = os.path.join(contrast.work_dir, 'iter_4.pth')
    localize.model.phase = 'localize'
    twin, seen = run(localize)
    assert [s[1] for s in seen] == ['localize'] * 3
    assert same(weights(single), weights(twin))


def test_phase_two_needs_the_weights_of_phase_one(tiny_config):
    tiny_config.pop('contrast_phase')
    with pytest.raises(RuntimeError, match='load_from'):
        run(tiny_config)


def test_weights_of_another_architecture_are_refused(tiny_config, tmp_path):
    run(tiny_config)
    path = os.path.join(tiny_config.work_dir, 'iter_4.pth')
    other = copy.deepcopy(tiny_config)
    other.work_dir = str(tmp_path / 'other')
    other.load_from = path
    other.pop('contrast_phase')
    other.model.neck.out_channels = 12
    other.model.decode_head.in_channels = [12] * 4
    with pytest.raises(RuntimeError, match=r'neck\.projections.*another shape|another'):
        run(other)
    state = torch.load(path, weights_only=True)
    state['state_dict'].pop('neck.projections.0.conv.weight')
    partial = str(tmp_path / 'partial.pth')
    torch.save(state, partial)
    other = copy.deepcopy(tiny_config)
    other.work_dir = str(tmp_path / 'other2')
    other.load_from = partial
    other.pop('contrast_phase')
    with pytest.raises(RuntimeError, match=r'missing: neck\.projections\.0'):
        run(other)


def test_a_checkpoint_is_tested_in_its_own_phase(tiny_config):
    run(tiny_config)
    for at, phase in ((4, 'contrast'), (7, 'localize')):
        cfg = copy.deepcopy(tiny_config)
        cfg.load_from = os.path.join(cfg.work_dir, f'iter_{at}.pth')
        for key in ('train_dataloader', 'train_cfg', 'optim_wrapper'):
            cfg.pop(key)
        runner = Runner.from_cfg(cfg)
        scores = runner.test()
        assert runner.model.phase == phase
        assert 0 <= scores['data/F1'] <= 1 and 'data/image_AUC' in scores


def test_resuming_a_phase_that_the_config_lacks_is_refused(tiny_config, tmp_path):
    run(tiny_config)
    tiny_config.pop('contrast_phase')
    with pytest.raises(RuntimeError, match='load_from instead'):
        run(
            tiny_config,
            work_dir=str(tmp_path / 'x'),
            resume=True,
            load_from=os.path.join(tiny_config.work_dir, 'iter_2.pth'),
        )
