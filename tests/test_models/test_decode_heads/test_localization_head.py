import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mpc_mmseg.models.decode_heads import LocalizationHead
from mpc_mmseg.models.decode_heads.lean_backward import LeanReLU
from mpc_mmseg.models.dense_conv import PointwiseConv


def sample(mask):
    return SegDataSample(gt_sem_seg=PixelData(data=mask[None]))


def test_layers_are_the_published_ones():
    head = LocalizationHead(in_channels=[256] * 4, hidden_channels=(512, 256, 128))
    kinds = [type(m) for m in head.stack]
    assert kinds == [nn.BatchNorm2d, LeanReLU, PointwiseConv] * 3 + [
        nn.BatchNorm2d,
        LeanReLU,
    ]
    convs = [m for m in head.stack if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convs] == [512, 256, 128]
    assert convs[0].in_channels == 1024 and head.conv_seg.out_channels == 1


def test_logits_stand_at_the_finest_size():
    head = LocalizationHead(in_channels=[4, 4], hidden_channels=(8,)).eval()
    logits = head([torch.randn(2, 4, 8, 8), torch.randn(2, 4, 4, 4)])
    assert logits.shape == (2, 1, 8, 8)


def test_loss_takes_the_mask_at_the_logits_size():
    head = LocalizationHead(in_channels=[4], hidden_channels=(8,))
    mask = torch.zeros(8, 8, dtype=torch.long)
    mask[:4] = 1
    mask[:, 0] = 255
    logits = torch.randn(1, 1, 4, 4)
    loss = head.loss_by_feat(logits, [sample(mask)])
    small = mask[::2, ::2]
    valid = small != 255
    expected = nn.functional.binary_cross_entropy_with_logits(
        logits[0, 0][valid], small[valid].float()
    )
    assert loss['loss_bce'].item() == pytest.approx(expected.item(), rel=1e-6)


def test_several_losses_add_up_by_name():
    losses = [dict(type='ForgeryBCELoss'), dict(type='ForgeryFocalLoss')]
    head = LocalizationHead(in_channels=[4], hidden_channels=(8,), loss_decode=losses)
    mask = torch.ones(4, 4, dtype=torch.long)
    found = head.loss_by_feat(torch.zeros(1, 1, 4, 4), [sample(mask)])
    assert set(found) == {'loss_bce', 'loss_focal'}


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='hidden_channels'):
        LocalizationHead(in_channels=[4], hidden_channels=())
    with pytest.raises(ValueError, match='threshold'):
        LocalizationHead(in_channels=[4], threshold=1.0)
