import copy
import os

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS, MODELS

from mpc_mmseg.apis.release.mpc_release import write_checkpoint
from mpc_mmseg.engine.hooks import AtomicCheckpointHook


@pytest.fixture
def bests_stay(monkeypatch):
    """A run keeps the best checkpoints that it replaces.

    Runs that are resumed at an earlier moment look for the best of that moment.
    """
    monkeypatch.setattr(AtomicCheckpointHook, '_remove', lambda *_: None)


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


@HOOKS.register_module()
class RisingScore(Hook):
    """Makes each validation's score the iteration."""

    priority = 'HIGHEST'

    def after_val_epoch(self, runner, metrics=None):
        metrics['mean/score'] = float(runner.iter)


def run(cfg, **changes):
    cfg = Config(cfg.to_dict(), format_python_code=False)
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


@pytest.mark.parametrize('at', [3, 6, 7])
def test_resume_before_at_and_after_the_switch(
    random_config, tmp_path, at, load, assert_same, bests_stay
):
    random_config.default_hooks.checkpoint.max_keep_ckpts = -1
    run(random_config)
    resumed = str(tmp_path / 'resumed')
    _, seen = run(
        random_config,
        work_dir=resumed,
        resume=True,
        load_from=os.path.join(random_config.work_dir, f'iter_{at}.pth'),
    )
    assert [s[0] for s in seen] == list(range(at, 10))
    assert [s[1] for s in seen] == ['contrast'] * (6 - at) + ['localize'] * (
        min(4, 10 - at)
    )
    assert_same(
        load(random_config.work_dir, 'iter_10.pth'), load(resumed, 'iter_10.pth')
    )


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
    best = [f for f in os.listdir(tiny_config.work_dir) if f.startswith('best_mean')]
    iterations = sorted(int(f.rsplit('_', 1)[1].split('.')[0]) for f in best)
    assert len(best) == 2
    assert iterations[0] in (2, 4) and iterations[1] in (6, 7)


def alone(cfg, phase, work_dir, **changes):
    """The config of one phase only."""
    cfg = Config(cfg.to_dict(), format_python_code=False)
    cfg.phases = [phase]
    cfg[f'{phase}_phase'].pop('load_best', None)
    cfg.merge_from_dict(dict(work_dir=str(work_dir), **changes))
    return cfg


@pytest.mark.parametrize('start', ['contrast_end', 'best_mean_score_iter_*'])
def test_single_run_equals_twins(random_config, tmp_path, start, load):
    random_config.localize_phase.load_best = start != 'contrast_end'
    run(random_config)
    contrast, localize = tmp_path / 'contrast', tmp_path / 'localize'
    run(alone(random_config, 'contrast', contrast))
    (contrast / 'iter_6.pth').rename(contrast / 'contrast_end.pth')
    (path,) = contrast.glob(f'{start}.pth')
    _, seen = run(alone(random_config, 'localize', localize, load_from=str(path)))
    assert [s[1] for s in seen] == ['localize'] * 4
    single, twin = (
        load(random_config.work_dir, 'iter_10.pth'),
        load(localize, 'iter_4.pth'),
    )
    assert same(single['state_dict'], twin['state_dict'])
    for key, state in single['optimizer']['state'].items():
        assert same(state, twin['optimizer']['state'][key])


def test_phase_two_begins_with_the_best_of_phase_one(random_config, load):
    random_config.contrast_phase.val_interval = 1
    run(random_config)
    work = random_config.work_dir
    (best,) = (
        f
        for f in os.listdir(work)
        if f.startswith('best_mean') and int(f.rsplit('_', 1)[1][:-4]) <= 6
    )
    state = {
        name: {k: v for k, v in load(work, name)['state_dict'].items() if 'neck' in k}
        for name in (best, 'contrast_end.pth', 'iter_10.pth')
    }
    assert same(state['iter_10.pth'], state[best])
    if best != 'best_mean_score_iter_6.pth':
        assert not same(state['iter_10.pth'], state['contrast_end.pth'])


def test_averaged_weights_begin_phase_two_from_the_best(
    random_config, tmp_path, load, assert_same
):
    cfg = random_config
    cfg.custom_hooks.insert(0, dict(type='PhaseEMAHook', momentum=0.2))
    cfg.contrast_phase.val_interval = 2
    cfg.default_hooks.checkpoint.max_keep_ckpts = -1
    # The first validation is taken for the best, whatever the later ones give.
    cfg.default_hooks.checkpoint.rule = 'less'
    cfg.custom_hooks.append(dict(type='RisingScore'))
    run(cfg)
    best = load(cfg.work_dir, 'best_mean_score_iter_2.pth')['state_dict']
    ends = [load(cfg.work_dir, f'iter_{i}.pth') for i in (7, 10)]
    frozen = [k for k in best if k.startswith(('backbone.', 'neck.'))]
    at_end = load(cfg.work_dir, 'contrast_end.pth')['state_dict']
    assert any(not torch.equal(at_end[k], best[k]) for k in frozen)
    for end in ends:
        # The average as well as the model that is trained stand on the best.
        for weights in (end['state_dict'], end['ema_state_dict']):
            of = {k.removeprefix('module.'): v for k, v in weights.items()}
            assert all(torch.equal(of[k], best[k]) for k in frozen)
    for at in (5, 6, 8):
        resumed = str(tmp_path / f'resumed_{at}')
        path = os.path.join(cfg.work_dir, f'iter_{at}.pth')
        run(cfg, work_dir=resumed, resume=True, load_from=path)
        assert_same(load(cfg.work_dir, 'iter_10.pth'), load(resumed, 'iter_10.pth'))
        assert same(
            load(cfg.work_dir, 'iter_10.pth')['ema_state_dict'],
            load(resumed, 'iter_10.pth')['ema_state_dict'],
        )


def test_a_best_checkpoint_that_is_gone_is_missed_before_training(random_config):
    random_config.default_hooks.checkpoint.max_keep_ckpts = -1
    run(random_config)
    for name in os.listdir(random_config.work_dir):
        if name.startswith('best_'):
            os.remove(os.path.join(random_config.work_dir, name))
    path = os.path.join(random_config.work_dir, 'iter_5.pth')
    with pytest.raises(RuntimeError, match=r'best_mean_score_iter_.*is missing'):
        run(random_config, resume=True, load_from=path)


def test_load_best_needs_a_best(random_config):
    random_config.default_hooks.checkpoint.save_best = None
    with pytest.raises(ValueError, match='save_best'):
        run(random_config)


@pytest.mark.parametrize('at', [3, 4, 5])
def test_a_stalled_phase_gives_way_to_the_next(
    random_config, tmp_path, at, load, assert_same, bests_stay
):
    # The score stalls at once: the second validation, at 4 of 6, ends phase 1.
    random_config.contrast_phase.early_stop = dict(
        monitor='mean/score', rule='greater', min_delta=9.0, patience=1
    )
    random_config.default_hooks.checkpoint.max_keep_ckpts = -1
    runner, seen = run(random_config)
    assert [s[1] for s in seen] == ['contrast'] * 4 + ['localize'] * 4
    assert runner.max_iters == 8
    work, resumed = random_config.work_dir, str(tmp_path / 'resumed')
    _, seen = run(
        random_config,
        work_dir=resumed,
        resume=True,
        load_from=os.path.join(work, f'iter_{at}.pth'),
    )
    assert [s[0] for s in seen] == list(range(at, 8))
    assert_same(load(work, 'iter_8.pth'), load(resumed, 'iter_8.pth'))


def test_a_stalled_last_phase_ends_the_run(random_config, load):
    random_config.localize_phase.early_stop = dict(
        monitor='mean/score', rule='greater', min_delta=9.0, patience=1
    )
    random_config.localize_phase.val_interval = 1
    _, seen = run(random_config)
    assert seen[-1][0] == 7
    assert load(random_config.work_dir, 'localize_end.pth')['meta']['iter'] == 8


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


def test_random_weights_of_a_converted_file_are_missing(tiny_config, tmp_path):
    state = MODELS.build(tiny_config.model).state_dict()
    tiny_config.pop('contrast_phase')
    for lacks in (['neck'], ['decode_head']):
        model = dict(tiny_config.model, phase='contrast')
        tiny_config.load_from = str(tmp_path / f'{lacks[0]}.pth')
        write_checkpoint(state, dict(model=model), lacks, tiny_config.load_from)
        if lacks == ['neck']:
            with pytest.raises(RuntimeError, match=r'missing: neck\.projections\.0'):
                run(tiny_config)
        else:
            _, seen = run(tiny_config)
            assert [s[1] for s in seen] == ['localize'] * 3


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


@pytest.mark.parametrize('names', [['contrast'], ['localize', 'contrast']])
def test_resuming_with_other_phases_than_the_runs_is_refused(
    tiny_config, tmp_path, names, load
):
    run(tiny_config)
    saved = load(tiny_config.work_dir, 'iter_2.pth')['meta']['mpc_phases']
    assert saved == ['contrast', 'localize']
    with pytest.raises(RuntimeError, match=r'phases contrast,localize.*same --phases'):
        run(
            tiny_config,
            phases=names,
            work_dir=str(tmp_path / 'x'),
            resume=True,
            load_from=os.path.join(tiny_config.work_dir, 'iter_2.pth'),
        )


def test_two_runs_of_one_second_share_no_best_checkpoint(tiny_config, tmp_path):
    tiny_config.localize_phase.load_best = True
    first, _ = run(tiny_config)
    cfg = Config(tiny_config.to_dict(), format_python_code=False)
    cfg.work_dir = str(tmp_path / 'other')
    runner = Runner.from_cfg(cfg)
    # As if MMEngine had given both one name.
    for key, value in first.message_hub.runtime_info.items():
        runner.message_hub.update_info(key, value)
    runner.train()
    best = runner.message_hub.get_info('best_ckpt')
    assert (tmp_path / 'other' / os.path.basename(best)).is_file()
