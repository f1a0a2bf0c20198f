import pytest
import torch
import torch.nn.functional as F

from mpc_mmseg.models.losses import MultiViewPixelContrastLoss, info_nce


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
