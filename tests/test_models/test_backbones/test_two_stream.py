import pytest
import torch
from mmseg.registry import MODELS

from mpc_mmseg.models.backbones.two_stream import match_strides

LITE = dict(type='EfficientNetLite')


def resnet(**options):
    return dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, **options)


def build(first, second, **options):
    torch.manual_seed(0)
    return MODELS.build(
        dict(type='TwoStreamBackbone', first=first, second=second, **options)
    )


def test_maps_are_concatenated_by_stride():
    net = build(LITE, resnet(dilations=(1,) * 4, strides=(1, 2, 2, 2))).eval()
    x = torch.rand(1, 3, 64, 96)
    first, second = net.first(x), net.second(x)
    for found, one, two in zip(net(x), first, second, strict=True):
        assert torch.equal(found, torch.cat([one, two], 1))


@pytest.mark.parametrize('size', [(64, 96), (75, 110)])
def test_blocks_beside_colours_at_any_size(size):
    blocks = dict(
        type='FilteredBackbone',
        filters=[dict(type='BlockHistogram', out_channels=4, block_pixels=4)],
        backbone=resnet(
            num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1)
        ),
    )
    net = build(LITE, blocks, pass_unmatched=True).train()
    x = torch.rand(2, 3, *size)
    maps = net(x)
    assert [m.shape[1] for m in maps] == [24, 40 + 8, 112 + 16, 320]
    expected = [m.shape[-2:] for m in net.first(x)]
    assert [m.shape[-2:] for m in maps] == expected
    sum(m.sum() for m in maps).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_looking_at_the_strides_changes_nothing():
    net = build(LITE, resnet(dilations=(1,) * 4, strides=(1, 2, 2, 2)))
    assert net.first.training and net.second.training
    assert net.first.stem.bn.num_batches_tracked == 0
    assert all(p.grad is None and p.requires_grad for p in net.parameters())


def test_unlike_strides_are_named():
    half = resnet(num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1))
    with pytest.raises(
        ValueError, match=r'\[4, 8, 16, 32\], the second \[4, 8\].*16, 32'
    ):
        build(LITE, half)
    with pytest.raises(
        ValueError, match=r'\[4, 8, 16, 32\], the second \[4, 8, 8, 8\]'
    ):
        build(LITE, resnet(dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1)))
    with pytest.raises(ValueError, match='none is in both'):
        match_strides([4, 8], [16], pass_unmatched=True)
    assert match_strides([8, 4], [8, 16], True) == [([1], []), ([0], [0]), ([], [1])]
