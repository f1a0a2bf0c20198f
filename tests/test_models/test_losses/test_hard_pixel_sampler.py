import math

import pytest
import torch

from mpc_mmseg.models.losses import HardPixelSampler
from mpc_mmseg.models.losses.hard_pixel_sampler import hardness


def circle(angles):
    """Embeddings (2, 1, N) at the angles, of lengths that must not matter."""
    angles = torch.tensor(angles)
    lengths = torch.linspace(0.5, 3, len(angles))
    return (lengths * torch.stack([angles.cos(), angles.sin()]))[:, None]


def test_hardness_of_the_naive_loop():
    torch.manual_seed(0)
    negatives, anchors = torch.randn(7, 5), torch.randn(4, 5)
    for value, negative in zip(hardness(negatives, anchors), negatives):
        expected = max(
            torch.cosine_similarity(negative, a, dim=0).item() for a in anchors
        )
        assert value.item() == pytest.approx(expected, abs=1e-6)


def test_the_hardest_come_first_and_the_rest_at_random():
    # Authentic at 0 and pi / 2; forged further and further from both.
    forged = [0.1, math.pi / 2 + 0.2, *torch.linspace(2.4, 4.5, 30).tolist()]
    maps = [circle([0.0, math.pi / 2, *forged])]
    masks = [torch.tensor([[0, 0] + [1] * len(forged)])]
    drawn = HardPixelSampler(max_pixels=4, share=0.5)(maps, masks)
    angles = torch.atan2(drawn.forged[:, 1], drawn.forged[:, 0]) % (2 * math.pi)
    assert sorted(angles.tolist())[:2] == pytest.approx(forged[:2], abs=1e-4)
    assert drawn.forged.shape == (4, 2) and (angles > 2.3).sum() == 2
    assert drawn.authentic.shape == (2, 2)


def test_share_of_zero_is_uniform_and_few_pixels_are_all_taken():
    maps, masks = [torch.randn(3, 8, 8)], [torch.ones(8, 8)]
    masks[0][0] = 0
    everything = HardPixelSampler(max_pixels=100)(maps, masks)
    assert everything.forged.shape == (56, 3) and everything.authentic.shape == (8, 3)
    torch.manual_seed(0)
    one = HardPixelSampler(max_pixels=10, share=0)(maps, masks).forged
    torch.manual_seed(1)
    other = HardPixelSampler(max_pixels=10, share=0)(maps, masks).forged
    assert one.shape == (10, 3) and not torch.equal(one, other)


def test_without_authentic_pixels_nothing_is_harder():
    drawn = HardPixelSampler(max_pixels=5)([torch.randn(3, 4, 4)], [torch.ones(4, 4)])
    assert drawn.forged.shape == (5, 3) and drawn.authentic.shape == (0, 3)


@pytest.mark.parametrize('bad', [dict(share=2), dict(num_anchors=0)])
def test_bad_arguments_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        HardPixelSampler(**bad)
