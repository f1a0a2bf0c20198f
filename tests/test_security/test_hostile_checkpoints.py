"""Pickles and configs in checkpoints that would act when read, before every command.

Each would create one empty file, and nothing else.
"""

import os

import pytest
import torch
from bright_is_forged import CONFIG, write_image
from mmengine.config import Config
from tool_by_path import run_tool

from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.inference.model_from_files import load_model
from mpc_mmseg.apis.release.release_config import scoring_config
from mpc_mmseg.config_text import parse_config
from mpc_mmseg.engine.checkpoints.safe_reading import SafeRunner, read_checkpoint
from mpc_mmseg.engine.checkpoints.stored_config import stored_config
from mpc_mmseg.hashing import file_sha256


class Acts:
    """A pickle that opens a file for writing."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


@pytest.fixture
def touched(tmp_path):
    return tmp_path / 'touched'


@pytest.fixture
def pickled(touched, tmp_path):
    path = tmp_path / 'pickled.pth'
    meta = dict(cfg=CONFIG, iter=1, epoch=0)
    weights = dict(weight=torch.ones(1))
    torch.save(dict(meta=meta, state_dict=weights, message_hub=Acts(touched)), path)
    return path


def refused(capsys, status):
    said = capsys.readouterr().err
    assert status and 'can run code' in said
    assert 'Traceback' not in said


@pytest.mark.parametrize(
    'tool, arguments',
    [
        ('infer.py', ['{image}', '--out', '{out}', '--model', '{file}']),
        (
            'infer.py',
            ['{image}', '--out', '{out}', '--model', '{config}', '--weights', '{file}'],
        ),
        ('case_report.py', ['{image}', '--out', '{out}', '--model', '{file}']),
        ('serve.py', ['--model', '{file}']),
        ('export_onnx.py', ['{config}', '{file}', '--out', '{out}.onnx']),
        ('robustness.py', ['{config}', '{file}', '--out', '{out}']),
        (
            'calibrate.py',
            ['{file}', '--forged', '{dir}', '--authentic', '{dir}', '--out', '{out}'],
        ),
        (
            'publish_model.py',
            ['{file}', '{out}', '--name', 'a', '--terms', 't', '--card', '{card}'],
        ),
    ],
)
def test_a_pickle_runs_in_no_tool(
    tool, arguments, pickled, touched, tmp_path, tiny_config, monkeypatch, capsys
):
    if tool == 'serve.py':
        pytest.importorskip('gradio')
        monkeypatch.setattr('signal.signal', lambda *_: None)
    write_image(tmp_path / 'photos' / 'a.png')
    tiny_config.dump(tmp_path / 'config.py')
    (tmp_path / 'card.md').write_text('# A')
    names = dict(
        card=tmp_path / 'card.md',
        dir=tmp_path / 'photos',
        image=tmp_path / 'photos/a.png',
        out=tmp_path / 'out',
        file=pickled,
        config=tmp_path / 'config.py',
    )
    status = run_tool(monkeypatch, tool, *(a.format(**names) for a in arguments))
    refused(capsys, status)
    assert not touched.exists()


def test_a_pickle_runs_in_no_runner(pickled, touched, tiny_config):
    tiny_config.load_from, tiny_config.resume = str(pickled), True
    runner = SafeRunner.from_cfg(tiny_config)
    for start in (runner.train, runner.load_or_resume, runner.test):
        with pytest.raises(RuntimeError, match='can run code'):
            start()
    tiny_config.load_from, tiny_config.resume = None, False
    tiny_config.model.backbone.init_cfg = dict(
        type='Pretrained', checkpoint=str(pickled)
    )
    with pytest.raises(RuntimeError, match='can run code'):
        SafeRunner.from_cfg(tiny_config).train()
    assert not touched.exists()


@pytest.mark.parametrize('tool', ['train.py', 'test.py'])
def test_the_tools_for_runs_use_that_runner(
    tool, pickled, touched, tmp_path, tiny_config, monkeypatch, capsys
):
    tiny_config.dump(tmp_path / 'config.py')
    monkeypatch.setattr('os.environ', dict(os.environ))
    options = [str(pickled)] if tool == 'test.py' else ['--load-from', str(pickled)]
    with pytest.raises(SystemExit) as ended:
        run_tool(monkeypatch, tool, tmp_path / 'config.py', *options)
    refused(capsys, ended.value.code)
    assert not touched.exists()


def test_an_address_or_another_scheme_is_read_safely(pickled, touched, monkeypatch):
    from mmengine.runner import CheckpointLoader

    from mpc_mmseg.engine.checkpoints.safe_reading import only_safe_loading

    before = dict(CheckpointLoader._schemes)
    with only_safe_loading(), pytest.raises(Exception, match='Weights only load'):
        torch.load(pickled, weights_only=False)  # as load_url calls it
    assert CheckpointLoader._schemes == before and not touched.exists()


def test_resuming_executes_no_config_of_the_checkpoint(tmp_path, tiny_config):
    for key in [k for k in tiny_config if k.startswith(('train_', 'val_', 'optim'))]:
        tiny_config.pop(key)
    runner = SafeRunner.from_cfg(tiny_config)
    # The older key, which Runner.resume executes to compare numbers of GPUs.
    meta = dict(config="open('touched', 'w')", iter=1)
    content = dict(meta=meta, state_dict=runner.model.state_dict())
    torch.save(content, tmp_path / 'a.pth')
    assert runner.load_checkpoint(str(tmp_path / 'a.pth'))['meta'] == {'iter': 1}


def test_a_bomb_is_refused(tmp_path):
    import zipfile

    torch.save(dict(a=torch.zeros(2**20)), tmp_path / 'a.pth')
    with (
        zipfile.ZipFile(tmp_path / 'a.pth') as plain,
        zipfile.ZipFile(tmp_path / 'b.pth', 'w', zipfile.ZIP_DEFLATED) as compressed,
    ):
        for name in plain.namelist():
            compressed.writestr(name, plain.read(name))
    with pytest.raises(RuntimeError, match='compressed, which torch never does'):
        read_checkpoint(tmp_path / 'b.pth')
    nested = [0]
    for _ in range(60):
        nested = [nested, nested]
    torch.save(dict(a=nested), tmp_path / 'c.pth')
    assert len(read_checkpoint(tmp_path / 'c.pth')['a']) == 2


OPEN = "open('touched', 'w')"


@pytest.mark.parametrize(
    'text',
    [
        OPEN,
        f'a = {OPEN}',
        f'a = [x for x in {OPEN}]',
        f'a = dict(b={OPEN})',
        f'a = (lambda: {OPEN})()',
        f'def f(): {OPEN}',
        'import this',
        'from os import system as s',
        'a = "b".join(["c"])',
        'a = f"{open}"',
        'a = dict(**{"b": 1})',
        'a = 2 ** 10_000_000',
        'a = [0] * 10 ** 9',
        'a = b',
        'a: int = 1',
        'a = b = 1',
        'a.b = 1',
        'a = ...',
        "a = b'1'",
        'a = [1]\n' + '\n'.join(f'a = [a, a]  # {i}' for i in range(60)),
        'a = ' + '[' * 150 + ']' * 150 + '(',
        'a = ' + '-' * 100_000 + '1',
        'a = "' + 'x' * 2**21 + '"',
        'a = 1\0',
    ],
)
def test_a_text_that_is_no_data_is_not_executed(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r'the config in f\.pth'):
        parse_config(text, 'f.pth')
    assert not list(tmp_path.iterdir())


def test_data_is_read_as_mmengine_reads_it(tiny_config):
    extra = {'a b': (1, -2.5), 'n': None, 3: [True, ()], 'deep': {'x.y': [{'z': 'ä'}]}}
    tiny_config.merge_from_dict(dict(model=dict(more=extra)))
    for pretty in (tiny_config.pretty_text, Config(dict(a=1, b='x')).pretty_text):
        expected = Config.fromstring(pretty, '.py')
        assert Config(parse_config(pretty, '')).to_dict() == expected.to_dict()
    assert parse_config('"doc"\nx = 1\ny = [x, dict(a=x)]', '')['y'] == [1, {'a': 1}]


HOSTILE = [
    "model['type'] = 'subprocess.Popen'",
    "model['type'] = 'this'",
    "model['type'] = 'mmseg.EncoderDecoder'",
    "model['type'] = 'OnnxSegmentor'",
    "model['type'] = 'ForgeryInferencer'",
    "model['type'] = 'SegTTAModel'",
    "model['type'] = ['EncoderDecoder']",
    "model['type'] = None",
    "model['_scope_'] = 'pip'",
    "model['a'] = dict(type='TIMMBackbone', model_name='x')",
    "model['a'] = dict(type='CrossEntropyLoss', class_weight='http://x/a.pkl')",
    "model['a'] = dict(type='CrossEntropyLoss', class_weight='pkl')",
    "model['a'] = dict(type='ResNet', depth='../../x')",
    "model['a'] = ['C:\\\\x', 'x.npy']",
    "model['a'] = 1e300",
    "model['a'] = 10 ** 9",
    "model['a'] = float('inf')",
    "steps.append(dict(type='LoadBiomedicalData', decode_backend='pickle'))",
    "steps.append(dict(type='LoadImageFromFile', backend_args=dict(backend='s3')))",
    "steps.append(dict(type='LoadForgeryImage', file_client_args=dict(backend='x')))",
    "steps.append(dict(type='Albu', transforms=[dict(type='Compose')]))",
    "steps.append(dict(type='TransformBroadcaster', transforms=[dict(type='this')]))",
    "steps.append(dict(type='pathlib.Path.touch', self='touched'))",
    "cfg['default_scope'] = 'this'",
    "cfg['default_scope'] = 'mmpretrain'",
]


@pytest.mark.parametrize('change', HOSTILE)
def test_a_config_of_unknown_types_or_addresses_is_refused(change, tmp_path):
    cfg = Config.fromstring(CONFIG, '.py').to_dict()
    data = cfg['test_dataloader']['dataset']['datasets'][0]
    names = dict(cfg=cfg, model=cfg['model'], steps=data['pipeline'])
    exec(change, names)  # the test's own text
    meta = dict(cfg=Config(cfg, format_python_code=False).pretty_text)
    with pytest.raises(ValueError, match=r'f\.pth.*--trust-config'):
        stored_config(dict(meta=meta), 'f.pth')


def test_a_base_named_by_its_package_leaves_a_known_scope():
    cfg = Config.fromstring(CONFIG, '.py').to_dict()
    cfg['model']['_scope_'] = 'mpc_mmseg'
    meta = dict(cfg=Config(cfg, format_python_code=False).pretty_text)
    assert stored_config(dict(meta=meta), 'f.pth').model['_scope_'] == 'mpc_mmseg'


def test_what_is_not_built_is_not_imported_either(checkpoint, tmp_path, monkeypatch):
    (tmp_path / 'harmful.py').write_text("open('touched', 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    content = torch.load(checkpoint)
    content['meta']['cfg'] += "\ncustom_imports = dict(imports=['harmful'])"
    torch.save(content, checkpoint)
    load_model(checkpoint, device='cpu')
    assert not (tmp_path / 'touched').exists()
    load_model(checkpoint, device='cpu', trust_config=True)
    assert (tmp_path / 'touched').exists()


def test_scoring_a_checkpoint_builds_nothing_but_model_and_data(tiny_config):
    tiny_config.test_evaluator.results_file = '../planted.json'
    tiny_config.custom_hooks.append(dict(type='this'))
    tiny_config.runner_type = 'this'
    tiny_config.test_dataloader.dataset.ann_file = 'test.txt'
    stored = stored_config(dict(meta=dict(cfg=tiny_config.pretty_text)), 'f.pth')
    cfg = scoring_config(stored)
    assert cfg['model'] == tiny_config.model.to_dict()
    data = cfg['test_dataloader']['dataset']
    assert (data['type'], data['ann_file']) == ('ForgeryDataset', 'test.txt')
    assert data['pipeline'][1]['scale'] == (64, 64)
    assert 'planted' not in str(cfg) and 'this' not in str(cfg)


def test_what_is_hashed_is_what_is_loaded(checkpoint, tmp_path, monkeypatch):
    digest = file_sha256(checkpoint)
    original = torch.load

    def swapped(*args, **kwargs):
        checkpoint.write_bytes(b'another file by now')
        return original(*args, **kwargs)

    monkeypatch.setattr(torch, 'load', swapped)
    model, _ = load_model(checkpoint, device='cpu')
    assert model.weights_sha256 == digest != file_sha256(checkpoint)


ILL_FORMED = {
    'meta': "content['meta'] = [1]",
    'state': "content['state_dict'] = [1]",
    'names': "content['state_dict'] = {1: torch.ones(1)}",
    'no tensor': "content['state_dict']['weight'] = 'x'",
    'reserved': "meta['cfg'] += '\\nfilename = [{}]'",
    'unhashable': "meta['cfg'] += '\\na = {[1]: 2}'",
    'loader': "meta['cfg'] += '\\ntest_dataloader = 5'",
    'dataset': "meta['cfg'] += '\\ntest_dataloader = dict(dataset=dict(dataset=5))'",
    'step': "meta['cfg'] += f'\\ntest_dataloader = dict(pipeline=[{LOAD}, {HEAD}])'",
    'size': "meta['cfg'] += f'\\ntest_dataloader = dict(pipeline=[{LOAD}, {CROP}])'",
    'calibration': "meta['image_calibration'] = {**CALIBRATION, 'slope': 'x'}",
    'infinite': "meta['image_calibration'] = {**CALIBRATION, 'slope': 1e999}",
    'summary': "meta['image_calibration'] = {**CALIBRATION, 'summary': 'x'}",
    'files': "meta['image_calibration'] = {**CALIBRATION, 'files': dict(formats=1)}",
    'settings': "meta['image_calibration'] = {**CALIBRATION, 'settings': 5}",
    'phase': "meta['mpc_phase'] = [1]",
}
LOAD, HEAD = dict(type='LoadForgeryImage'), dict(type='FCNHead')
CROP = dict(type='CenterCrop', size=1)
NUMBERS = (
    'slope bias authentic_below forged_above rate n_fit_authentic n_fit_forged '
    'n_authentic n_forged false_alarms missed auc error'
)
CALIBRATION = dict.fromkeys(NUMBERS.split(), 0)
CALIBRATION |= dict(version=2, summary='max', settings={})
CALIBRATION |= dict(files=dict(formats=['PNG'], pixels=[1, 2], qualities=[]))


@pytest.mark.parametrize('kind', ILL_FORMED)
def test_content_of_another_form_is_an_error_with_a_reason(kind, checkpoint):
    content = torch.load(checkpoint)
    names = dict(globals(), content=content, meta=content['meta'])
    exec(ILL_FORMED[kind], names)  # the test's own text
    torch.save(content, checkpoint)
    try:
        inferencer = ForgeryInferencer(checkpoint, device='cpu')
    except (ValueError, RuntimeError) as error:
        assert str(error)
    else:
        assert kind in ('reserved', 'phase') and inferencer.calibration is None


def test_a_checkpoint_that_is_longer_than_any_is_not_read(tmp_path):
    with open(tmp_path / 'a.pth', 'wb') as file:
        file.truncate(40 * 2**30)
    with pytest.raises(OSError, match='more than'):
        read_checkpoint(tmp_path / 'a.pth')
