import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from released_names import model_cfg, released

from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.inference.model_from_files import load_model
from mpc_mmseg.apis.release.mpc_release import (
    build,
    convert_release,
    read_release,
    write_checkpoint,
)

ROOT = Path(__file__).parents[3]
TOOL = ROOT / 'tools/model_converters/mpc_release.py'


@pytest.fixture
def model():
    torch.manual_seed(1)
    model = MODELS.build(model_cfg())
    for buffer in model.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    return model


def bare(weights, *left_out):
    return {
        n.removeprefix('encoder.'): v
        for n, v in weights.items()
        if not n.removeprefix('encoder.').startswith(('decoder.', *left_out))
    }


def save(content, path):
    torch.save(content, path)
    return path


def test_a_phase_2_file_comes_back_as_the_model(model, tmp_path):
    path = save(released(model), tmp_path / 'released.pth')
    state, cfg, lacks = convert_release(read_release(path), 'released')
    assert lacks == [] and cfg['model']['phase'] == 'localize'
    assert state.keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(state[name], value), name
    assert cfg['model']['backbone']['extra'] == model_cfg()['backbone']['extra']
    assert cfg['model']['decode_head']['hidden_channels'] == (16, 8)


@pytest.mark.parametrize(
    ('content', 'lacks'),
    [
        (lambda w: bare(w), ['decode_head']),
        (lambda w: {f'module.{n}': v for n, v in bare(w).items()}, ['decode_head']),
        (
            lambda w: {
                'epoch': 3,
                'model': {
                    **bare(w, 'convs.'),
                    'incre_modules.0.0.conv1.weight': torch.ones(1),
                    'classifier.bias': torch.ones(1000),
                },
            },
            ['neck', 'decode_head'],
        ),
    ],
    ids=['phase 1', 'phase 1 of DDP', 'ImageNet'],
)
def test_what_a_file_lacks_is_named_and_repeatable(model, tmp_path, content, lacks):
    path = save(content(released(model)), tmp_path / 'released.pth')
    state, cfg, found = convert_release(read_release(path), 'released')
    assert found == lacks and cfg['model']['phase'] == 'contrast'
    again, _, _ = convert_release(read_release(path), 'released')
    for name, value in state.items():
        assert torch.equal(value, again[name])
        if not name.startswith(tuple(lacks)):
            assert torch.equal(value, model.state_dict()[name])


def test_batch_norms_may_come_without_their_count(model):
    weights = {n: v for n, v in released(model).items() if 'num_batches' not in n}
    state, _, _ = convert_release(read_bare(weights), 'released')
    assert state['backbone.bn1.num_batches_tracked'].item() == 0


def read_bare(weights):
    return {n.removeprefix('encoder.'): v for n, v in weights.items()}


BLOCK = 'stage2.0.branches.1.0.'


@pytest.mark.parametrize(
    ('change', 'error'),
    [
        (lambda w: w.update(extra_scale=torch.ones(1)), 'extra_scale'),
        (lambda w: w.pop(f'{BLOCK}mlp.fc2.bias'), f'{BLOCK}ffn.reduce.bias'),
        (lambda w: w.pop(f'{BLOCK}attn.attn.v_proj.bias'), 'v_proj.bias'),
        (lambda w: w.pop(f'{BLOCK}attn.attn.q_proj.bias'), 'k_proj.bias'),
        (lambda w: w.pop('conv1.weight'), 'conv1.weight'),
        (lambda w: w.pop('decoder.classifier.8.bias'), 'conv_seg.bias'),
        (
            lambda w: w.update({f'{BLOCK}mlp.fc2.bias': torch.ones(3)}),
            r'reduce\.bias \(3,\) instead of \(8,\)',
        ),
        (
            lambda w: w[f'{BLOCK}attn.attn.relative_position_index'].add_(1),
            'relative_position_index',
        ),
        (lambda w: w.clear(), 'conv1.weight|not a released|has no'),
    ],
)
def test_what_does_not_fit_is_named(model, change, error):
    weights = read_bare(released(model))
    change(weights)
    with pytest.raises((ValueError, RuntimeError), match=f'(?s)some.pth.*(?:{error})'):
        convert_release(weights, 'some.pth')


def test_what_is_no_release_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"unexpected\.pth is not a released.*'epoch'"):
        read_release(save({'epoch': 3}, tmp_path / 'unexpected.pth'))
    with pytest.raises(RuntimeError, match=r'code\.pth.*Python objects'):
        read_release(save({'model': Path('x')}, tmp_path / 'code.pth'))
    with pytest.raises(FileNotFoundError, match=r'absent\.pth'):
        read_release(tmp_path / 'absent.pth')


def test_two_commands(model, tmp_path, forgery_folder):
    source = save(released(model), tmp_path / 'released.pth')
    out = tmp_path / 'new/here.pth'
    run([TOOL, source, out])
    scores = tmp_path / 'scores.json'
    run(
        [
            ROOT / 'tools/test.py',
            out.with_suffix('.py'),
            out,
            '--data-root',
            forgery_folder,
            '--work-dir',
            tmp_path / 'work',
            '--json',
            scores,
            '--cfg-options',
            'test_dataloader.num_workers=0',
        ]
    )
    assert any(name.endswith('F1') for name in json.loads(scores.read_text()))
    inferencer = ForgeryInferencer(out, device='cpu')
    [prediction, *_] = inferencer(forgery_folder / 'images')
    assert prediction.error is None and inferencer.model.phase == 'localize'
    assert not list(out.parent.glob('*.part'))


def run(command):
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_file_without_head_predicts_by_clustering(model, tmp_path, forgery_folder):
    state, cfg, lacks = convert_release(bare(released(model)), 'released')
    write_checkpoint(state, cfg, lacks, tmp_path / 'one.pth')
    loaded, _ = load_model(tmp_path / 'one.pth', device='cpu')
    assert loaded.phase == 'contrast'
    meta = torch.load(tmp_path / 'one.pth', weights_only=True)['meta']
    assert meta['mpc_lacks'] == ['decode_head']
    assert Config.fromfile(tmp_path / 'one.py').pretty_text == meta['cfg']
    with pytest.raises(ValueError, match=r'\.pth'):
        write_checkpoint(state, cfg, lacks, tmp_path / 'two.py')


def test_random_parts_do_not_disturb_the_random_state():
    before = torch.get_rng_state()
    build(model_cfg())
    assert torch.equal(torch.get_rng_state(), before)
