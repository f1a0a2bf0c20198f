"""model-index.yml, as OpenMMLab's tools read it."""

import ast
import functools
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config
from mmseg.registry import MODELS

from mpc_mmseg.apis.inference.model_from_files import find_config
from mpc_mmseg.apis.zoo.zoo import parse_index

ROOT = Path(__file__).parents[1]
PARTS = ('backbone', 'neck', 'decode_head')


def models() -> list[dict]:
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    files = [file for pattern in index['Import'] for file in sorted(ROOT.glob(pattern))]
    return [
        model
        for file in files
        for model in yaml.safe_load(file.read_text()).get('Models', [])
    ]


def test_the_fields_own_parser_reads_it():
    library = pytest.importorskip('modelindex.load_model_index')
    index = library.load(str(ROOT / 'model-index.yml'))
    index.build_models_with_collections()
    assert index.check(silent=True) == []
    names = ['DeepLabV3+', 'MPC', 'SegFormer', 'UPerNet']
    assert sorted(c.name for c in index.collections) == names
    assert [m.name for m in index.models] == [m['Name'] for m in models()]
    for model in index.models:
        assert model.full_model.paper, f'{model.name} is in no collection'
        for result in model.results or ():
            assert result.metrics and result.task == 'Image Forgery Localization'


@functools.cache
def _parameters(part: str) -> int:
    built = MODELS.build(ast.literal_eval(part))
    return sum(p.numel() for p in built.parameters())


@pytest.mark.parametrize('model', models(), ids=lambda m: m['Name'])
def test_what_a_model_says_holds(model):
    is_baseline = 'configs/baselines/' in model['Config']
    assert (model['In Collection'] == 'MPC') is not is_baseline
    cfg = Config.fromfile(ROOT / model['Config'], import_custom_modules=False)
    parts = [cfg.model[part] for part in PARTS if part in cfg.model]
    if 'mmpretrain.models' not in cfg.custom_imports.imports:
        count = sum(_parameters(str(p)) for p in parts)
        assert model['Metadata']['Parameters'] == count
    if batch := model['Metadata'].get('Batch Size'):
        assert batch == cfg.train_dataloader.batch_size
    if weights := model.get('Weights'):
        assert '://' in weights or (ROOT / weights).is_file()


def test_every_config_is_in_its_familys_metafile():
    leaves = sorted(ROOT.glob('configs/[!_]*/*.py'))
    named = {model['Config']: model for model in models() if 'Weights' not in model}
    assert sorted(named) == [str(leaf.relative_to(ROOT)) for leaf in leaves]
    for leaf in leaves:
        model = named[str(leaf.relative_to(ROOT))]
        assert model['Name'] == leaf.stem
        height, width = Config.fromfile(leaf, import_custom_modules=False).image_size
        assert model['Metadata']['Input Size'] == f'{height}x{width}'
        assert leaf.stem in (leaf.parent / 'README.md').read_text()


def test_models_are_named_once_and_published_ones_are_in_the_index():
    names = [model['Name'] for model in models()]
    assert len(set(names)) == len(names) > 0
    index = ROOT / 'zoo/index.json'
    published = parse_index(index.read_bytes(), str(index))
    weights = {m['Name']: m['Weights'] for m in models() if 'Weights' in m}
    assert weights.keys() == published.keys()
    for name, entry in published.items():
        assert weights[name].endswith(f'/{entry.file}')
        assert (ROOT / 'zoo' / entry.card).is_file()
        assert find_config(entry.config).is_file()


def test_a_wheel_has_commands_configs_and_models(tmp_path, monkeypatch):
    pytest.importorskip('setuptools')
    done = subprocess.run(
        [
            sys.executable, 'setup.py', '-q', 'egg_info', '--egg-base', tmp_path,
            'build_py', '--build-lib', tmp_path / 'lib',
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lib = tmp_path / 'lib'
    inside = lib / 'mpc_mmseg/.mim'
    # MMEngine reads each file that the index names, and its models.
    index = yaml.safe_load((inside / 'model-index.yml').read_text())
    for file in index['Import']:
        assert yaml.safe_load((inside / file).read_text())['Models']
    for model in models():
        assert (inside / model['Config']).is_file()
    zoo = inside / 'zoo'
    for entry in parse_index((zoo / 'index.json').read_bytes(), str(zoo)).values():
        assert (zoo / entry.file).stat().st_size == entry.size
    commands = runpy.run_path(str(lib / 'mpcseg/__main__.py'))['FILES'].values()
    assert all((lib / 'mpcseg' / file).is_file() for file in commands if file)
    pages = Path('mpc_mmseg/visualization/templates')
    written = {path.name for path in (ROOT / pages).iterdir()}
    assert written == {path.name for path in (lib / pages).iterdir()}
    assert not list(lib.rglob('.mim/**/__pycache__'))
    # As installed: a config builds on one of the wheel by its name.
    name = 'hrnet/mpc_hrnet-w18s_1xb8_folders-256x256.py'
    (tmp_path / 'own.py').write_text(f"_base_ = 'mpc_mmseg::{name}'\nseed = 1\n")
    monkeypatch.setattr(
        'mmengine.config.config.get_installed_path', lambda _: str(lib / 'mpc_mmseg')
    )
    own = Config.fromfile(tmp_path / 'own.py')
    assert own.seed == 1
    expected = Config.fromfile(ROOT / 'configs' / name)
    assert MODELS.build(own.model).decode_head.num_classes == 2
    # MMEngine gives the parts of such a base the scope of its package.
    scope = "'_scope_': 'mpc_mmseg'"
    assert scope in str(own.model)
    for part in ('model', 'test_dataloader', 'default_hooks', 'contrast_phase'):
        text = str(own[part].to_dict()).replace(f', {scope}', '')
        assert text == str(expected[part].to_dict())
