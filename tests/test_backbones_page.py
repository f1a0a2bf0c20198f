"""The example of docs/backbones.md works as it stands there."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mpc_mmseg.engine.launch import load_config

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / 'docs/backbones.md').read_text()
#: In place of Swin-T, which takes a second to build.
BACKBONE = dict(type='ResNetV1c', depth=18, base_channels=16, stem_channels=16)


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The page's package and config, written where it says; their folder."""
    section = PAGE.split('## A backbone of your own')[1].split('\n## ')[0]
    blocks = re.findall(r'```python\n(.*?)```', section, re.DOTALL)
    package, config, look = blocks
    for name, text in (
        ('my_forensics/__init__.py', ''),
        ('my_forensics/backbone.py', package),
        ('configs/mine/residual_noise.py', config),
        ('look.py', look),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for folder in ('_base_', 'hrnet'):
        shutil.copytree(ROOT / 'configs' / folder, tmp_path / 'configs' / folder)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ('my_forensics.backbone', 'my_forensics'):
        sys.modules.pop(name, None)
    MODELS.module_dict.pop('ResidualNoiseNet', None)


def test_a_backbone_of_ones_own_trains_both_phases(example, tiny_config, capsys):
    exec(compile((example / 'look.py').read_text(), 'look.py', 'exec'), {})
    shapes = '[(2, 16, 64, 64), (2, 32, 32, 32), (2, 64, 16, 16)]'
    assert capsys.readouterr().out.strip() == shapes
    cfg = Config.fromfile('configs/mine/residual_noise.py')
    tiny_config.model = cfg.model
    tiny_config.custom_imports = cfg.custom_imports
    tiny_config.contrast_phase.max_iters = tiny_config.localize_phase.max_iters = 1
    runner = Runner.from_cfg(Config(tiny_config.to_dict(), format_python_code=False))
    runner.train()
    assert runner.model.phase == 'localize'
    state = torch.load(f'{runner.work_dir}/iter_2.pth', weights_only=True)
    assert 'my_forensics.backbone' in state['meta']['cfg']


def test_the_leaf_with_another_head_builds(tmp_path):
    section = PAGE.split('## Another head')[1].split('\n## ')[0]
    leaf, part = re.findall(r'```python\n(.*?)```', section, re.DOTALL)
    file = tmp_path / 'configs/mine/head.py'
    shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    file.parent.mkdir()
    file.write_text(leaf)
    cfg = load_config(str(file))
    assert (cfg.phases, cfg.model.phase) == (['localize'], 'localize')
    names = {}
    exec(part, names)
    for head in (cfg.model.decode_head, names['decode_head']):
        head = {k: v for k, v in head.items() if k != '_delete_'}
        model = MODELS.build(dict(cfg.model, decode_head=head, backbone=BACKBONE))
        assert model.decode_head.__class__.__name__ == head['type']


def test_every_config_on_the_page_is_there():
    names = re.findall(r'configs/\w+/mpc_[\w-]+\.py', PAGE)
    assert names and all((ROOT / name).is_file() for name in names), names
    named = re.findall(r'^\| `(mpc_\w+)`((?:, `\w+`)*)', PAGE, re.MULTILINE)
    models = {first for first, _ in named}
    for first, others in named:
        family = first.rsplit('_', 1)[0]
        models |= {f'{family}_{x}' for x in re.findall(r'`(\w+)`', others)}
    files = ROOT.glob('configs/_base_/models/mpc_*.py')
    there = {p.stem for p in files if 'backbone=' in p.read_text()}
    assert models == there
