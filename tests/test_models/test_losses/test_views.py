import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses.contrast_loss import MultiViewPixelContrastLoss
from mpc_mmseg.models.losses.info_nce import info_nce

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


@pytest.mark.parametrize('positives', ['own', 'other'])
def test_symmetric_anchors_against_both_directions(positives):
    first, second = torch.randn(2, 1, 6, 4, 4)
    mask = torch.zeros(1, 4, 4, dtype=torch.long)
    mask[:, 1:3, 1:] = 1
    views = [
        dict(type='WithinImageView'),
        dict(type='CrossModalityView', positives=positives),
    ]
    criterion = MultiViewPixelContrastLoss(
        views=views, anchors=dict(type='SymmetricAnchors')
    )
    losses = criterion([first], [second], mask)
    (a, f), (b, g) = (
        [F.normalize(m[0].flatten(1).T, dim=1)[mask.flatten() == c] for c in (0, 1)]
        for m in (first, second)
    )
    within = (info_nce(a, f) + info_nce(f, a)) / 2
    assert losses['loss_within_image'].item() == pytest.approx(within.item(), rel=1e-5)

    def contrast(queries, negatives, others):
        return info_nce(
            queries, negatives, 0.1, others if positives == 'other' else None
        )

    across = (
        contrast(a, g, b) + contrast(b, f, a) + contrast(f, b, g) + contrast(g, a, f)
    ) / 2
    value = losses['loss_cross_modality'].item()
    assert value == pytest.approx(across.item(), rel=1e-5)


def test_authentic_anchors_are_the_default():
    maps, mask = [torch.randn(1, 6, 4, 4)], torch.zeros(1, 4, 4, dtype=torch.long)
    mask[:, :2] = 1
    views = [dict(type='WithinImageView')]
    plain = MultiViewPixelContrastLoss(views=views)(maps, None, mask)
    named = MultiViewPixelContrastLoss(
        views=views, anchors=dict(type='AuthenticAnchors')
    )(maps, None, mask)
    assert plain == named
