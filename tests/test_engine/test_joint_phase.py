"""Phase joint in a run: resume in bfloat16, and DDP without unused parameters."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmseg.registry import MODELS
from torch import distributed

JOINT = dict(
    contrast_loss=dict(type='MultiViewPixelContrastLoss'),
    projector=dict(type='NonlinearProjector', in_channels=8, out_channels=4),
)


@pytest.fixture
def joint_config(tiny_config):
    cfg = tiny_config.to_dict()
    del (
        cfg['localize_phase'],
        cfg['val_dataloader'],
        cfg['val_evaluator'],
        cfg['val_cfg'],
    )
    del cfg['default_hooks']['checkpoint']['save_best']
    cfg['joint_phase'] = cfg.pop('contrast_phase')
    cfg['model'].update(JOINT)
    # Without randomness a resumed run can be compared bit for bit.
    cfg['model']['backbone']['drop_path_rate'] = 0.0
    cfg['train_dataloader']['dataset']['pipeline'][3]['prob'] = 0.0
    cfg['optim_wrapper'] = dict(type='CpuAmpOptimWrapper')
    return Config(cfg, format_python_code=False)


def states(cfg):
    return torch.load(f'{cfg.work_dir}/iter_4.pth', weights_only=True)


def test_a_resumed_joint_run_ends_as_one_never_stopped(joint_config, tmp_path):
    Runner.from_cfg(copy.deepcopy(joint_config)).train()
    again = copy.deepcopy(joint_config)
    again.merge_from_dict(
        dict(
            work_dir=str(tmp_path / 'again'),
            resume=True,
            load_from=f'{joint_config.work_dir}/iter_2.pth',
        )
    )
    runner = Runner.from_cfg(again)
    runner.train()
    assert runner.model.phase == 'joint'
    first, second = states(joint_config), states(again)
    for key, value in first['state_dict'].items():
        assert torch.equal(value, second['state_dict'][key]), key
    begun = torch.load(f'{joint_config.work_dir}/iter_1.pth', weights_only=True)
    moved = {
        key.split('.')[0]
        for key, value in first['state_dict'].items()
        if not torch.equal(value, begun['state_dict'][key])
    }
    assert moved == {'backbone', 'neck', 'projector', 'decode_head'}


def test_ddp_finds_no_unused_parameter(joint_config):
    store = distributed.HashStore()
    distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
    try:
        model = MODELS.build({**joint_config.model, 'phase': 'joint'})
        wrapped = MMDistributedDataParallel(model, device_ids=None)
        optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
        batch = Runner.build_dataloader(joint_config.train_dataloader, seed=0)
        before = copy.deepcopy(model.state_dict())
        for _, data in zip(range(2), batch):
            wrapped.train_step(data, optimizer)
        moved = {
            name.split('.')[0]
            for name, parameter in model.named_parameters()
            if not torch.equal(parameter, before[name])
        }
        assert moved == {'backbone', 'neck', 'projector', 'decode_head'}
    finally:
        distributed.destroy_process_group()
