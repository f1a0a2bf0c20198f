"""Maps and masks of backbones with a patch or stride that sizes are no multiples of."""

import numpy as np
import pytest
import torch
from mmengine.model import BaseModule
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn


@MODELS.register_module()
class Patches(BaseModule):
    """One map, the mean of each patch, as of a ViT that leaves the rest out."""

    def __init__(self, patch=14, inside=0):
        super().__init__()
        self.inside = inside
        self.embed = nn.Conv2d(3, 4, patch, patch, bias=False)
        nn.init.constant_(self.embed.weight, 1 / 3 / patch**2)

    def forward(self, x):
        if self.inside:
            x = nn.functional.pad(x, (0, self.inside, 0, self.inside))
        return [self.embed(x)]


def model(**backbone):
    preprocessor = dict(type='SegDataPreProcessor', mean=[0] * 3, std=[1] * 3)
    built = MODELS.build(
        dict(
            type='MPCSegmentor',
            data_preprocessor=preprocessor,
            phase='localize',
            backbone=dict(type='Patches', **backbone),
            decode_head=dict(
                type='LocalizationHead',
                in_channels=[4],
                hidden_channels=(4,),
                loss_decode=dict(type='ForgeryFocalLoss'),
            ),
        )
    )
    return built


def last_corner(height, width, side=20):
    """An image with a white square in its last corner, and the sample."""
    x = torch.zeros(1, 3, height, width)
    x[..., -side:, -side:] = 1
    sample = SegDataSample(
        metainfo=dict(img_shape=(height, width), ori_shape=(height, width))
    )
    sample.gt_sem_seg = PixelData(data=x[0, :1].long())
    return x, sample


@pytest.mark.parametrize('size', [(1007, 771), (140, 140), (141, 153)])
def test_a_white_square_in_the_last_corner_is_found_there(size):
    net = model().eval()
    seen = []
    net.decode_head.register_forward_pre_hook(lambda _, args: seen.append(args[0][0]))
    x, sample = last_corner(*size, side=42)
    net.predict(x, [sample])
    found = nn.functional.interpolate(seen[0][:, :1], scale_factor=14)[0, 0]
    found = found[: size[0], : size[1]]
    assert found.shape == size
    rows, columns = np.nonzero(found.numpy() > 0.5)
    # A patch is white or not as a whole.
    assert rows.min() == pytest.approx(size[0] - 42, abs=7)
    assert columns.min() == pytest.approx(size[1] - 42, abs=7)
    assert rows.max() == pytest.approx(size[0], abs=7)
    assert columns.max() == pytest.approx(size[1], abs=7)
    assert sample.forgery_prob.data.shape == (1, *size)


def test_masks_of_training_are_padded_with_what_is_ignored():
    net = model()
    seen = []
    head = net.decode_head
    loss = head.loss_by_feat
    head.loss_by_feat = lambda logits, samples: (
        seen.append((logits.shape, samples)) or loss(logits, samples)
    )
    x, sample = last_corner(145, 153)
    assert net.loss(x, [sample])['loss_focal'].isfinite()
    [(shape, [padded])] = seen
    assert shape[2:] == (11, 11)
    mask = padded.gt_sem_seg.data
    assert mask.shape == (1, 154, 154)
    assert (mask[:, :145, :153] == sample.gt_sem_seg.data).all()
    assert (mask[:, 145:] == 255).all() and (mask[..., 153:] == 255).all()
    assert sample.gt_sem_seg.data.shape == (1, 145, 153)


def test_a_backbone_that_pads_inside_is_refused():
    net = model(inside=30)
    x, sample = last_corner(1007, 771)
    with pytest.raises(ValueError, match=r'cells for .* pixels, so it pads or crops'):
        net.eval().predict(x, [sample])
    with pytest.raises(ValueError, match='`multiple`'):
        net.loss(x, [sample])


@pytest.mark.mmpretrain
def test_low_rank_adapters_train_are_saved_and_predict_as_trained(tmp_path):
    from mmengine.runner import get_state_dict, save_checkpoint

    from mpc_mmseg.apis.inference.model_from_files import load_model

    path = tmp_path / 'config.py'
    path.write_text(CONFIG)
    torch.manual_seed(0)
    net, _ = load_model(path, device='cpu')
    net.train()
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 1.0)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    for _ in range(2):
        x, sample = last_corner(75, 61)
        losses = net.loss(x, [sample])
        optimizer.zero_grad()
        sum(v.sum() for k, v in losses.items() if 'loss' in k).backward()
        optimizer.step()
    changed = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    assert any('lora_up' in k for k in changed)
    assert not any('backbone' in k and 'lora' not in k for k in changed)
    for number, state in enumerate((net.state_dict(), get_state_dict(net))):
        weights = tmp_path / f'{number}.pth'
        save_checkpoint({'state_dict': state, 'meta': {}}, str(weights))
        torch.manual_seed(1 + number)
        loaded, _ = load_model(path, weights, device='cpu')
        x = torch.rand(1, 3, 75, 61)
        with torch.no_grad():
            assert torch.equal(loaded._forward(x), net.eval()._forward(x))
    # As a module that filters its state_dict would save it.
    partial = {k: v for k, v in state.items() if 'backbone' not in k or 'lora' in k}
    save_checkpoint({'state_dict': partial, 'meta': {}}, str(weights))
    with pytest.raises(RuntimeError, match='missing: backbone'):
        load_model(path, weights, device='cpu')


CONFIG = """
custom_imports = dict(imports=['mmpretrain.models'])
model = dict(
    type='MPCSegmentor',
    phase='supervised',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[0] * 3, std=[1] * 3),
    backbone=dict(
        type='mmpretrain.LoRAModel',
        alpha=4,
        rank=2,
        targets=[dict(type='qkv')],
        module=dict(
            type='mmpretrain.VisionTransformer',
            arch=dict(
                embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32),
            img_size=56,
            patch_size=14,
            out_type='featmap',
            out_indices=(0, 1))),
    decode_head=dict(
        type='LocalizationHead', in_channels=[16, 16], hidden_channels=(8, ),
        loss_decode=dict(type='ForgeryFocalLoss')))
"""
