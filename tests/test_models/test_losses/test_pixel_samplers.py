import pytest
import torch

from mpc_mmseg.models.losses import RandomPixelSampler
from mpc_mmseg.models.losses.pixel_samplers import draw_shares


def test_all_pixels_of_two_maps_by_class():
    maps = [torch.arange(1.0, 9.0).view(1, 2, 4), torch.tensor([[[-3.0]]])]
    masks = [torch.tensor([[0, 0, 1, 255], [1, 0, 0, 0]]), torch.tensor([[1]])]
    drawn = RandomPixelSampler()(maps, masks)
    # One channel: normalised to its sign.
    assert drawn.authentic.flatten().tolist() == [1.0] * 5
    assert drawn.forged.flatten().tolist() == [1.0, 1.0, -1.0]


def test_draws_without_replacement():
    maps, masks = [torch.rand(8, 10, 10) + 0.1], [torch.zeros(10, 10)]
    drawn = RandomPixelSampler(max_pixels=60)(maps, masks)
    assert drawn.authentic.unique(dim=0).shape == (60, 8)
    assert drawn.forged.shape == (0, 8)


@pytest.mark.parametrize(
    ('preferred', 'rest', 'share', 'expected'),
    [
        (100, 100, 0.5, (5, 5)),
        (100, 100, 0.0, (0, 10)),
        (100, 100, 1.0, (10, 0)),
        (2, 100, 0.5, (2, 8)),  # too few preferred: the rest fills up
        (100, 3, 0.5, (7, 3)),
        (2, 3, 0.5, (2, 3)),
        (0, 0, 0.5, (0, 0)),
    ],
)
def test_shares(preferred, rest, share, expected):
    chosen = draw_shares(torch.arange(preferred), -1 - torch.arange(rest), 10, share)
    assert ((chosen >= 0).sum().item(), (chosen < 0).sum().item()) == expected
    assert chosen.unique().numel() == chosen.numel()
