"""Losses and maps of each family on a GPU that is not there, for device and dtype.

Under FakeTensorMode tensors have a device, a type and a shape and no values: whatever
mixes devices or types raises as it would on a GPU. Backward needs a real one.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn
from torch._subclasses import FakeTensor, FakeTensorMode

FOLDER = Path(__file__).parents[2] / 'configs/_base_/models'
GPU = torch.device('cuda:0')
FAMILIES = [
    'hrformer_small', 'hrnet_w18s', 'hrnet_w18s_blocks', 'lite0_blocks', 'mit_b2',
    'r18s_blocks', 'resnet50', 'swin_tiny', 'convnext_tiny', 'van_small',
]  # fmt: skip


# Of the environments of the Makefile that of mmpretrain has a torch built for CUDA.
pytestmark = [
    pytest.mark.mmpretrain,
    pytest.mark.skipif(
        not torch.backends.cuda.is_built(), reason='torch is built without CUDA'
    ),
]


@pytest.fixture
def gpu(monkeypatch):
    """Fake tensors on a GPU, under autocast too."""
    torch._C._ensureCUDADeviceGuardSet()
    monkeypatch.setattr(
        torch.cuda.amp.common, 'amp_definitely_not_available', lambda: False
    )
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda *args: True)
    # How many pixels have a label depends on values, which there are none of.
    monkeypatch.setattr(
        FakeTensor, 'tolist', lambda counts: np.full(counts.shape, 40).tolist()
    )
    with FakeTensorMode():
        yield


def build(name):
    init_default_scope('mmseg')
    path = FOLDER / f'mpc_{name}.py'
    if "'mmpretrain." in path.read_text():
        import mmpretrain.models  # noqa: F401
    model = Config.fromfile(path).model
    model.backbone.pop('init_cfg', None)
    return MODELS.build(model)


def move(model):
    """Replace all tensors by fake ones on the GPU."""
    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is None:
                    continue
                fake = torch.empty(tensor.shape, dtype=tensor.dtype, device=GPU)
                if isinstance(tensor, nn.Parameter):
                    fake = nn.Parameter(fake, tensor.requires_grad)
                tensors[name] = fake
    return model


def batch():
    samples = []
    for _ in range(2):
        sample = SegDataSample(metainfo=dict(img_shape=(64, 64), ori_shape=(64, 64)))
        mask = torch.zeros(1, 64, 64, dtype=torch.long, device=GPU)
        sample.gt_sem_seg = PixelData(data=mask)
        samples.append(sample)
    return torch.rand(2, 3, 64, 64, device=GPU), samples


@pytest.mark.parametrize('name', FAMILIES)
def test_losses_and_maps(name, request):
    model = build(name)
    request.getfixturevalue('gpu')
    move(model)
    for dtype in (None, torch.float16, torch.bfloat16):
        for phase in ('joint', 'localize'):
            model.train().set_phase(phase)
            with torch.autocast('cuda', dtype, enabled=dtype is not None):
                losses = model.loss(*batch())
            assert {x.device for x in losses.values()} == {GPU}
            kinds = {x.dtype for name, x in losses.items() if 'loss' in name}
            assert kinds == {torch.float32}
        for phase in ('contrast', 'localize'):
            model.eval().set_phase(phase)
            with torch.no_grad(), torch.autocast('cuda', dtype, enabled=bool(dtype)):
                logits = model(batch()[0], mode='tensor')
            assert logits.device == GPU
            if phase == 'localize':
                assert logits.dtype == (dtype or torch.float32)


def test_a_tensor_left_on_the_cpu_is_seen(request):
    model = build('r18s_blocks')
    request.getfixturevalue('gpu')
    move(model).set_phase('supervised')
    images, samples = batch()
    samples[0].gt_sem_seg.data = torch.zeros(1, 64, 64, dtype=torch.long)
    with pytest.raises(RuntimeError, match='Unhandled FakeTensor Device Propagation'):
        model.loss(images, samples)
