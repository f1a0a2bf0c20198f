import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses import MultiViewPixelContrastLoss, info_nce

VIEWS = ['WithinImageView', 'CrossScaleView', 'CrossModalityView']
SIZES = (16, 8, 4, 2)


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


def pixels(m, mask, label):
    """Unit embeddings of one image's pixels of a class, by a plain loop."""
    size = m.shape[-1]
    step = mask.shape[-1] // size
    return torch.stack(
        [
            F.normalize(m[:, y, x], dim=0)
            for y in range(size)
            for x in range(size)
            if mask[y * step, x * step] == label
        ]
        or [m[:, 0, 0]][:0]
    )


@pytest.mark.parametrize('positives', ['own', 'other'])
def test_views_against_plain_loops(positives):
    def contrast(queries, negatives, others):
        return info_nce(
            queries, negatives, 0.1, others if positives == 'other' else None
        )

    first, second, mask = passes(seed=0), passes(seed=1), masks()
    mask[1] = mask[1].flip(1)
    views = [dict(type=v, positives=positives) for v in VIEWS[1:]]
    losses = MultiViewPixelContrastLoss(views=[dict(type='WithinImageView'), *views])(
        first, second, mask
    )
    expected = dict.fromkeys(['within_image', 'cross_scale', 'cross_modality'], 0.0)
    for b in range(2):
        a0, f0 = (pixels(first[0][b], mask[b], c) for c in (0, 1))
        a2, f2 = (pixels(second[0][b], mask[b], c) for c in (0, 1))
        ac, fc = (
            torch.cat([pixels(m[b], mask[b], c) for m in first[1:]]) for c in (0, 1)
        )
        expected['within_image'] += info_nce(a0, f0) / 2
        expected['cross_scale'] += (contrast(a0, fc, ac) + contrast(ac, f0, a0)) / 2
        expected['cross_modality'] += (contrast(a0, f2, a2) + contrast(a2, f0, a0)) / 2
    for view, value in expected.items():
        assert losses[f'loss_{view}'].item() == pytest.approx(value.item(), rel=1e-5)


@pytest.mark.parametrize('removed', VIEWS)
def test_a_view_is_removable_and_no_map_goes_unused(removed):
    views = [dict(type=v) for v in VIEWS if v != removed]
    criterion = MultiViewPixelContrastLoss(views=views)
    first, second = passes(seed=0), passes(seed=1)
    losses = criterion(first, second if criterion.needs_second_pass else None, masks())
    losses = {name: v for name, v in losses.items() if name.startswith('loss_')}
    assert len(losses) == 2
    sum(losses.values()).backward()
    assert all(m.grad is not None and torch.isfinite(m.grad).all() for m in first)
    assert criterion.needs_second_pass == (removed != 'CrossModalityView')


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
    drawn = criterion.sampler([first[0][0]], [torch.zeros(16, 16)])
    assert drawn.authentic.shape == (9, 6) and drawn.forged.shape == (0, 6)
    torch.testing.assert_close(drawn.authentic.norm(dim=1), torch.ones(9))


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
