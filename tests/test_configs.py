"""Every config builds, and what it says holds together."""

import warnings
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.engine.launch import load_config, set_data_root
from mpc_mmseg.engine.phases import read_phases

ROOT = Path(__file__).parents[1] / 'configs'
PLAIN = str(ROOT / 'mpc/mpc_hrnet-w18s_1xb8-2phase_folders-256x256.py')
LEAVES = sorted(ROOT.glob('mpc/*.py'))


def every_leaf(test):
    leaves = [
        pytest.param(
            path,
            id=path.stem,
            marks=[pytest.mark.mmpretrain] * ('mmpretrain' in path.read_text()),
        )
        for path in LEAVES
    ]
    return pytest.mark.parametrize('path', leaves)(test)


@every_leaf
def test_config_builds_and_runs(path):
    cfg = load_config(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)  # no user can mend a network
        model = MODELS.build(cfg.model).eval()
    with torch.no_grad():
        logits = model._forward(torch.rand(1, 3, 64, 64))
    # a view of one vector a block is half the photograph's size
    side = 8 if '-blocks' in path.stem else 16
    assert logits.shape == (1, 1, side, side)
    phases = [p.name for p in read_phases(cfg)]
    kind = path.stem.split('_')[2].split('-', 1)[1]
    assert phases == dict(
        contrast=['contrast'], localize=['localize'], supervised=['supervised']
    ).get(kind, ['contrast', 'localize'])
    assert cfg.model.phase == phases[0]
    assert len(path.read_text().splitlines()) <= 40


@every_leaf
def test_twins_say_what_the_single_run_says(path):
    if '2phase' not in path.stem:
        return
    whole = Config.fromfile(path)
    for phase in ('contrast', 'localize'):
        twin = Config.fromfile(path.with_name(path.name.replace('2phase', phase)))
        assert twin[f'{phase}_phase'] == whole[f'{phase}_phase']
        for key in ('train_dataloader', 'test_dataloader', 'optim_wrapper'):
            assert twin[key] == whole[key]
        assert {**twin.model, 'phase': None} == {**whole.model, 'phase': None}


@every_leaf
def test_no_helper_variable_is_left_to_override_in_vain(path):
    known = {
        'allow_selection_on_test', 'contrast_phase', 'custom_hooks',
        'custom_imports', 'default_hooks',
        'default_scope', 'env_cfg', 'load_from', 'localize_phase', 'log_level',
        'log_processor', 'model', 'optim_wrapper', 'randomness', 'resume',
        'supervised_phase', 'sync_bn', 'test_cfg', 'test_dataloader',
        'test_evaluator', 'train_cfg', 'train_dataloader', 'val_cfg',
        'val_dataloader', 'val_evaluator', 'visualizer',
    }  # fmt: skip
    assert set(Config.fromfile(path).keys()) <= known


@every_leaf
def test_no_config_but_the_demo_selects_on_what_it_tests(path):
    cfg = load_config(str(path))
    assert cfg.allow_selection_on_test is ('demo' in path.stem)
    lists = [
        {
            (each.get('data_root'), each.get('ann_file'))
            for each in innermost_datasets(cfg[f'{side}_dataloader'].dataset)
        }
        for side in ('train', 'val', 'test')
    ]
    if not cfg.allow_selection_on_test:
        assert sum(map(len, lists)) == len(set.union(*lists))


def test_widths_follow_mmsegs_variants():
    for name, width in (('w18', 18), ('w32', 32), ('w48', 48)):
        model = Config.fromfile(ROOT / f'_base_/models/mpc_hrnet_{name}.py').model
        channels = [width * 2**i for i in range(4)]
        assert list(model.backbone.extra.stage4.num_channels) == channels
        assert model.neck.in_channels == channels
        assert name in model.backbone.init_cfg.checkpoint
        model.backbone.init_cfg = None
        MODELS.build(model)


def test_overrides_reach_what_depends_on_them():
    cfg = load_config(
        PLAIN,
        ['contrast_phase.max_iters=700', 'optim_wrapper.clip_grad.max_norm=1'],
        data_root='elsewhere',
    )
    contrast, localize = read_phases(cfg)
    assert (contrast.end, localize.begin) == (700, 700)
    assert localize.optim_wrapper['clip_grad'] == dict(max_norm=1)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == 'elsewhere'


def test_data_root_reaches_mixtures():
    inner = dict(type='ForgeryDataset', data_root='a')
    mixture = dict(
        type='ConcatDataset',
        datasets=[inner, dict(type='RepeatDataset', times=2, dataset=dict(inner))],
    )
    cfg = Config(dict(train_dataloader=dict(dataset=mixture)))
    set_data_root(cfg, 'b')
    first, second = cfg.train_dataloader.dataset.datasets
    assert first.data_root == second.dataset.data_root == 'b'


def test_one_data_root_for_a_mixture_of_several_is_refused():
    path = str(ROOT / 'mpc/mpc_hrnet-w48_1xb4-2phase_medium-512x512.py')
    with pytest.raises(ValueError, match=r'--data-root .*data/tampcoco') as raised:
        load_config(path, data_root='elsewhere')
    # What the message says to do works.
    option = 'train_dataloader.dataset.datasets.1.dataset.data_root'
    assert f'{option}=DIR' in str(raised.value)
    cfg = load_config(path, [f'{option}=mine'])
    roots = [
        each.data_root for each in innermost_datasets(cfg.train_dataloader.dataset)
    ]
    assert roots == ['data/tampcoco', 'mine', 'data/imd2020']


def test_an_epoch_of_the_medium_list_is_the_papers(tmp_path, monkeypatch):
    parts = {'tampcoco': 199_999 + 199_429 + 199_443, 'casia_v2': 5123, 'imd2020': 2010}
    for name, count in parts.items():
        (tmp_path / 'data' / name).mkdir(parents=True)
        lines = [f'{i}.jpg\t{i}.png\n' for i in range(count)]
        (tmp_path / f'data/{name}/{name}.txt').write_text(''.join(lines))
    monkeypatch.chdir(tmp_path)
    dataset = Config.fromfile(ROOT / '_base_/datasets/medium_512x512.py')[
        'train_dataloader'
    ]['dataset']
    for config in innermost_datasets(dataset):
        config.update(check='none', pipeline=[], serialize_data=False)
    assert len(DATASETS.build(dataset)) == 843_991


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('image_size=128', "no 'image_size'"),
        ('contrast_phase.max_iters', 'KEY=VALUE'),
        ('contrast_phase.max_iters=0', 'positive'),
    ],
)
def test_bad_overrides_are_named(option, message):
    with pytest.raises(ValueError, match=message):
        load_config(PLAIN, [option])


def test_the_released_set_up_and_the_mended_one():
    name = 'mpc_hrformer-base_1xb4-2phase_{}-512x512.py'
    released = Config.fromfile(ROOT / 'mpc' / name.format('released'))
    mended = Config.fromfile(ROOT / 'mpc' / name.format('folders'))
    # CASIAv2's 5,123 forged pictures in batches of four
    contrast, localize = read_phases(released, epoch_iters=1281)
    assert contrast.val_interval == localize.val_interval == 13
    rates = [p.optim_wrapper['optimizer']['lr'] for p in (contrast, localize)]
    assert rates == [1e-4, 1e-6]
    (plateau,), (cosine,) = contrast.param_scheduler, localize.param_scheduler
    assert (plateau['factor'], plateau['patience'], plateau['min_value']) == (
        0.5, 3, 1e-8,
    )  # fmt: skip
    assert (cosine['T_max'], cosine['eta_min']) == (20 * 13, 1e-8)
    assert released.train_dataloader.batch_size == 4
    assert released.model.frozen_eval is False
    assert mended.model.get('frozen_eval', True) is True
    for cfg, positives in ((released, 'own'), (mended, 'other')):
        _, *views = cfg.model.contrast_loss.views
        assert [view.positives for view in views] == [positives] * 2
        assert cfg.model.decode_head.loss_decode.type == 'ForgeryFocalLoss'
