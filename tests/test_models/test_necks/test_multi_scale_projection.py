import pytest
import torch

from mpc_mmseg.models.necks import MultiScaleProjection


def test_shapes_and_normalisation():
    neck = MultiScaleProjection([3, 5], out_channels=8)
    maps = neck([torch.randn(2, 3, 8, 8), torch.randn(2, 5, 4, 4)])
    assert [m.shape for m in maps] == [(2, 8, 8, 8), (2, 8, 4, 4)]
    first = neck.projections[0]
    assert first.conv.bias is None and first.bn.eps == 1e-3
    assert first.bn.momentum == 0.03


def test_dropout_makes_two_passes_differ_in_training_alone():
    neck = MultiScaleProjection([3], out_channels=8, dropout=0.5)
    x = [torch.randn(2, 3, 8, 8)]
    assert not torch.equal(neck.train()(x)[0], neck(x)[0])
    assert torch.equal(neck.eval()(x)[0], neck(x)[0])


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='dropout'):
        MultiScaleProjection([3], dropout=1.0)
    with pytest.raises(ValueError, match='in_channels'):
        MultiScaleProjection([])
    with pytest.raises(ValueError, match='2 maps'):
        MultiScaleProjection([3])([torch.randn(1, 3, 4, 4)] * 2)
