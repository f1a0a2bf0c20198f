import os
import shutil
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.runner import Runner

from mpc_mmseg.engine.checkpoints.checkpoint_files import AtomicLocalBackend
from mpc_mmseg.engine.checkpoints.handover import forget_best
from mpc_mmseg.engine.hooks import AtomicCheckpointHook


class Listing(Hook):
    """Notes which checkpoints exist whenever one is about to be written."""

    def __init__(self):
        self.seen = []

    def before_save_checkpoint(self, runner, checkpoint):
        if os.path.isdir(runner.work_dir):
            self.seen.append({f for f in os.listdir(runner.work_dir) if '.pth' in f})


class StopAt(Hook):
    """Ends the process's training as an interruption does."""

    priority = 'LOWEST'

    def __init__(self, iteration):
        self.iteration = iteration

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            raise KeyboardInterrupt


def snapshot(folder):
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob('*')
        if path.is_file()
    }


@pytest.fixture
def stopped(random_config, train, tmp_path):
    """The work dir of a run that was interrupted after 5 of 10 iterations."""
    work = tmp_path / 'stopped'
    with pytest.raises(KeyboardInterrupt):
        train(random_config, StopAt(5), work_dir=str(work))
    return work


def test_old_checkpoints_go_after_the_new_are_there(random_config, train, tmp_path):
    listing = Listing()
    train(random_config, listing)
    for i in range(4, 10):
        # Two are kept: while a third is written, both are there.
        before = next(s for s in listing.seen if f'iter_{i}.pth' in s)
        assert f'iter_{i - 1}.pth' in before
    # A best checkpoint exists at all times from the first on.
    having = [any(f.startswith('best') for f in s) for s in listing.seen]
    assert all(having[having.index(True) :])
    left = {f for f in os.listdir(random_config.work_dir) if f.startswith('iter')}
    assert left == {'iter_9.pth', 'iter_10.pth'}


@pytest.mark.parametrize('way', ['copied', 'renamed'])
def test_a_moved_work_dir_goes_on_in_itself(
    way, stopped, random_config, train, load, assert_same, tmp_path
):
    elsewhere = tmp_path / 'elsewhere'
    if way == 'copied':
        shutil.copytree(stopped, elsewhere)
        original = snapshot(stopped)
    else:
        stopped.rename(elsewhere)
    train(random_config, work_dir=str(elsewhere), resume=True)
    if way == 'copied':
        assert snapshot(stopped) == original
    else:
        assert not stopped.exists()
    train(random_config, work_dir=str(tmp_path / 'whole'))
    assert_same(load(elsewhere, 'iter_10.pth'), load(tmp_path / 'whole', 'iter_10.pth'))
    names = [
        sorted(p.name for p in folder.glob('best_*.pth'))
        for folder in (elsewhere, tmp_path / 'whole')
    ]
    assert names[0] == names[1]
    info = load(elsewhere, 'iter_10.pth')['message_hub']['runtime_info']
    assert info['best_ckpt'] in names[0]
    assert (elsewhere / 'last_checkpoint').read_text() == 'iter_10.pth'


def test_another_work_dir_may_take_over(stopped, random_config, train, load, tmp_path):
    original = snapshot(stopped)
    train(
        random_config,
        work_dir=str(tmp_path / 'new'),
        resume=True,
        load_from=str(stopped / 'iter_5.pth'),
    )
    assert snapshot(stopped) == original
    assert load(tmp_path / 'new', 'iter_10.pth')['meta']['mpc_phase'] == 'localize'


def test_a_torn_checkpoint_is_skipped(stopped, random_config, train, load, assert_same):
    whole = load(stopped, 'iter_5.pth')
    os.truncate(stopped / 'iter_5.pth', 5000)
    (stopped / 'iter_6.pth.unfinished').write_bytes(b'')
    with pytest.raises(KeyboardInterrupt):
        train(random_config, StopAt(5), work_dir=str(stopped), resume=True)
    assert_same(load(stopped, 'iter_5.pth'), whole)
    assert not (stopped / 'iter_6.pth.unfinished').exists()


def test_a_torn_checkpoint_given_by_name_is_refused(stopped, random_config, train):
    path = stopped / 'iter_5.pth'
    os.truncate(path, 5000)
    with pytest.raises(RuntimeError, match=r'iter_5\.pth.*incomplete'):
        train(random_config, work_dir=str(stopped), resume=True, load_from=str(path))


def test_several_scores_keep_a_best_each(random_config, train, tmp_path):
    hook = random_config.default_hooks.checkpoint
    hook.save_best, hook.rule = ['mean/score', 'data/F1'], ['greater', 'greater']
    runner = train(random_config)
    files = os.listdir(random_config.work_dir)
    for score in ('mean_score', 'data_F1'):
        # One of each phase.
        assert sum(f.startswith(f'best_{score}') for f in files) == 2
    info = runner.message_hub.runtime_info
    assert os.path.isfile(info['best_ckpt_data/F1'])


def test_equal_scores_are_ranked_by_average_precision(tmp_path):
    hook = AtomicCheckpointHook(by_epoch=False, save_best='mean/score', rule='greater')
    hook.out_dir = str(tmp_path)
    hook.file_backend = AtomicLocalBackend()
    runner = SimpleNamespace(
        message_hub=MessageHub('ties'), epoch=0, logger=MMLogger('ties'), iter=0
    )
    runner.save_checkpoint = lambda folder, filename, **_: saved.append(filename)
    saved = []
    for iteration, (score, precision) in enumerate(
        [(0.0, 0.04), (0.0, 0.03), (0.0, 0.08), (0.0, 0.08), (0.2, 0.01), (0.1, 0.9)]
    ):
        runner.iter = iteration
        metrics = {'mean/score': score, 'a/pooled_AP': precision}
        hook._save_best_checkpoint(runner, metrics)
    assert [name.split('iter_')[1] for name in saved] == ['0.pth', '2.pth', '4.pth']
    forget_best(SimpleNamespace(message_hub=runner.message_hub, hooks=[hook]))
    assert not [k for k in runner.message_hub.runtime_info if 'AP' in k]


def test_a_resumed_run_without_checkpoints_begins(random_config, tmp_path):
    random_config.resume = True
    runner = Runner.from_cfg(random_config)
    runner.train()
    state = torch.load(os.path.join(random_config.work_dir, 'iter_10.pth'))
    assert state['meta']['iter'] == 10


class Scores(Hook):
    """Makes each validation better, or worse, than the last."""

    priority = 'HIGHEST'

    def __init__(self, sign):
        self.sign = sign

    def after_val_epoch(self, runner, metrics=None):
        metrics['mean/score'] = float(self.sign * runner.iter)


class KillOnRemoval(Hook):
    """Ends the process's training as it is about to delete a best checkpoint."""

    def before_run(self, runner):
        [self.hook] = [h for h in runner.hooks if isinstance(h, AtomicCheckpointHook)]
        self.hook._remove = self._remove

    def _remove(self, path):
        if os.path.basename(path).startswith('best_'):
            raise KeyboardInterrupt


def test_a_best_that_was_to_be_deleted_goes_when_the_run_goes_on(
    random_config, train, tmp_path
):
    work = tmp_path / 'work'
    with pytest.raises(KeyboardInterrupt):
        train(random_config, Scores(1), KillOnRemoval(), work_dir=str(work))
    left = {f.name for f in work.glob('best_*_iter_*')}
    assert left == {'best_mean_score_iter_2.pth', 'best_mean_score_iter_4.pth'}
    with pytest.raises(KeyboardInterrupt):
        train(random_config, Scores(1), StopAt(5), work_dir=str(work), resume=True)
    assert {f.name for f in work.glob('best_*_iter_*')} == {
        'best_mean_score_iter_4.pth'
    }


def test_the_best_of_phase_one_outlives_a_resume_early_in_phase_two(
    random_config, train, tmp_path
):
    """Its last validations brought no better one; phase 2 has not validated yet."""
    work, best = tmp_path / 'early', {'best_mean_score_iter_2.pth'}
    for end, resume in ((7, False), (8, True)):
        with pytest.raises(KeyboardInterrupt):
            hooks = Scores(-1), StopAt(end)
            train(random_config, *hooks, work_dir=str(work), resume=resume)
        assert {f.name for f in work.glob('best_*_iter_*')} == best


def test_the_best_of_each_phase_has_a_name_that_documents_can_use(
    random_config, train, load, tmp_path
):
    work = tmp_path / 'work'
    train(random_config, Scores(1), work_dir=str(work))
    named = {f.stem: os.stat(f).st_ino for f in work.glob('best*.pth')}
    numbered = sorted(
        (name for name in named if '_iter_' in name),
        key=lambda n: int(n.split('_')[-1]),
    )
    assert [named['best_contrast'], named['best_localize']] == [
        named[name] for name in numbered
    ]
    assert named['best'] == named['best_localize']
    for phase in ('contrast', 'localize'):
        assert load(work, f'best_{phase}.pth')['meta']['mpc_phase'] == phase
    assert not list(work.glob('*.unfinished'))


def test_a_resumed_run_names_the_best_that_it_knows(random_config, train, tmp_path):
    """It was killed after the best was written and before it got its name."""
    work = tmp_path / 'work'
    with pytest.raises(KeyboardInterrupt):
        train(random_config, Scores(1), StopAt(5), work_dir=str(work))
    (work / 'best.pth').unlink()
    with pytest.raises(KeyboardInterrupt):
        hooks = Scores(-1), StopAt(6)
        train(random_config, *hooks, work_dir=str(work), resume=True)
    (numbered,) = work.glob('best_*_iter_*.pth')
    assert os.path.samefile(work / 'best.pth', numbered)
