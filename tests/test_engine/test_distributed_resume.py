"""Two processes resume exactly, too."""

import shutil

import pytest
from two_ranks import ROOT, call


@pytest.mark.slow
def test_two_processes_resume_exactly(random_config, tmp_path, load, assert_same):
    random_config.train_dataloader.num_workers = 1
    random_config.default_hooks.checkpoint.max_keep_ckpts = -1
    # As the configs do: a process that is not the main one does not get its own
    # running statistics back, and scores by the main one's.
    random_config.custom_hooks.append(dict(type='SameBuffersHook'))
    path = tmp_path / 'config.py'
    random_config.dump(path)
    whole, resumed = tmp_path / 'whole', tmp_path / 'resumed'

    def train(work, *options):
        command = ROOT / 'tools/dist_train.sh', path, 2, '--work-dir', work, *options
        call(*command, cwd=tmp_path)

    train(whole)
    for at in (5, 7):
        resumed.mkdir()
        for file in [whole / f'iter_{at}.pth', *whole.glob('best_*.pth')]:
            shutil.copy(file, resumed)
        train(resumed, '--resume')
        assert_same(load(whole, 'iter_10.pth'), load(resumed, 'iter_10.pth'))
        shutil.rmtree(resumed)
