import pytest
import torch

from mpc_mmseg.models.losses import BoundaryPixelSampler
from mpc_mmseg.models.losses.boundary_pixel_sampler import near_edge


def naive_near_edge(mask, radius):
    height, width = mask.shape
    near = torch.zeros_like(mask, dtype=torch.bool)
    for y in range(height):
        for x in range(width):
            if mask[y, x] not in (0, 1):
                continue
            window = mask[
                max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1
            ]
            near[y, x] = bool((window == 1 - mask[y, x]).any())
    return near


@pytest.mark.parametrize('radius', [1, 3])
def test_band_of_the_naive_loop(radius):
    generator = torch.Generator().manual_seed(0)
    blob = torch.rand(1, 5, 4, generator=generator)
    mask = (blob > 0.6).long().repeat_interleave(6, 1).repeat_interleave(6, 2)[0]
    mask[:4, :9] = 255
    assert torch.equal(near_edge(mask, radius), naive_near_edge(mask, radius))


def sample(sampler, mask):
    """The pixels that a sampler takes, as a boolean map for each class."""
    size = mask.numel()
    maps = [torch.eye(size).view(size, *mask.shape)]  # each pixel its own direction
    drawn = sampler(maps, [mask])
    return [x.sum(0).view(mask.shape) > 0 for x in drawn]


def test_share_from_the_band_and_the_rest_beyond():
    mask = torch.zeros(20, 20, dtype=torch.long)
    mask[5:15, 5:15] = 1
    band = near_edge(mask, 2)
    chosen = sample(BoundaryPixelSampler(max_pixels=30, share=0.6, radius=2), mask)
    for label, picked in enumerate(chosen):
        assert (mask[picked] == label).all()
        assert (picked & band).sum() == 18 and (picked & ~band).sum() == 12


def test_without_an_edge_it_is_uniform():
    mask = torch.zeros(6, 6, dtype=torch.long)
    authentic, forged = sample(BoundaryPixelSampler(max_pixels=10), mask)
    assert authentic.sum() == 10 and forged.sum() == 0


@pytest.mark.parametrize(
    'bad', [dict(share=1.5), dict(radius=0), dict(max_pixels=0), dict(share=-0.1)]
)
def test_bad_arguments_are_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        BoundaryPixelSampler(**bad)
