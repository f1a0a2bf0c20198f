import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses import PixelSet, separation


def unit(n, c=6, seed=0):
    torch.manual_seed(seed)
    return F.normalize(torch.randn(n, c, dtype=torch.float32) + 0.5, dim=1)


def naive(sets):
    intra, inter = [], []
    for a, f in sets:
        within = []
        for points in (a, f):
            pairs = [
                float(points[i] @ points[j])
                for i in range(len(points))
                for j in range(len(points))
                if i != j
            ]
            within.append(sum(pairs) / len(pairs))
        intra.append(sum(within) / 2)
        between = [float(q @ k) for q in a for k in f]
        inter.append(sum(between) / len(between))
    return sum(intra) / len(intra), sum(inter) / len(inter)


def test_against_loops_over_all_pairs():
    sets = [PixelSet(unit(7), unit(4, seed=1)), PixelSet(unit(2, seed=2), unit(5))]
    found = separation(sets)
    intra, inter = naive(sets)
    assert float(found['similarity_intra']) == pytest.approx(intra, abs=1e-5)
    assert float(found['similarity_inter']) == pytest.approx(inter, abs=1e-5)
    # An image with one class missing says nothing.
    more = separation([*sets, PixelSet(unit(9), unit(0))])
    assert all(torch.equal(more[k], found[k]) for k in found)


def test_collapse_and_separation_by_hand():
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    alike = separation([PixelSet(one.expand(3, 2), one.expand(4, 2))])
    assert [float(v) for v in alike.values()] == pytest.approx([1, 1])
    apart = separation([PixelSet(one.expand(3, 2), other.expand(4, 2))])
    assert [float(v) for v in apart.values()] == pytest.approx([1, 0])


def test_nothing_to_say_is_an_empty_log_and_no_graph_is_kept():
    assert separation([]) == {}
    assert separation([PixelSet(unit(5), unit(1))]) == {}
    points = unit(5).requires_grad_()
    found = separation([PixelSet(points, points)])
    assert not any(v.requires_grad for v in found.values())
