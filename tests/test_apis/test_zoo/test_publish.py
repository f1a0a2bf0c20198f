"""What is published of a run, and that it is the model that the run made."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from bright_is_forged import write_image
from mmseg.registry import MODELS
from tool_by_path import TOOLS, run_tool

from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.zoo import publish as module
from mpc_mmseg.apis.zoo.publish import publish
from mpc_mmseg.apis.zoo.publish_checks import check_card
from mpc_mmseg.datasets.lists.list_file import ListHeader, write_list
from mpc_mmseg.hashing import file_sha256

ROOT = Path(__file__).parents[3]
RUN = 'mpc_lite0_1xb8_native-256x256'
SAID = dict(name='tiny', terms='for tests', date='20260131')


@pytest.fixture
def run(tiny_config, tmp_path, forgery_folder):
    """The last checkpoint of a run with averaged weights, and where it lies."""
    tiny_config.model.phase = 'localize'
    header = ListHeader('protocol-a', '1')
    write_list(forgery_folder / 'val.txt', [('images/0.png', None)], header=header)
    tiny_config.val_dataloader.dataset.ann_file = 'val.txt'
    tiny_config.load_from = '/home/somebody/contrast_end.pth'
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        model = MODELS.build(tiny_config.model)
        # A random network's map is flat.
        torch.nn.init.normal_(model.decode_head.conv_seg.weight, std=5.0)
        states.append(model.state_dict())
    path = tmp_path / 'work' / 'iter_7.pth'
    path.parent.mkdir()
    raw = {f'module.{key}': value for key, value in states[1].items()}
    torch.save(
        {
            'meta': {
                'cfg': tiny_config.pretty_text,
                'experiment_name': f'{RUN}_20260130_101010',
                'mpc_phase': 'localize',
                'iter': 7,
            },
            'state_dict': states[0],
            'ema_state_dict': {**raw, 'steps': torch.tensor(7)},
            'optimizer': {'state': {0: torch.zeros(10)}},
            'message_hub': {'log_scalars': {}},
        },
        path,
    )
    return path, states


@pytest.fixture
def card(tmp_path):
    path = tmp_path / 'card.md'
    path.write_text('# Tiny\n')
    return path


def origin_of(checkpoint, **changes):
    return {
        'checkpoint': 'iter_7.pth',
        'weights_sha256': file_sha256(checkpoint),
        'config_differences': {},
        **changes,
    }


def map_of(image, *model):
    return ForgeryInferencer(*model, device='cpu').predict(image).prob


@pytest.mark.parametrize('kind', ['ema', 'raw'])
def test_the_weights_that_validations_scored(kind, run, card, tmp_path):
    source, states = run
    image = write_image(tmp_path / 'a.png')
    if kind == 'raw':
        content = torch.load(source)
        del content['ema_state_dict']
        torch.save(content, source)
    entry = publish(source, tmp_path / 'zoo', card=card, **SAID)
    content = torch.load(tmp_path / 'zoo' / entry.file, weights_only=True)
    assert content.keys() == {'meta', 'state_dict'}
    assert content['meta']['weights'] == kind
    assert content['state_dict'].keys() == states[0].keys()
    assert all(torch.equal(content['state_dict'][k], v) for k, v in states[0].items())
    assert entry.file == f'tiny_20260131-{entry.sha256[:8]}.pth'
    assert entry.config == RUN
    prob = map_of(image, tmp_path / 'zoo' / entry.file)
    assert prob.std() > 0 and np.array_equal(prob, map_of(image, source))


def test_half_the_size_and_almost_the_same_map(run, card, tmp_path):
    source, _ = run
    image = write_image(tmp_path / 'a.png')
    whole, half = (
        publish(source, tmp_path / 'zoo', card=card, half=half, **SAID)
        for half in (False, True)
    )
    assert half.size < 0.7 * whole.size
    maps = [map_of(image, tmp_path / 'zoo' / e.file) for e in (whole, half)]
    assert 0 < np.abs(maps[0] - maps[1]).max() < 0.02
    content = torch.load(source)
    name = next(iter(content['state_dict']))
    content['state_dict'][name] = content['state_dict'][name] + 1e5
    torch.save(content, source)
    with pytest.raises(ValueError, match=f'{name} has values beyond float16'):
        publish(source, tmp_path / 'zoo', card=card, half=True, **SAID)


def test_where_it_comes_from_is_kept_and_the_machine_is_not(run, card, tmp_path):
    results = tmp_path / 'results.json'
    score = {'value': 0.51234, 'low': 0.4, 'high': 0.6, 'n': 8}
    results.write_text(
        json.dumps(
            {
                'format': 'mpc_mmseg.results',
                'version': 1,
                'list_hash': 'ab',
                'origin': origin_of(run[0]),
                'conventions': {'mpc': 'text', 'focal': 'text', 'native': 'text'},
                'images': [],
                'datasets': {
                    'made': {
                        'n_images': 8,
                        'n_forged': 4,
                        'list_hash': 'cd',
                        'scores': {
                            'mpc.F1': score,
                            'focal.F1': score,
                            'native.F1': score,
                        },
                    },
                    'authentic': {
                        'n_images': 3,
                        'n_forged': 0,
                        'list_hash': 'ef',
                        'scores': {'native.area': score, 'focal.F1': score},
                    },
                },
            }
        )
    )
    zoo = tmp_path / 'zoo'
    entry = publish(run[0], zoo, card=card, results=results, **SAID)
    meta = torch.load(zoo / entry.file, weights_only=True)['meta']
    [val] = meta['protocols']['val']
    assert (val['name'], val['list'], len(val['sha256'])) == (
        'protocol-a',
        'val.txt',
        64,
    )
    assert meta['metrics'] == entry.metrics and meta['mpc_phase'] == 'localize'
    kept = {'value': 0.51234, 'low': 0.4, 'high': 0.6}
    assert entry.metrics['made']['scores'] == {'mpc.F1': kept}
    assert entry.metrics['authentic']['scores'] == {'native.area': kept}
    assert meta['versions']['torch'] == torch.__version__
    assert str(tmp_path) not in str(meta) and 'somebody' not in str(meta)
    [model] = yaml.safe_load((zoo / 'tiny.yml').read_text())['Models']
    assert model['Metadata']['SHA256'] == entry.sha256
    assert model['Metadata']['Scored'] == origin_of(run[0])
    assert model['Config'] == f'configs/efficientnet_lite/{RUN}.py'
    assert model['Weights'] == f'zoo/{entry.file}' and model['README'] == 'tiny.md'
    assert model['Results'][0]['Metrics'] == {'mpc.F1': 0.5123}
    assert (zoo / 'tiny.md').read_text() == '# Tiny\n'


def test_what_fails_leaves_the_index_as_it_was(run, card, tmp_path, monkeypatch):
    zoo = tmp_path / 'zoo'
    publish(run[0], zoo, card=card, **SAID)
    before = (zoo / 'index.json').read_bytes()
    with pytest.raises(FileNotFoundError, match=r'no card .*absent\.md'):
        publish(run[0], zoo, card='absent.md', **SAID)

    def dies(path, text):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, 'write_atomic', dies)
    with pytest.raises(KeyboardInterrupt):
        publish(run[0], zoo, card=card, **SAID)
    assert (zoo / 'index.json').read_bytes() == before


def test_from_a_run_to_a_map_by_name(
    checkpoint, config, card, tmp_path, monkeypatch, capsys
):
    zoo, out = tmp_path / 'zoo', tmp_path / 'out'
    args = (checkpoint, zoo, '--name', 'bright', '--card', card, '--terms', 'none')
    assert run_tool(monkeypatch, 'publish_model.py', *args) == 2
    assert 'does not contain the name of its config' in capsys.readouterr().err
    assert run_tool(monkeypatch, 'publish_model.py', *args, '--config', 'absent') == 2
    assert 'no config of that name' in capsys.readouterr().err
    config = config.rename(config.with_name('bright_config.py'))
    args = (*args, '--config', config)
    assert run_tool(monkeypatch, 'publish_model.py', *args) == 0
    monkeypatch.setenv('MPC_ZOO', str(zoo))
    write_image(tmp_path / 'a.png')
    infer = (tmp_path / 'a.png', '--out', out, '--device', 'cpu', '--model')
    assert run_tool(monkeypatch, 'infer.py', *infer, 'bright') == 0
    assert (out / 'a_mask.png').is_file()
    assert run_tool(monkeypatch, 'zoo.py', 'list') == 0
    assert 'bright_config' in capsys.readouterr().out
    assert run_tool(monkeypatch, 'zoo.py', 'pin') == 0
    pinned = capsys.readouterr().out.strip()
    assert run_tool(monkeypatch, 'zoo.py', 'verify', '--zoo', pinned) == 0
    [weights] = zoo.glob('*.pth')
    weights.write_bytes(weights.read_bytes()[:-1])
    assert run_tool(monkeypatch, 'zoo.py', 'verify') == 1
    assert run_tool(monkeypatch, 'infer.py', *infer, 'bright') == 2
    assert run_tool(monkeypatch, 'infer.py', *infer, 'brigth') == 2
    shown = capsys.readouterr().err
    assert 'altered, and is not used' in shown and 'did you mean bright' in shown


def test_a_test_takes_a_name(run, card, tmp_path, monkeypatch, tiny_config):
    entry = publish(run[0], tmp_path / 'zoo', card=card, **SAID)
    monkeypatch.setenv('MPC_ZOO', str(tmp_path / 'zoo'))
    tiny_config.dump(tmp_path / 'tiny.py')
    tested = []

    class Runner:
        @staticmethod
        def from_cfg(cfg):
            tested.append(cfg.load_from)
            return Runner

        test = load_or_resume = staticmethod(dict)

    monkeypatch.syspath_prepend(TOOLS)
    monkeypatch.setattr('quiet_runner.QuietRunner', Runner)
    run_tool(monkeypatch, 'test.py', tmp_path / 'tiny.py', 'tiny')
    assert tested == [str(tmp_path / 'zoo' / entry.file)]


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'weights_sha256': '0' * 64}, 'scores are of other weights, iter_7'),
        (
            {'config_differences': {'test_pipeline.1.scale': ['[64, 64]', '[8, 8]']}},
            r'another config .*, in test_pipeline\.1\.scale',
        ),
        (None, 'do not state which weights'),
    ],
)
def test_scores_are_those_of_what_is_published(changes, problem, run, card, tmp_path):
    results = tmp_path / 'results.json'
    content = {
        'format': 'mpc_mmseg.results', 'version': 1, 'list_hash': 'ab',
        'conventions': {}, 'images': [], 'datasets': {},
    }  # fmt: skip
    if changes is not None:
        content['origin'] = origin_of(run[0], **changes)
    results.write_text(json.dumps(content))
    zoo = tmp_path / 'zoo'
    with pytest.raises(ValueError, match=problem):
        publish(run[0], zoo, card=card, results=results, **SAID)
    assert not zoo.exists()


TEMPLATE = (ROOT / 'zoo/template/card.md').read_text()


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        (TEMPLATE, "template: '# NAME'"),
        (TEMPLATE.replace('# NAME', '# Tiny'), "template: '<!-- Fill in"),
        ('# Tiny\n\n## Terms\n\nWho may use it for what. The terms of the\ntraining '
         'data may bind the weights, too.\n', 'Who may use it for what'),
        ('# Tiny\n\n## Terms\n\n## Scores\n\nunknown\n', "'Terms' is empty"),
        ('# Tiny\n\n## Terms\n', "'Terms' is empty"),
    ],
)  # fmt: skip
def test_a_card_is_filled_in(text, problem, run, tmp_path):
    (tmp_path / 'card.md').write_text(text)
    with pytest.raises(ValueError, match=problem):
        publish(run[0], tmp_path / 'z', card=tmp_path / 'card.md', **SAID)


@pytest.mark.parametrize('card', sorted((ROOT / 'zoo').glob('*.md')))
def test_the_cards_of_the_zoo_are_filled_in(card):
    if card.name != 'README.md':
        check_card(card)
