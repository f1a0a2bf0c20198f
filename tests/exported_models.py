"""A tiny trained model, its checkpoint and its ONNX file."""

import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from torch import nn

from mpc_mmseg.apis.export.onnx_export import describe, export_onnx

LOAD, PACK = dict(type='LoadForgeryImage'), dict(type='PackForgeryInputs')


def trained(config):
    """A model whose weights and statistics make its probabilities differ widely."""
    torch.manual_seed(0)
    model = MODELS.build(config)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.2, 1.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
        if hasattr(module, 'relative_position_bias_table'):
            nn.init.normal_(module.relative_position_bias_table)
    model.set_phase('localize')
    model.eval()
    # Logits of noise have mean 0 and deviation 2.
    last = model.decode_head.conv_seg
    with torch.no_grad():
        logits = model._forward(torch.rand(1, 3, 128, 128))
        last.weight *= 2 / logits.std()
        last.bias.sub_(logits.mean()).mul_(2 / logits.std())
    model.image_calibration = None
    return model


def run_config(model, *steps):
    pipeline = [LOAD, *steps, dict(type='LoadForgeryMask'), PACK]
    return Config(
        dict(
            default_scope='mmseg',
            model=model,
            test_dataloader=dict(
                dataset=dict(type='ForgeryDataset', pipeline=pipeline)
            ),
        )
    )


def exported(folder, config, *steps, change=None, **meta):
    """A checkpoint, its ONNX file and the model."""
    folder.mkdir(exist_ok=True)
    cfg = run_config(config, *steps)
    model = trained(config)
    checkpoint = folder / 'model.pth'
    torch.save(
        {
            'meta': {'cfg': cfg.pretty_text, 'mpc_phase': 'localize', **meta},
            'state_dict': model.state_dict(),
        },
        checkpoint,
    )
    description = describe(model, cfg, checkpoint)
    if change is not None:
        change(description)
    export_onnx(model, description, folder / 'model.onnx')
    return checkpoint, folder / 'model.onnx', model
