import copy
from contextlib import nullcontext

import pytest
import torch
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from mpc_mmseg.models.backbones.hrformer_block import (
    HRFormerBlock,
    WindowAttention,
    merge,
    partition,
    relative_position_index,
)
from mpc_mmseg.models.decode_heads import LocalizationHead


def naive(attention, x):
    """Token by token: pad, and attend within each window."""
    b, height, width, c = x.shape
    s, heads = attention.window_size, attention.num_heads
    top, left = -height % s // 2, -width % s // 2
    rows, columns = height + -height % s, width + -width % s
    padded = x.new_zeros(b, rows, columns, c)
    padded[:, top : top + height, left : left + width] = x
    q, k, v = attention.qkv(padded).chunk(3, dim=-1)
    table = attention.relative_position_bias_table
    out = x.new_zeros(b, rows, columns, c)
    d = c // heads
    for i in range(rows):
        for j in range(columns):
            tokens = [
                (y, z)
                for y in range(i // s * s, i // s * s + s)
                for z in range(j // s * s, j // s * s + s)
            ]
            for h in range(heads):
                part = slice(h * d, h * d + d)
                logits = torch.stack(
                    [
                        (q[:, i, j, part] * k[:, y, z, part]).sum(-1) / d**0.5
                        + table[(i - y + s - 1) * (2 * s - 1) + j - z + s - 1, h]
                        for y, z in tokens
                    ],
                    dim=-1,
                )
                weights = logits.softmax(-1)
                values = torch.stack([v[:, y, z, part] for y, z in tokens], dim=1)
                out[:, i, j, part] = (weights[..., None] * values).sum(1)
    return attention.proj(out)[:, top : top + height, left : left + width]


# Heads of 3 channels are padded to 8, heads of 8 are not.
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('size', [(3, 3), (4, 8), (1, 2)])
@pytest.mark.parametrize('channels', [6, 16])
def test_against_a_loop_over_tokens(size, channels, dtype):
    torch.manual_seed(0)
    attention = WindowAttention(channels, num_heads=2, window_size=3).to(dtype)
    torch.nn.init.normal_(attention.relative_position_bias_table)
    x = torch.randn(2, *size, channels, dtype=dtype, requires_grad=True)
    inputs = [x, *attention.parameters()]
    expected = naive(attention, x)
    gradients = torch.autograd.grad(expected.square().sum(), inputs)
    with torch.no_grad():  # torch's fused kernel
        torch.testing.assert_close(attention(x), expected.detach())
    found = attention(x)  # with gradients for the bias
    torch.testing.assert_close(found, expected)
    for a, b in zip(torch.autograd.grad(found.square().sum(), inputs), gradients):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_under_autocast():
    torch.manual_seed(0)
    attention = WindowAttention(6, num_heads=2, window_size=3)
    x = torch.rand(1, 4, 5, 6)
    expected = attention(x)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = attention(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, rtol=0.05, atol=0.02)


def test_frozen_weights_leave_the_gradient_of_the_map():
    torch.manual_seed(0)
    attention = WindowAttention(6, num_heads=2, window_size=3).requires_grad_(False)
    x = torch.randn(1, 4, 5, 6, requires_grad=True)
    (found,) = torch.autograd.grad(attention(x).square().sum(), x)
    (expected,) = torch.autograd.grad(naive(attention, x).square().sum(), x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('size', [(7, 7), (1, 20), (16, 13)])
def test_merge_undoes_partition(size):
    x = torch.rand(2, *size, 3)
    windows = partition(x, 7)
    assert windows.shape[1:3] == (-(-size[0] // 7), -(-size[1] // 7))
    assert torch.equal(merge(windows, *size), x)


def test_the_odd_row_of_padding_comes_after():
    windows = partition(torch.ones(1, 4, 7, 1), 7)
    assert windows[0, 0, 0, :, 0, 0].tolist() == [0, 1, 1, 1, 1, 0, 0]


def test_index_of_a_window_of_two():
    assert relative_position_index(2).tolist() == [
        [4, 3, 1, 0],
        [5, 4, 2, 1],
        [7, 6, 4, 3],
        [8, 7, 5, 4],
    ]


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match='num_heads must divide 6, got 4'):
        WindowAttention(6, num_heads=4, window_size=7)
    with pytest.raises(ValueError, match=r'window_size.*0'):
        WindowAttention(6, num_heads=2, window_size=0)


def block(**kwargs):
    torch.manual_seed(0)
    made = HRFormerBlock(
        6, 2, window_size=3, mlp_ratio=2, norm_cfg=dict(type='BN'), **kwargs
    )
    torch.nn.init.normal_(made.attn.relative_position_bias_table)
    return made.double()


def test_functional_gradients_of_a_block():
    net, x = block(), torch.randn(2, 6, 4, 5, dtype=torch.float64)
    names, parameters = zip(*net.named_parameters())
    fixed = copy.deepcopy(dict(net.named_buffers()))

    def loss(weights, x):
        # The statistics of a batch are updated in place: a copy for each call.
        buffers = {k: v.clone() for k, v in fixed.items()}
        return functional_call(net, {**weights, **buffers}, x).square().sum()

    weights = {k: p.detach() for k, p in zip(names, parameters)}
    found = torch.func.grad(loss)(weights, x)
    expected = torch.autograd.grad(net(x).square().sum(), parameters)
    torch.testing.assert_close([found[k] for k in names], list(expected))


@pytest.mark.parametrize('trained', [True, False])
def test_second_derivatives_of_a_block(trained):
    net = block().eval()
    net.attn.relative_position_bias_table.requires_grad_(trained)
    x = torch.randn(1, 6, 2, 3, dtype=torch.float64, requires_grad=True)
    # With a fixed table torch would take its fused kernel on a CPU, too.
    with nullcontext() if trained else sdpa_kernel(SDPBackend.MATH):
        assert torch.autograd.gradgradcheck(net, x)


@pytest.mark.slow
def test_block_and_head_compiled_by_inductor():
    net = block().float()
    head = LocalizationHead(in_channels=[6, 6], hidden_channels=(4,))
    x = torch.randn(2, 6, 8, 8).to(memory_format=torch.channels_last)

    def forward(x):
        x = net(x)
        return head([x, x[:, :, ::2, ::2]])

    def run(function):
        net.zero_grad()
        head.zero_grad()
        logit = function(x)
        logit.square().sum().backward()
        return [logit.detach(), *(p.grad for m in (net, head) for p in m.parameters())]

    expected = run(forward)
    found = run(torch.compile(forward, backend='inductor', fullgraph=True))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_what_fused_kernels_ask_for(monkeypatch):
    """CUDA's fused attention: heads of a multiple of 8, no strided last dimension."""
    given = {}
    plain = torch.nn.functional.scaled_dot_product_attention

    def recorded(q, k, v, attn_mask, scale):
        given.update(q=q, k=k, v=v, mask=attn_mask)
        return plain(q, k, v, attn_mask=attn_mask, scale=scale)

    monkeypatch.setattr('torch.nn.functional.scaled_dot_product_attention', recorded)
    WindowAttention(26, num_heads=2, window_size=3)(torch.rand(1, 7, 5, 26))
    assert {given[name].shape[-1] for name in 'qkv'} == {16}
    assert all(tensor.stride(-1) == 1 for tensor in given.values())
