"""A training that is killed again and again ends as one that never was."""

import os
import random
import signal
import stat
import time
from multiprocessing import get_context

import pytest

_IMPORTS = [
    'matplotlib.pyplot',
    'mmengine.runner',
    'mmseg.datasets',
    'mmseg.engine',
    'mmseg.evaluation',
    'mmseg.models',
    'mmseg.visualization',
    'mpc_mmseg',
    'torch._dynamo',
    'yapf',
]


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def _train(config, moment):
    """What the killed process runs: trains, and dies at a moment of its own."""
    import torch
    from mmengine.config import Config
    from mmengine.hooks import Hook
    from mmengine.registry import init_default_scope
    from mmengine.runner import Runner

    from mpc_mmseg.engine.hooks import two_phase_hook

    torch.set_num_threads(1)
    init_default_scope('mmseg')
    kind, left = moment

    def count(wanted):
        nonlocal left
        if kind == wanted:
            left -= 1
            if left < 0:
                _die()

    class DieInHook(Hook):
        """Dies at the n-th call of any hook: before, between and after the steps."""

        def _count(self, runner, *args, **kwargs):
            count('hook')

        before_run = before_train = before_save_checkpoint = _count
        before_train_iter = after_train_iter = _count
        before_val_epoch = after_val_epoch = _count

    fsync = os.fsync

    def count_fsync(descriptor):
        # Called on a new file before its renaming and on its folder after it.
        count('write')
        if kind == 'torn' and left == 0 and not stat.S_ISDIR(os.fstat(descriptor)[0]):
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
        count('torn')
        fsync(descriptor)

    def count_switch(function):
        def counted(*args):
            count('switch')
            return function(*args)

        return counted

    os.fsync = count_fsync
    # The first and the last step of a switch after the end of phase 1 is stored.
    for step in ('load_best', 'forget_best'):
        setattr(two_phase_hook, step, count_switch(getattr(two_phase_hook, step)))
    runner = Runner.from_cfg(Config(config, format_python_code=False))
    runner.register_hook(DieInHook(), priority=random.randrange(100))
    runner.train()


def _live(context, config, moment):
    """Train until the moment; whether the process was killed there."""
    kind, amount = moment
    process = context.Process(target=_train, args=(config, moment))
    process.start()
    if kind == 'time':
        time.sleep(amount)
        process.kill()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL), f'died otherwise at {moment}'
    return process.exitcode != 0


def _moments(rng, seconds):
    """Endless moments to die at: in the switch, in hooks, in writes, anywhere."""
    yield from [('switch', 0), ('switch', 1)]
    while True:
        yield from rng.sample(
            [
                ('hook', rng.randrange(3, 40)),
                ('write', rng.randrange(20)),
                ('torn', rng.randrange(12)),
                ('time', rng.uniform(0.2, 0.8) * seconds),
                ('time', rng.uniform(0.2, 0.8) * seconds),
            ],
            5,
        )


def _kill_and_resume(config, kills, tmp_path, load, assert_same):
    context = get_context('forkserver')
    # Everything is imported once; each life is forked from there.
    context.set_forkserver_preload(_IMPORTS)
    config = config.to_dict()
    whole = tmp_path / 'whole'
    seconds = []
    for work in (tmp_path / 'imports', whole):
        begin = time.perf_counter()
        assert not _live(context, {**config, 'work_dir': str(work)}, ('never', 0))
        seconds.append(time.perf_counter() - begin)
    moments = _moments(random.Random(0), seconds[1])
    killed: list[tuple] = []
    run = 0
    while len(killed) < kills:
        work = tmp_path / f'run_{run}'
        run += 1
        lives = {**config, 'work_dir': str(work), 'resume': True}
        while True:
            moment = next(moments) if len(killed) < kills else ('never', 0)
            if not _live(context, lives, moment):
                break
            latest = work / 'last_checkpoint'
            killed.append((moment[0], latest.exists() and latest.read_text()))
        for name in ('contrast_end.pth', 'iter_10.pth'):
            assert_same(load(whole, name), load(work, name))
        best = [sorted(f.name for f in d.glob('best_*.pth')) for d in (whole, work)]
        assert best[0] == best[1]
    # In both phases, and by each way to die.
    reached = {int(name[5:-4]) for _, name in killed if name}
    assert min(reached) < 6 <= max(reached), reached
    assert {kind for kind, _ in killed} == {'hook', 'switch', 'time', 'torn', 'write'}


def test_twenty_kills_change_nothing(random_config, tmp_path, load, assert_same):
    _kill_and_resume(random_config, 20, tmp_path, load, assert_same)


@pytest.mark.slow
def test_a_hundred_kills_change_nothing(random_config, tmp_path, load, assert_same):
    _kill_and_resume(random_config, 100, tmp_path, load, assert_same)
