import pytest
import torch

from mpc_mmseg.models.backbones.window_attention import (
    WindowAttention,
    merge,
    partition,
    relative_position_index,
)


def naive(attention, x):
    """Token by token: pad, and attend within each window."""
    b, height, width, c = x.shape
    s, heads = attention.window_size, attention.num_heads
    top, left = -height % s // 2, -width % s // 2
    rows, columns = height + -height % s, width + -width % s
    padded = torch.zeros(b, rows, columns, c)
    padded[:, top : top + height, left : left + width] = x
    q, k, v = attention.qkv(padded).chunk(3, dim=-1)
    table = attention.relative_position_bias_table
    out = torch.zeros(b, rows, columns, c)
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


@pytest.mark.parametrize('size', [(3, 3), (4, 8), (1, 2)])
@pytest.mark.parametrize('channels', [6, 16])
def test_against_a_loop_over_tokens(size, channels):
    torch.manual_seed(0)
    attention = WindowAttention(channels, num_heads=2, window_size=3)
    torch.nn.init.normal_(attention.relative_position_bias_table)
    x = torch.randn(2, *size, channels)
    expected = naive(attention, x)
    gradients = torch.autograd.grad(
        expected.square().sum(), list(attention.parameters())
    )
    with torch.no_grad():  # torch's fused kernel
        torch.testing.assert_close(attention(x), expected.detach())
    found = attention(x.requires_grad_())  # with gradients for the bias
    torch.testing.assert_close(found, expected)
    found.square().sum().backward()
    for parameter, gradient in zip(attention.parameters(), gradients):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-4)


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
