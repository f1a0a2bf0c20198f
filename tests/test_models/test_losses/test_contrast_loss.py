import runpy
from itertools import chain
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mpc_mmseg.models.losses.contrast_loss import (
    MultiViewPixelContrastLoss,
    attached_zero,
    separation,
)
from mpc_mmseg.models.losses.info_nce import PackedSets, Pair, info_nce
from mpc_mmseg.models.losses.samplers import PixelSet
from mpc_mmseg.models.losses.supervised_contrast import supervised_contrast

TOOLS = Path(__file__).parents[3] / 'tools/analysis_tools'
LAUNCHES = runpy.run_path(str(TOOLS / 'launches.py'))
VIEWS = ['WithinImageView', 'CrossScaleView', 'CrossModalityView']
SIZES = (16, 8, 4, 2)
# Small blocks, as the constants of the two modules have them.
BLOCKS = {info_nce: dict(cpu=2000, cuda=2000), supervised_contrast: 5000}


def passes(batch=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(batch, 6, s, s, generator=generator).requires_grad_() for s in SIZES
    ]


def masks(batch=2):
    mask = torch.zeros(batch, 64, 64, dtype=torch.long)
    mask[:, 10:40, 20:60] = 1
    mask[:, :5] = 255
    return mask


@pytest.mark.parametrize('removed', VIEWS)
def test_a_view_is_removable_and_no_map_goes_unused(removed):
    views = [dict(type=v) for v in VIEWS if v != removed]
    criterion = MultiViewPixelContrastLoss(views=views)
    first, second = passes(seed=0), passes(seed=1)
    losses = criterion(first, second if criterion.needs_second_pass else None, masks())
    assert len(losses) == 2
    sum(losses.values()).backward()
    assert all(m.grad is not None and torch.isfinite(m.grad).all() for m in first)
    assert criterion.needs_second_pass == (removed != 'CrossModalityView')


def test_the_attached_zero_reads_one_element_of_a_map():
    maps = [torch.full((2, 3, 4, 4), torch.nan) for _ in range(2)]
    for m in maps:
        m[0, 0, 0, 0] = 5
        m.requires_grad_()
    zero = attached_zero(maps)
    zero.backward()
    assert zero == 0 and not any(m.grad.any() for m in maps)


@pytest.mark.parametrize('function', [info_nce, supervised_contrast])
def test_no_matrix_of_pairs_is_kept_for_backward(function, monkeypatch):
    monkeypatch.setitem(function.__globals__, 'BLOCK_ELEMENTS', BLOCKS[function])
    sets = [F.normalize(torch.randn(n, 4), dim=1) for n in (300, 200)]
    sizes = []

    def pack(x):
        sizes.append(x.numel())
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        loss = function(*(x.requires_grad_() for x in sets))
    assert max(sizes) <= 300 * 4 and loss.requires_grad


def test_weights_scale_their_view():
    first, second, mask = passes(), passes(seed=1), masks()
    views = [dict(type=v, weight=w) for v, w in zip(VIEWS, (1.0, 0.5, 0.0))]
    plain = MultiViewPixelContrastLoss()(first, second, mask)
    weighted = MultiViewPixelContrastLoss(views=views)(first, second, mask)
    for (name, value), factor in zip(plain.items(), (1.0, 0.5, 0.0)):
        assert weighted[name].item() == pytest.approx(factor * value.item())


@pytest.mark.parametrize('label', [0, 1, 255])
def test_one_class_gives_zero_with_finite_gradients(label):
    first, second = passes(), passes(seed=1)
    mask = torch.full((2, 64, 64), label)
    losses = MultiViewPixelContrastLoss()(first, second, mask)
    total = sum(losses.values())
    assert total.item() == 0
    total.backward()
    assert all(torch.equal(m.grad, torch.zeros_like(m)) for m in [*first, *second[:1]])


def test_sampling_is_seeded_and_bounded():
    first, second, mask = passes(), passes(seed=1), masks()
    criterion = MultiViewPixelContrastLoss(
        sampler=dict(type='RandomPixelSampler', max_pixels=9)
    )
    values = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        values.append(criterion(first, second, mask)['loss_within_image'].item())
    assert values[0] == values[1] != values[2]
    drawn = criterion.sampler(first[:1], [torch.zeros(2, 16, 16)])
    assert drawn.authentic.sizes == [9, 9] and drawn.forged.sizes == [0, 0]
    torch.testing.assert_close(drawn.authentic.rows.norm(dim=2), torch.ones(2, 9))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='temperature'):
        MultiViewPixelContrastLoss(temperature=0)
    with pytest.raises(ValueError, match='views'):
        MultiViewPixelContrastLoss(views=[])
    with pytest.raises(ValueError, match='distinct'):
        MultiViewPixelContrastLoss(views=[dict(type='WithinImageView')] * 2)
    with pytest.raises(ValueError, match='weight'):
        MultiViewPixelContrastLoss(views=[dict(type='WithinImageView', weight=-1)])
    with pytest.raises(ValueError, match='positives'):
        MultiViewPixelContrastLoss(views=[dict(type='CrossScaleView', positives='x')])
    with pytest.raises(ValueError, match='max_pixels'):
        MultiViewPixelContrastLoss(
            sampler=dict(type='RandomPixelSampler', max_pixels=0)
        )
    with pytest.raises(ValueError, match='second_pass'):
        MultiViewPixelContrastLoss()(passes(), None, masks())
    with pytest.raises(ValueError, match='two maps'):
        MultiViewPixelContrastLoss()(passes()[:1], passes()[:1], masks())


@pytest.mark.parametrize('sampler', ['Random', 'Boundary'])
@pytest.mark.parametrize('contrast', ['MeanPositive', 'Supervised'])
def test_launches_do_not_grow_with_the_batch(sampler, contrast, monkeypatch):
    # As on a GPU, where padding is cheaper than launches.
    monkeypatch.setitem(info_nce.__globals__['PADDING_FREE'], 'cpu', 2**22)
    criterion = MultiViewPixelContrastLoss(
        sampler=dict(type=f'{sampler}PixelSampler', max_pixels=50),
        views=[dict(type=view) for view in [*VIEWS, 'PrototypeView']],
        contrast=dict(type=f'{contrast}Contrast'),
        memory=dict(type='PrototypeMemory', channels=8),
    )
    steps = [LAUNCHES['of_contrast'](criterion, batch) for batch in (2, 8)]
    two, eight = (step.operators.total() for step in steps)
    assert 100 < eight <= 1.1 * two
    assert all(step.waits == {'tolist': 1} for step in steps)


def test_what_the_host_waits_for_is_seen():
    x = torch.arange(4.0)
    waits = {
        'tolist': lambda: x.tolist(),
        '_local_scalar_dense': lambda: bool(x[0] > 0),
        'nonzero': lambda: x.nonzero(),
        'index': lambda: x[x > 1],
    }
    for name, call in waits.items():
        with LAUNCHES['Launches']() as launches:
            call()
        assert launches.waits == {name: 1}
    with LAUNCHES['Launches']() as launches:
        x.sum() + x[torch.tensor([0, 1])]
    assert not launches.waits and launches.operators['sum'] == 1


FUNCTIONS = dict(MeanPositiveContrast=info_nce, SupervisedContrast=supervised_contrast)


@pytest.mark.parametrize(('name', 'function'), FUNCTIONS.items())
@pytest.mark.parametrize('free', [0, 10**9])
def test_each_pair_and_image_gets_its_loss(name, function, free, monkeypatch):
    monkeypatch.setitem(info_nce.__globals__, 'PADDING_FREE', dict(cpu=free, cuda=free))
    sets = [
        [F.normalize(torch.randn(n, 4), dim=1).requires_grad_() for n in sizes]
        for sizes in [(5, 7, 5, 1), (6, 3, 0, 4), (3, 4, 2, 0)]
    ]
    pairs = [Pair(*map(PackedSets.pack, sets[:n])) for n in (2, 3)]
    losses = MODELS.build(dict(type=name))(pairs, 0.2)
    expected = torch.stack(
        [
            torch.stack([function(*x[:2], 0.2, *x[2:n]) for x in zip(*sets)])
            for n in (2, 3)
        ]
    )
    torch.testing.assert_close(losses, expected)
    gradients = (
        torch.autograd.grad(x.sum(), [*chain(*sets)]) for x in (losses, expected)
    )
    for a, b in zip(*gradients):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(('name', 'function'), FUNCTIONS.items())
def test_the_loss_uses_the_contrast_of_its_config(name, function):
    maps, mask = [torch.randn(1, 6, 4, 4)], torch.zeros(1, 4, 4, dtype=torch.long)
    mask[:, 1:3, 1:] = 1
    criterion = MultiViewPixelContrastLoss(
        views=[dict(type='WithinImageView')], contrast=dict(type=name), temperature=0.3
    )
    loss = criterion(maps, None, mask)['loss_within_image']
    pixels = F.normalize(maps[0][0].flatten(1).T, dim=1)
    sets = [pixels[mask.flatten() == c] for c in (0, 1)]
    assert loss.item() == pytest.approx(function(*sets, 0.3).item(), rel=1e-5)


def unit(n, c=6, seed=0):
    torch.manual_seed(seed)
    return F.normalize(torch.randn(n, c, dtype=torch.float32) + 0.5, dim=1)


def pixel_set(*images):
    """The authentic and forged pixels of images."""
    return PixelSet(*map(PackedSets.pack, zip(*images)))


def naive_separation(sets):
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
    sets = [(unit(7), unit(4, seed=1)), (unit(2, seed=2), unit(5))]
    found = separation(pixel_set(*sets))
    intra, inter = naive_separation(sets)
    assert float(found['similarity_intra']) == pytest.approx(intra, abs=1e-5)
    assert float(found['similarity_inter']) == pytest.approx(inter, abs=1e-5)
    # An image with one class missing says nothing.
    more = separation(pixel_set(*sets, (unit(9), unit(0))))
    torch.testing.assert_close(more, found)


def test_collapse_and_separation_by_hand():
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    alike = separation(pixel_set((one.expand(3, 2), one.expand(4, 2))))
    assert [float(v) for v in alike.values()] == pytest.approx([1, 1])
    apart = separation(pixel_set((one.expand(3, 2), other.expand(4, 2))))
    assert [float(v) for v in apart.values()] == pytest.approx([1, 0])


def test_nothing_to_say_is_an_empty_log_and_no_graph_is_kept():
    assert separation(pixel_set((unit(5), unit(1)))) == {}
    points = unit(5).requires_grad_()
    found = separation(pixel_set((points, points)))
    assert not any(v.requires_grad for v in found.values())
