import torch

from mpc_mmseg.models.losses.pair_packing import Pair, group, pad


def test_padding_keeps_every_row_and_its_gradient():
    sets = [torch.randn(n, 3, requires_grad=True) for n in (4, 0, 2)]
    padded = pad(sets)
    assert padded.shape == (3, 4, 3)
    for row, x in zip(padded, sets):
        assert torch.equal(row[: len(x)], x)
        assert not row[len(x) :].any()
    (padded * torch.arange(36.0).view(3, 4, 3)).sum().backward()
    assert torch.equal(sets[2].grad, torch.arange(24.0, 30.0).view(2, 3))


def test_a_single_set_is_not_copied():
    x = torch.randn(5, 2)
    assert pad([x]).data_ptr() == x.data_ptr()


def test_like_sizes_share_a_group():
    sizes = [(100, 10), (100, 9), (100, 500), (99, 10)]
    assert sorted(map(sorted, group(sizes, 0))) == [[0], [1], [2], [3]]
    assert sorted(map(sorted, group(sizes, 200))) == [[0, 1, 3], [2]]
    assert group(sizes, 10**6) == [[2, 0, 1, 3]]
    assert group([(5, 5)] * 3, 0) == [[0, 1, 2]]
    assert group([], 0) == []


def test_what_is_degenerate():
    x = torch.randn(3, 2)
    assert not Pair(x, x).is_degenerate
    assert not Pair(x[:1], x, x).is_degenerate
    assert Pair(x[:1], x).is_degenerate
    assert Pair(x, x[:0]).is_degenerate
    assert Pair(x, x, x[:0]).is_degenerate
    assert Pair(x[:0], x, x).is_degenerate
