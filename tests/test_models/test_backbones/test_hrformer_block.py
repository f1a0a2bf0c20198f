import copy

import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.backbones.hrformer_block import ConvFFN


def plain(ffn, x):
    for conv, norm in (
        (ffn.expand, ffn.norm1),
        (ffn.depthwise, ffn.norm2),
        (ffn.reduce, ffn.norm3),
    ):
        x = F.gelu(norm(conv(x)))
    return x


def gradients(ffn, function, x):
    x = x.clone().requires_grad_()
    y = function(x)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum().backward()
    return x.grad, {name: p.grad for name, p in ffn.named_parameters()}


# Which of the normalisations use running statistics.
@pytest.mark.parametrize(
    'fixed', [(), ('norm1',), ('norm2',), ('norm3',), ('norm1', 'norm3')]
)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_gradients_of_the_ffn(fixed, dtype):
    torch.manual_seed(0)
    ffn = ConvFFN(4, 12, dict(type='BN')).to(dtype).train()
    for name in fixed:
        getattr(ffn, name).eval()
    other = copy.deepcopy(ffn)
    x = torch.randn(2, 4, 9, 7, dtype=dtype).to(memory_format=torch.channels_last)
    grad_x, grads = gradients(ffn, ffn, x)
    expected_x, expected = gradients(other, lambda x: plain(other, x), x)
    torch.testing.assert_close(grad_x, expected_x, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(grads, expected, rtol=1e-4, atol=1e-4)
    for conv, norm in dict(expand='norm1', depthwise='norm2', reduce='norm3').items():
        bias = grads[f'{conv}.bias']
        # Zero and not missing, where the next normalisation takes the bias away.
        assert (bias.abs().max() > 1e-3) == (norm in fixed)
        assert fixed or not bias.any()
