"""MMSegmentation's own tools on our models, configs and data."""

import runpy
import sys
from pathlib import Path

import cv2
import mmseg
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import MMSegInferencer, inference_model, init_model
from mmseg.registry import MODELS

from mpc_mmseg.engine.launch import load_config

CONFIGS = Path(__file__).parents[1] / 'configs'
#: Both distributions of mmseg install their tools.
TOOLS = Path(mmseg.__file__).parent / '.mim/tools'
LEAF = CONFIGS / 'hrnet/mpc_hrnet-w18s_1xb8_folders-256x256.py'


@pytest.fixture
def small(tmp_path, tiny_model, forgery_folder):
    """A config that builds on one of ours, and a checkpoint as a run leaves it."""
    lists = {'train': range(4), 'val': (4,), 'test': (5,)}
    for name, chosen in lists.items():
        lines = [f'images/{i}.png\tmasks/{i}.png\n' for i in chosen]
        (forgery_folder / f'{name}.txt').write_text(''.join(lines))
    cfg = load_config(str(LEAF), ['image_size=64'], data_root=str(forgery_folder))
    cfg.model = {**tiny_model, 'phase': 'localize'}
    cfg.contrast_phase.update(max_iters=2, val_interval=2)
    cfg.localize_phase.update(max_iters=2, val_interval=2)
    for side in ('train', 'val', 'test'):
        cfg[f'{side}_dataloader'].update(
            batch_size=2, num_workers=0, persistent_workers=False
        )
    cfg.work_dir = str(tmp_path / 'work')
    cfg.dump(tmp_path / 'small.py')
    cfg = Config.fromfile(tmp_path / 'small.py')
    meta = dict(
        cfg=cfg.pretty_text,
        mpc_phase='localize',
        dataset_meta=dict(
            classes=('authentic', 'forged'), palette=[[0, 0, 0], [255, 0, 0]]
        ),
    )
    state = MODELS.build(cfg.model).state_dict()
    torch.save(dict(state_dict=state, meta=meta), tmp_path / 'small.pth')
    return tmp_path


def run(monkeypatch, tool, *args):
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
    monkeypatch.setenv('LOCAL_RANK', '0')
    runpy.run_path(str(TOOLS / tool), run_name='__main__')


@pytest.mark.parametrize('kind', ['path', 'array', 'list'])
def test_init_model_and_inference_model(small, kind):
    model = init_model(str(small / 'small.py'), str(small / 'small.pth'), device='cpu')
    path = str(small / 'data/images/1.png')
    image = {'path': path, 'array': cv2.imread(path), 'list': [path, path]}[kind]
    found = inference_model(model, image)
    found = found[0] if kind == 'list' else found
    assert found.forgery_prob.data.shape == (1, 48, 64)
    assert set(found.pred_sem_seg.data.unique().tolist()) <= {0, 1}


@pytest.mark.parametrize(
    'leaf', sorted(CONFIGS.glob('[!_]*/*.py')), ids=lambda path: path.stem
)
def test_every_config_prepares_a_photograph_as_its_test_set(leaf):
    cfg = Config.fromfile(leaf, import_custom_modules=False)
    assert cfg.test_pipeline == cfg.val_dataloader.dataset.pipeline


def test_weights_to_start_from_are_the_backbones(tiny_model):
    MODELS.build({**tiny_model, 'pretrained': None})
    with pytest.raises(ValueError, match='set init_cfg of the backbone'):
        MODELS.build({**tiny_model, 'pretrained': 'torchvision://resnet50'})


def test_the_inferencer_with_its_own_loader(small):
    cfg = Config.fromfile(small / 'small.py')
    pipeline = [dict(type='LoadImageFromFile'), *cfg.test_pipeline[1:]]
    cfg.test_dataloader.dataset.pipeline = pipeline
    inferencer = MMSegInferencer(
        cfg, str(small / 'small.pth'), device='cpu', show_progress=False
    )
    found = inferencer(str(small / 'data/images/1.png'), out_dir=str(small / 'out'))
    assert found['predictions'].shape == (48, 64)
    assert cv2.imread(str(small / 'out/vis/1.png')).shape == (48, 64, 3)


def test_train_and_test_of_mmseg(small, monkeypatch):
    run(monkeypatch, 'train.py', small / 'small.py', '--work-dir', small / 'work')
    assert (small / 'work/iter_4.pth').is_file()
    run(
        monkeypatch, 'test.py', small / 'small.py', small / 'work/iter_4.pth',
        '--work-dir', small / 'tested', '--out', small / 'masks',
        '--show-dir', small / 'shown',
        # In this process there may be a visualizer of the usual name.
        '--cfg-options', f'visualizer.name={small.name}',
    )  # fmt: skip
    mask = cv2.imread(str(small / 'masks/5.png'), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (48, 64) and set(np.unique(mask)) <= {0, 1}
    [shown] = small.rglob('vis_image/test_5*.png')
    assert shown.is_relative_to(small / 'shown')
    # Ground truth and prediction, side by side.
    assert cv2.imread(str(shown)).shape == (48, 128, 3)
