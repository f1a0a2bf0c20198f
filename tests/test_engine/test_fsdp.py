"""What docs/distributed.md says of FSDP: a phase in a run of its own trains."""

import sys
from pathlib import Path

import pytest
import torch
from two_ranks import call

SCRIPT = Path(__file__).with_name('fsdp_run.py')
TORCHRUN = '-m', 'torch.distributed.run', '--standalone', '--local-addr', '127.0.0.1'


@pytest.mark.slow
def test_each_phase_trains_as_in_one_process(tiny_config, tmp_path, load):
    train = tiny_config.train_dataloader
    train.sampler = dict(type='DefaultSampler', shuffle=False)
    start: dict[str, list] = {'two': [], 'one': []}
    before: dict = {}
    for phase, last in (('contrast', 4), ('localize', 3)):
        for name in ('two', 'one'):
            # Both ranks draw what the one process draws, so that gradients agree.
            order = [0, 1, 2, 3, 4, 5] * 2
            train.dataset.indices = (
                [i for i in order for _ in (0, 1)] if name == 'two' else order
            )
            tiny_config.dump(tmp_path / f'{name}.py')
            launch = [*TORCHRUN, '--nproc_per_node', 2] if name == 'two' else []
            call(
                sys.executable, *launch, SCRIPT,
                tmp_path / f'{name}.py', phase, tmp_path / phase / name, *start[name],
                cwd=tmp_path,
            )  # fmt: skip
        checkpoint = tmp_path / phase / f'two/iter_{last}.pth'
        assert sorted(p.name for p in checkpoint.iterdir()) == [
            'rank0.pth',
            'rank1.pth',
        ]
        two, one = (load(tmp_path / phase / n / 'undivided.pth') for n in start)
        assert two.keys() == one.keys()
        for key, value in one.items():
            torch.testing.assert_close(two[key], value, rtol=1e-4, atol=1e-6)
        if before:
            changed = {
                k.split('.')[0] for k in two if not torch.equal(two[k], before[k])
            }
            assert changed == {'decode_head'}
        before = two
        start = {
            'two': [checkpoint],
            'one': [tmp_path / phase / f'one/iter_{last}.pth'],
        }
