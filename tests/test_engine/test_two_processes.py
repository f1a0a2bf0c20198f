"""Both phases in two processes, started as a user starts them."""

import json
import re
import runpy
import sys
from pathlib import Path

import torch
from two_ranks import ROOT, call


def test_ranks_stay_alike_and_score_as_one(tiny_config, tmp_path, monkeypatch):
    cfg = tiny_config
    # Seven images do not divide into batches of two processes. By rank: (0, 2),
    # (authentic 6, 7), again; (1, 3), (4, 1), (3, 4). In every second iteration one
    # process has no forged pixel.
    train = cfg.train_dataloader
    train.dataset.data_prefix = dict(
        img_path='images', seg_map_path='masks', authentic_path='authentic'
    )
    train.dataset.indices = [0, 1, 2, 3, 6, 4, 7]
    train.sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
    # Seven images do not divide between two: the sampler repeats one. An image at a
    # time, as how a batch is made up shows in the last bits.
    cfg.test_dataloader.dataset.indices = 7
    cfg.test_dataloader.batch_size = 1
    monkeypatch.syspath_prepend(Path(__file__).parent)
    cfg.custom_imports.imports.append('rank_notes_hook')
    cfg.custom_hooks += [
        dict(type='SameBuffersHook'),
        dict(type='WatchdogHook'),
        dict(type='RankNotesHook', out_dir=str(tmp_path / 'notes')),
    ]
    path = tmp_path / 'tiny.py'
    cfg.dump(path)
    call(ROOT / 'tools/dist_train.sh', path, 2, cwd=tmp_path)
    first, second = (
        torch.load(tmp_path / f'notes/rank_{r}.pt', weights_only=True) for r in (0, 1)
    )
    # The order repeats, so that no batch is short.
    assert first['batches'] == [(2, 2), (2, 0)] * 3 + [(2, 2)]
    assert second['batches'] == [(2, 2)] * 7
    assert first['find_unused'] == second['find_unused'] == [False] * 7
    assert list(first['states']) == list(second['states']) == [4, 7]
    for at, state in first['states'].items():
        for key, value in state.items():
            assert torch.equal(value, second['states'][at][key]), (at, key)
    before, after = first['states'].values()
    changed = {k.split('.')[0] for k in after if not torch.equal(before[k], after[k])}
    assert changed == {'decode_head'}
    for rank in (0, 1):
        left = (tmp_path / f'notes/threads_{rank}.txt').read_text().split()
        assert not [n for n in left if re.search('gloo|nccl|tcpstore', n)], left
    kept = torch.load(tmp_path / 'work/iter_7.pth', weights_only=True)['state_dict']
    assert all(torch.equal(kept[k], after[k]) for k in after)
    scores = []
    for name in ('two', 'one'):
        out = tmp_path / name
        options = [
            path, tmp_path / 'work/iter_7.pth', '--work-dir', out,
            '--json', out / 's.json', '--per-image', out / 'images.jsonl',
        ]  # fmt: skip
        if name == 'two':
            call(
                ROOT / 'tools/dist_test.sh', *options[:2], 2, *options[2:], cwd=tmp_path
            )
        elif torch.cuda.is_available():
            call(sys.executable, ROOT / 'tools/test.py', *options, cwd=tmp_path)
        else:  # here, which saves the imports
            monkeypatch.setenv('LOCAL_RANK', '0')
            monkeypatch.setattr('sys.argv', ['test.py', *map(str, options)])
            monkeypatch.syspath_prepend(ROOT / 'tools')
            runpy.run_path(str(ROOT / 'tools/test.py'), run_name='__main__')
        images = [*map(json.loads, (out / 'images.jsonl').read_text().splitlines())]
        assert len(images) == 7 and all(image.pop('date') for image in images)
        scores.append((json.loads((out / 's.json').read_text()), images))
    assert scores[0] == scores[1]
