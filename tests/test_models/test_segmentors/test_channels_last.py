import subprocess
import sys

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mpc_mmseg.models.segmentors.channels_last import unsafe_on_cpu

#: The weight gradient of such a layer, in a process of its own.
CRASHES = """
import torch
from torch import nn

torch.set_num_threads(2)
for _ in range(10):
    conv = nn.Conv2d(8, 16, 1, stride=2).to(memory_format=torch.channels_last)
    x = torch.randn(3, 8, 32, 32).to(memory_format=torch.channels_last)
    conv(x).square().sum().backward()
"""


def test_narrow_strided_1x1_convolutions_are_named():
    net = nn.Sequential(
        nn.Conv2d(15, 8, 1, stride=2),
        nn.Conv2d(8, 16, 1),
        nn.Conv2d(16, 8, 1, stride=2),
        nn.Sequential(nn.Conv2d(8, 8, 3, stride=2), nn.Conv2d(8, 8, 1, stride=(1, 2))),
    )
    assert unsafe_on_cpu(net) == ['0', '3.1']


def test_they_are_refused_on_a_cpu(tiny_model, monkeypatch):
    tiny_model['backbone'] = dict(
        type='ResNet',
        depth=18,
        base_channels=8,
        stem_channels=8,
        norm_cfg=dict(type='BN'),
    )
    tiny_model['neck']['in_channels'] = [8, 16, 32, 64]
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    MODELS.build(dict(tiny_model, channels_last=False))
    with pytest.raises(ValueError, match=r'backbone\.layer2\.0\.downsample\.0 .*False'):
        MODELS.build(dict(tiny_model, channels_last=True))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    MODELS.build(dict(tiny_model, channels_last=True))


@pytest.mark.slow
@pytest.mark.xfail(reason='torch 2.13: out-of-bounds writes in oneDNN', strict=False)
def test_torch_computes_their_gradient():
    # Once it passes on every supported version, the refusal can go.
    subprocess.run([sys.executable, '-c', CRASHES], check=True, capture_output=True)
