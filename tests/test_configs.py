"""Every config builds, and its parts fit together."""

import ast
import re
import shutil
import warnings
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, MODELS
from mmseg.structures import SegDataSample

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.engine.image_size import set_image_size
from mpc_mmseg.engine.launch import load_config, set_data_root
from mpc_mmseg.engine.phases import known_phases, read_phases
from mpc_mmseg.models.segmentors.mpc_segmentor import PHASES

ROOT = Path(__file__).parents[1] / 'configs'
PLAIN = str(ROOT / 'hrnet/mpc_hrnet-w18s_1xb8_folders-256x256.py')
LEAVES = sorted(ROOT.glob('[!_]*/*.py'))
BASELINES = [path for path in LEAVES if path.parent.name == 'baselines']


def every_leaf(test, leaves=LEAVES):
    leaves = [
        pytest.param(
            path,
            id=path.stem,
            marks=[pytest.mark.mmpretrain] * ('mmpretrain' in path.read_text()),
        )
        for path in leaves
    ]
    return pytest.mark.parametrize('path', leaves)(test)


def every_leaf_of_mpc(test):
    return every_leaf(test, [path for path in LEAVES if path not in BASELINES])


@every_leaf_of_mpc
def test_config_builds_and_runs(path):
    cfg = load_config(str(path))
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)  # no user can mend a network
        model = MODELS.build(cfg.model).eval()
    with torch.no_grad():
        logits = model._forward(torch.rand(1, 3, 64, 64))
    # an input filter with one vector a block halves the picture
    side = 8 if cfg.model.backbone.type == 'FilteredBackbone' else 16
    assert logits.shape == (1, 1, side, side)
    assert [p.name for p in read_phases(cfg)] == cfg.phases
    assert cfg.model.phase == cfg.phases[0] == model.phase


@pytest.mark.parametrize('path', BASELINES, ids=lambda path: path.stem)
def test_a_baseline_builds_and_trains_a_step(path):
    cfg = load_config(str(path))
    assert known_phases(cfg) == []
    cfg.model.backbone.pop('init_cfg')
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    mask = torch.zeros(1, 64, 64, dtype=torch.long)
    mask[:, :32] = 1
    sample = SegDataSample(metainfo=dict(img_shape=(64, 64), ori_shape=(64, 64)))
    sample.gt_sem_seg = PixelData(data=mask)
    data = dict(inputs=[torch.zeros(3, 64, 64)] * 2, data_samples=[sample] * 2)
    before = model.decode_head.conv_seg.weight.clone()
    losses = model.train_step(data, optimizer)
    assert losses['loss'].isfinite()
    assert not torch.equal(before, model.decode_head.conv_seg.weight)


@every_leaf_of_mpc
def test_any_phase_runs_alone_and_nothing_else_changes(path):
    default = load_config(str(path))
    for name in known_phases(default):
        assert name in PHASES, f'{path.stem}: no segmentor has the phase {name}'
        cfg = load_config(str(path), phases=[name])
        (phase,) = read_phases(cfg)
        assert (phase.name, cfg.model.phase) == (name, name)
        alone, whole = cfg.to_dict(), default.to_dict()
        for each in (alone, whole):
            each.pop('phases')
            each.pop('work_dir')
            each['model'].pop('phase')
        assert alone == whole


def bases(path):
    """A config file's base files."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
            names = ast.literal_eval(node.value)
            names = [names] if isinstance(names, str) else names
            return [(path.parent / name).resolve() for name in names]
    return []


def depth(path):
    return 1 + max(map(depth, bases(path)), default=-1)


@every_leaf
def test_a_leaf_is_short_shallow_and_named_after_what_it_loads(path):
    assert len(path.read_text().splitlines()) <= 30
    assert depth(path) <= 3
    (model,) = (base.stem for base in bases(path) if base.parent.name == 'models')
    (data,) = (base.stem for base in bases(path) if base.parent.name == 'datasets')
    assert set(model.split('_')) <= set(re.split('[_-]', path.stem))
    cfg = Config.fromfile(path)
    height, width = cfg.image_size
    machine = f'1xb{cfg.train_dataloader.batch_size}'
    source = f'{data.replace("_", "-")}-{height}x{width}'
    assert path.stem.endswith(f'_{machine}_{source}')
    assert (path.parent / 'README.md').is_file()


def test_there_are_at_most_24_leaves():
    assert 0 < len(LEAVES) <= 24


@every_leaf
def test_an_image_size_reaches_every_pipeline_and_nothing_else(path, tmp_path):
    # As if the file that builds the pipelines had been written with this size.
    shutil.copytree(ROOT, tmp_path / 'configs')
    for file in tmp_path.glob('configs/_base_/datasets/*.py'):
        text = re.sub(
            r'^image_size = .*$', 'image_size = (96, 160)', file.read_text(), flags=re.M
        )
        file.write_text(text)
    there = tmp_path / 'configs' / path.relative_to(ROOT)
    written = load_config(str(there)).to_dict()
    assert load_config(str(path), ['image_size=(96,160)']).to_dict() == written
    assert written['image_size'] == (96, 160)
    # So has the config that a run of it dumps, whose pipelines are written out.
    load_config(str(path)).dump(tmp_path / there.name)
    dumped = load_config(str(tmp_path / there.name), ['image_size=(96,160)']).to_dict()
    assert dumped == {**written, 'work_dir': dumped['work_dir']}
    square = load_config(str(path), ['image_size=64'])
    assert square.image_size == (64, 64)
    for side in ('train', 'val', 'test'):
        for dataset in innermost_datasets(square[f'{side}_dataloader'].dataset):
            steps = str(dataset.get('pipeline', '(64, 64)'))
            # Test pictures that no step resizes keep their native size.
            sized = side == 'train' or "'Resize'" in steps
            assert ('(64, 64)' in steps) is sized


@every_leaf
def test_no_helper_variable_is_left_to_override_in_vain(path):
    known = {
        'allow_selection_on_test', 'custom_hooks',
        'custom_imports', 'default_hooks',
        'default_scope', 'env_cfg', 'image_size', 'load_from',
        'log_level', 'log_processor', 'model', 'optim_wrapper', 'param_scheduler',
        'phases', 'randomness', 'resume', 'sync_bn', 'test_cfg', 'test_dataloader',
        'test_evaluator', 'test_pipeline', 'train_cfg', 'train_dataloader', 'val_cfg',
        'val_dataloader', 'val_evaluator', 'visualizer',
    }  # fmt: skip
    cfg = Config.fromfile(path)
    assert set(cfg) <= known | {f'{name}_phase' for name in known_phases(cfg)}


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
    path = str(ROOT / 'hrnet/mpc_hrnet-w48_1xb4_medium-512x512.py')
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


def test_the_data_root_of_a_test_is_that_of_its_own_data_sets():
    inner = dict(type='ForgeryDataset', data_root='a')
    mixture = dict(datasets=[inner, dict(inner, data_root='b')])
    cfg = Config(
        {
            'train_dataloader': dict(dataset=mixture),
            'test_dataloader': dict(dataset=inner),
        }
    )
    with pytest.raises(ValueError, match='train_dataloader mixes'):
        set_data_root(cfg, 'c')
    set_data_root(cfg, 'c', ['test_dataloader'])
    assert cfg.test_dataloader.dataset.data_root == 'c'


def test_an_epoch_of_the_medium_list_is_the_papers(tmp_path, monkeypatch):
    parts = {'tampcoco': 199_999 + 199_429 + 199_443, 'casia_v2': 5123, 'imd2020': 2010}
    for name, count in parts.items():
        (tmp_path / 'data' / name).mkdir(parents=True)
        lines = [f'{i}.jpg\t{i}.png\n' for i in range(count)]
        (tmp_path / f'data/{name}/{name}.txt').write_text(''.join(lines))
    monkeypatch.chdir(tmp_path)
    dataset = Config.fromfile(ROOT / '_base_/datasets/medium.py')['train_dataloader'][
        'dataset'
    ]
    for config in innermost_datasets(dataset):
        config.update(check='none', pipeline=[], serialize_data=False)
    assert len(DATASETS.build(dataset)) == 843_991


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('crop=128', "no 'crop'"),
        ('image_size=0', 'one positive integer or height and width'),
        ('image_size=(64,64,3)', 'one positive integer or height and width'),
        ('image_size=big', 'one positive integer or height and width'),
        ('phases=localise', 'knows, contrast, localize, supervised'),
        ('contrast_phase.max_iters', 'KEY=VALUE'),
        ('contrast_phase.max_iters=0', 'positive'),
    ],
)
def test_bad_overrides_are_named(option, message):
    with pytest.raises(ValueError, match=message):
        load_config(PLAIN, [option])


def test_a_size_that_no_pipeline_holds_is_refused(tmp_path):
    file = tmp_path / 'other.py'
    file.write_text(f"_base_ = ['{PLAIN}']\nimage_size = (96, 96)\n")
    with pytest.raises(
        ValueError, match=r'no pipeline .* has its image_size \(96, 96\)'
    ):
        load_config(str(file), ['image_size=128'])


def test_a_single_number_in_a_config_stands_for_both_sides():
    size = Config(
        dict(
            image_size=64,
            train_dataloader=dict(
                dataset=dict(
                    size=(64, 64), pipeline=[dict(type='Resize', scale=(64, 64))]
                )
            ),
            model=dict(data_preprocessor=dict(size=(64, 64), mean=[0])),
        )
    )
    set_image_size(size, (32, 48))
    # What a data set itself calls its size is another one.
    dataset = size.train_dataloader.dataset
    assert (dataset.size, dataset.pipeline[0].scale) == ((64, 64), (48, 32))
    assert size.model.data_preprocessor.size == (32, 48)


def test_the_released_set_up_and_the_fixed_one():
    name = 'hrformer/{}_hrformer-base_1xb4_folders-augmented-512x512.py'
    released = Config.fromfile(ROOT / name.format('mpc-released'))
    fixed = Config.fromfile(ROOT / name.format('mpc'))
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
    assert fixed.model.get('frozen_eval', True) is True
    for cfg, positives in ((released, 'own'), (fixed, 'other')):
        _, *views = cfg.model.contrast_loss.views
        assert [view.positives for view in views] == [positives] * 2
        assert cfg.model.decode_head.loss_decode.type == 'ForgeryFocalLoss'
