import math

import pytest
import torch

from mpc_mmseg.models.losses.samplers import (
    BoundaryPixelSampler,
    HardPixelSampler,
    RandomPixelSampler,
    draw,
    draw_shares,
    hardness,
    near_edge,
)


def test_all_pixels_of_two_maps_by_class():
    maps = [torch.arange(1.0, 9.0).view(1, 1, 2, 4), torch.tensor([[[[-3.0]]]])]
    masks = [torch.tensor([[[0, 0, 1, 255], [1, 0, 0, 0]]]), torch.tensor([[[1]]])]
    drawn = RandomPixelSampler()(maps, masks)
    # One channel: normalised to its sign.
    assert drawn.authentic.rows.flatten().tolist() == [1.0] * 5
    assert drawn.forged.rows.flatten().tolist() == [1.0, 1.0, -1.0]


@pytest.mark.parametrize(
    'sampler', [RandomPixelSampler, BoundaryPixelSampler, HardPixelSampler]
)
@pytest.mark.parametrize('max_pixels', [1, 7, 100])
def test_each_image_of_a_batch_gets_its_own_pixels(sampler, max_pixels):
    # One-hot pixels: what was drawn shows where it came from.
    maps = [torch.eye(36).view(1, 36, 6, 6).repeat(4, 1, 1, 1).requires_grad_()]
    mask = torch.zeros(4, 6, 6, dtype=torch.long)
    mask[1, :2], mask[2], mask[3, 0, 0], mask[3, 3:] = 1, 1, 1, 255
    drawn = sampler(max_pixels=max_pixels)(maps, [mask])
    for label, packed in enumerate(drawn):
        sizes = (mask == label).sum((1, 2)).clamp(max=max_pixels).tolist()
        assert packed.counts.tolist() == packed.sizes == sizes
        for rows, labels, size in zip(packed.rows, mask, sizes):
            assert rows[:size].sum(1).tolist() == [1] * size
            assert not rows[size:].any()
            picked = rows[:size].sum(0).view(6, 6)
            assert picked.max() <= 1 and picked.sum() == size
            assert (labels[picked > 0] == label).all()
    # The gradient reaches what was drawn, and padding has none.
    sum(x.rows[..., 0].sum() for x in drawn).backward()
    assert torch.isfinite(maps[0].grad).all()


def test_draws_without_replacement():
    maps, masks = [torch.rand(2, 8, 10, 10) + 0.1], [torch.zeros(2, 10, 10)]
    drawn = RandomPixelSampler(max_pixels=60)(maps, masks)
    assert drawn.authentic.rows.flatten(0, 1).unique(dim=0).shape == (120, 8)
    assert drawn.forged.sizes == [0, 0]


def test_draws_are_uniform():
    torch.manual_seed(0)
    members = (torch.arange(10) > 3).expand(2, 3000, 10)
    shares = draw(members, 2).float().mean(1)
    expected = torch.tensor([0.0] * 4 + [1 / 3] * 6).expand(2, 10)
    # Five standard deviations of a share of 3000 draws.
    torch.testing.assert_close(shares, expected, atol=0.043, rtol=0)


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_a_single_map_is_not_copied(layout):
    class Recorder(RandomPixelSampler):
        def pick(self, pixels, masks, classes):
            self.seen = pixels
            return super().pick(pixels, masks, classes)

    m = torch.rand(2, 3, 4, 5).contiguous(memory_format=layout)
    sampler = Recorder(max_pixels=10)
    sampler([m], [torch.zeros(2, 4, 5)])
    assert sampler.seen.data_ptr() == m.data_ptr()
    assert torch.equal(sampler.seen, m.permute(0, 2, 3, 1).reshape(2, 20, 3))


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
    first, second = torch.arange(200).split(100)
    first, second = first < preferred, second < 100 + rest
    none = torch.zeros_like(first)
    first, second = torch.cat([first, none]), torch.cat([none, second])
    chosen = draw_shares(first.expand(3, -1), second.expand(3, -1), 10, share)
    assert (chosen & first).sum(1).tolist() == [expected[0]] * 3
    assert (chosen & second).sum(1).tolist() == [expected[1]] * 3
    assert not (chosen & ~first & ~second).any()


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
    found = near_edge(torch.stack([mask, mask.flip(0)]), radius)
    assert torch.equal(found[0], naive_near_edge(mask, radius))
    assert torch.equal(found[1], found[0].flip(0))


def sample(sampler, mask):
    """The pixels that a sampler takes, as a boolean map for each class."""
    size = mask.numel()
    maps = [torch.eye(size).view(1, size, *mask.shape)]  # each pixel its own direction
    drawn = sampler(maps, [mask[None]])
    return [x.rows.sum(1).view(mask.shape) > 0 for x in drawn]


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


def circle(angles):
    """Embeddings (1, 2, 1, N) at the angles, of lengths that must not matter."""
    angles = torch.tensor(angles)
    lengths = torch.linspace(0.5, 3, len(angles))
    return (lengths * torch.stack([angles.cos(), angles.sin()]))[None, :, None]


def test_hardness_of_the_naive_loop():
    torch.manual_seed(0)
    negatives, anchors = torch.randn(7, 5), torch.randn(4, 5)
    for value, negative in zip(hardness(negatives[None], anchors[None])[0], negatives):
        expected = max(
            torch.cosine_similarity(negative, a, dim=0).item() for a in anchors
        )
        assert value.item() == pytest.approx(expected, abs=1e-6)


def test_the_hardest_come_first_and_the_rest_at_random():
    # Authentic at 0 and pi / 2; forged further and further from both.
    forged = [0.1, math.pi / 2 + 0.2, *torch.linspace(2.4, 4.5, 30).tolist()]
    maps = [circle([0.0, math.pi / 2, *forged])]
    masks = [torch.tensor([[[0, 0] + [1] * len(forged)]])]
    drawn = HardPixelSampler(max_pixels=4, share=0.5)(maps, masks)
    pixels = drawn.forged.rows[0]
    angles = torch.atan2(pixels[:, 1], pixels[:, 0]) % (2 * math.pi)
    assert sorted(angles.tolist())[:2] == pytest.approx(forged[:2], abs=1e-4)
    assert pixels.shape == (4, 2) and (angles > 2.3).sum() == 2
    assert drawn.authentic.sizes == [2]


def test_share_of_zero_is_uniform_and_few_pixels_are_all_taken():
    maps, masks = [torch.randn(1, 3, 8, 8)], [torch.ones(1, 8, 8)]
    masks[0][0, 0] = 0
    everything = HardPixelSampler(max_pixels=100)(maps, masks)
    assert everything.forged.sizes == [56] and everything.authentic.sizes == [8]
    torch.manual_seed(0)
    one = HardPixelSampler(max_pixels=10, share=0)(maps, masks).forged.rows
    torch.manual_seed(1)
    other = HardPixelSampler(max_pixels=10, share=0)(maps, masks).forged.rows
    assert one.shape == (1, 10, 3) and not torch.equal(one, other)


def test_without_authentic_pixels_nothing_is_harder():
    maps = [torch.randn(1, 3, 4, 4)]
    drawn = HardPixelSampler(max_pixels=5)(maps, [torch.ones(1, 4, 4)])
    assert drawn.forged.sizes == [5] and drawn.authentic.sizes == [0]


@pytest.mark.parametrize(
    ('sampler', 'bad'),
    [
        (BoundaryPixelSampler, dict(share=1.5)),
        (BoundaryPixelSampler, dict(share=-0.1)),
        (BoundaryPixelSampler, dict(radius=0)),
        (BoundaryPixelSampler, dict(max_pixels=0)),
        (HardPixelSampler, dict(share=2)),
        (HardPixelSampler, dict(num_anchors=0)),
    ],
)
def test_bad_arguments_are_named(sampler, bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        sampler(**bad)
