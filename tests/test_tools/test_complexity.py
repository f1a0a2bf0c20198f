"""Counts of parameters and multiply-adds, against products worked out by hand."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmseg.registry import MODELS
from torch import nn

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / 'tools/analysis_tools'
COMPLEXITY = runpy.run_path(str(TOOLS / 'complexity.py'))
complexity_of, multiply_adds = COMPLEXITY['complexity_of'], COMPLEXITY['multiply_adds']


class Attention(nn.Module):
    def forward(self, q):
        bias = torch.zeros(1, 3, 49, 49, device=q.device)
        return F.scaled_dot_product_attention(q, q, q, attn_mask=bias)


@pytest.mark.parametrize(
    ('module', 'shape', 'by_hand'),
    [
        # 16 x 20 pixels of 6 channels, from 3 x 3 x 4 each
        (nn.Conv2d(4, 6, 3, 2, 1), (2, 4, 32, 40), 2 * 16 * 20 * 6 * 9 * 4),
        # depth-wise: one channel in
        (nn.Conv2d(8, 8, 3, 1, 1, groups=8), (1, 8, 10, 10), 100 * 8 * 9),
        (nn.Linear(5, 7), (2, 11, 5), 2 * 11 * 5 * 7),
        # 4 windows, 3 heads: q k^T and the weighted sum of the values
        (Attention(), (4, 3, 49, 13), 2 * 4 * 3 * 49 * 49 * 13),
        (nn.BatchNorm2d(3), (2, 3, 8, 8), 0),
    ],
)
def test_products_by_hand(module, shape, by_hand):
    module = module.to('meta').eval()
    found, output = multiply_adds(module, torch.empty(shape, device='meta'))
    assert found == by_hand
    assert output.shape[0] == shape[0]


def test_parts_add_up_and_grow_with_the_area(tiny_model):
    small, large = (complexity_of(tiny_model, (n, 2 * n)) for n in (64, 128))
    model = MODELS.build(tiny_model)
    assert list(small) == ['backbone', 'neck', 'decode_head', 'total']
    for name, (parameters, products) in small.items():
        part = model if name == 'total' else getattr(model, name)
        assert parameters == sum(p.numel() for p in part.parameters())
        assert large[name] == (parameters, 4 * products)
    # the neck: 1x1 convolutions of 4, 8, 16, 32 channels to 8
    assert small['neck'][1] == sum(16 * 32 // 4**i * 4 * 2**i * 8 for i in range(4))


def test_hrformer_base_has_the_published_size():
    path = ROOT / 'configs/_base_/models/mpc_hrformer_base.py'
    parameters, products = complexity_of(Config.fromfile(path).model, (512, 512))[
        'total'
    ]
    assert round(parameters / 1e6, 2) == 45.04
    # 84.7 G as published, of which 2.1 are what tools/analysis_tools/get_flops.py
    # names: padding, normalisation, resizing
    assert round(products / 1e9, 1) == 82.6


def test_tool(tmp_path, tiny_model, monkeypatch, capsys):
    config, out = tmp_path / 'tiny.py', tmp_path / 'out.json'
    Config(dict(model=tiny_model)).dump(config)
    monkeypatch.setattr(
        sys, 'argv', ['x', str(config), '--shape', '64', '96', '--json', str(out)]
    )
    monkeypatch.syspath_prepend(TOOLS)
    runpy.run_path(str(TOOLS / 'get_flops.py'), run_name='__main__')
    record = json.loads(out.read_text())
    expected = complexity_of(tiny_model, (64, 96))['total']
    assert tuple(record['parts']['total'].values()) == expected
    assert f'{expected[0] / 1e6:.3f} M' in capsys.readouterr().out
