import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from mpc_mmseg.models.decode_heads import LocalizationHead


def sample(mask):
    return SegDataSample(gt_sem_seg=PixelData(data=mask[None]))


def test_layers_are_the_published_ones():
    head = LocalizationHead(in_channels=[256] * 4, hidden_channels=(512, 256, 128))
    kinds = [type(m) for m in head.stack]
    assert kinds == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d] * 3 + [
        nn.BatchNorm2d,
        nn.ReLU,
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
    with pytest.raises(ValueError, match=r'threshold=0\.9 .* model\.test_cfg'):
        LocalizationHead(in_channels=[4], threshold=0.9)


def small_head():
    torch.manual_seed(0)
    head = LocalizationHead(in_channels=[3, 3], hidden_channels=(4, 5)).double()
    shapes = ((2, 3, 4, 6), (2, 3, 2, 3))
    return head, [torch.randn(s, dtype=torch.float64) for s in shapes]


def by_hand(head, maps):
    """The activations after each layer, from the equations."""
    coarse = nn.functional.interpolate(
        maps[1], maps[0].shape[2:], mode='bilinear', align_corners=True
    )
    found = [torch.cat([maps[0], coarse], 1)]
    for layer in head.stack:
        x = found[-1]
        if isinstance(layer, nn.BatchNorm2d):
            mean, var = x.mean((0, 2, 3), True), x.var((0, 2, 3), False, True)
            weight, bias = (p[:, None, None] for p in (layer.weight, layer.bias))
            x = (x - mean) / (var + layer.eps).sqrt() * weight + bias
        elif isinstance(layer, nn.Conv2d):
            x = torch.einsum('bchw,dc->bdhw', x, layer.weight[:, :, 0, 0])
            x = x + layer.bias[:, None, None]
        else:
            x = x * (x > 0)
        found.append(x)
    weight = head.conv_seg.weight[:, :, 0, 0]
    logit = torch.einsum('bchw,dc->bdhw', found[-1], weight) + head.conv_seg.bias
    return found[1:], logit


def test_hooks_on_every_layer_see_the_right_gradients():
    # As Grad-CAM and Captum read a head.
    head, maps = small_head()
    activations, gradients = [], {}
    for i, layer in enumerate(head.stack):
        layer.register_forward_hook(lambda _, __, out: activations.append(out))
        layer.register_full_backward_hook(
            lambda _, __, grad, i=i: gradients.update({i: grad[0]})
        )
    head(maps).square().sum().backward()
    expected, logit = by_hand(head, maps)
    grads = torch.autograd.grad(logit.square().sum(), expected)
    assert len(gradients) == len(head.stack)
    for i, (x, grad) in enumerate(zip(expected, grads)):
        torch.testing.assert_close(activations[i], x)
        torch.testing.assert_close(gradients[i], grad)


def test_functional_gradients():
    head, maps = small_head()
    names, parameters = zip(*head.named_parameters())
    fixed = {k: v.clone() for k, v in head.named_buffers()}

    def loss(weights):
        # The statistics of a batch are updated in place: a copy for each call.
        buffers = {k: v.clone() for k, v in fixed.items()}
        call = torch.func.functional_call(head, {**weights, **buffers}, (maps,))
        return call.square().sum()

    found = torch.func.grad(loss)({k: p.detach() for k, p in zip(names, parameters)})
    expected = torch.autograd.grad(by_hand(head, maps)[1].square().sum(), parameters)
    torch.testing.assert_close([found[k] for k in names], list(expected))


def test_second_derivatives():
    head, maps = small_head()
    maps = [m.requires_grad_() for m in maps]
    assert torch.autograd.gradgradcheck(lambda *maps: head.eval()(maps), maps)
    penalty = []
    for logit in (head.train()(maps), by_hand(head, maps)[1]):
        grads = torch.autograd.grad(logit.square().sum(), maps, create_graph=True)
        penalty.append(sum(g.square().sum() for g in grads))
    weights = list(head.parameters())
    found, expected = (
        torch.autograd.grad(p, weights, allow_unused=True, materialize_grads=True)
        for p in penalty
    )
    torch.testing.assert_close(found, expected)
