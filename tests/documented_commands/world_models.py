"""Models and results that the documented commands name, in small."""

import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from markdown_pages import ROOT
from mmengine.config import Config
from mmseg.registry import MODELS
from released_names import model_cfg, released
from tables import SHORTENED, SMALL, SWIN

from mpc_mmseg.engine.launch import override

FOLDERS = 'configs/hrnet/mpc_hrnet-w18s_1xb8_folders-256x256.py'


def write_models(folder: Path, call: Callable[..., None]) -> None:
    """Writes configs, checkpoints, a published model and results.

    Args:
        folder: Where to; has the data already.
        call: Runs a tool there.
    """
    cfg = Config.fromfile(ROOT / FOLDERS)
    override(cfg, SMALL)
    for kind in ('train', 'val', 'test'):
        cfg[f'{kind}_dataloader'].dataset.data_root = 'my_forgeries'
    cfg.robustness_grid = dict(jpeg_quality=[80])
    cfg.experiment_name = Path(FOLDERS).stem  # as of a run of that config
    cfg.dump(folder / 'small.py')
    call('tools/train.py', 'small.py', '--work-dir', 'work_dirs/RUN')
    shutil.copy(folder / 'work_dirs/RUN/best.pth', folder / 'best.pth')
    (folder / 'card.md').write_text('# Small\n\n## What it is\n\nA small network.\n')
    call(
        'tools/publish_model.py', 'best.pth', 'zoo', '--name', 'small', '--card',
        'card.md', '--terms', 'none',
    )  # fmt: skip
    call('tools/test.py', 'small.py', 'best.pth', '--results', 'a.json')
    for name in ('b', 'results_a', 'results_b'):
        shutil.copy(folder / 'a.json', folder / f'{name}.json')
    call('tools/robustness.py', 'small.py', 'best.pth', '--out', 'before')
    shutil.copy(folder / 'before/robustness.json', folder / 'robustness.json')
    torch.manual_seed(0)
    torch.save(released(MODELS.build(model_cfg())), folder / 'released.pth')
    swin = Config.fromfile(ROOT / SWIN)
    override(swin, SHORTENED[SWIN].split())
    address = swin.model.backbone.pop('init_cfg').checkpoint
    # Where torch looks for a file before it downloads it.
    downloaded = folder / 'torch/hub/checkpoints' / Path(address).name
    downloaded.parent.mkdir(parents=True)
    for file in (downloaded, folder / 'swin_tiny.pth'):
        torch.save(MODELS.build(swin.model.backbone).state_dict(), file)
