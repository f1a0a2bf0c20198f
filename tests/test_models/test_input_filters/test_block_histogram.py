import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from scipy.fft import dctn

from mpc_mmseg.datasets.degradation import jpeg
from mpc_mmseg.models.input_filters import BlockHistogram
from mpc_mmseg.models.input_filters.block_histogram import (
    ZIGZAG,
    block_basis,
    soft_histogram,
)


def test_basis_gives_scipys_coefficients():
    block = np.random.default_rng(0).normal(size=(8, 8))
    expected = dctn(block, norm='ortho')
    basis = block_basis(len(ZIGZAG))[:, 0].numpy()
    for pattern, (v, h) in zip(basis, ZIGZAG):
        assert np.isclose((pattern * block).sum(), expected[v, h], atol=1e-5)


def test_soft_histogram_by_hand():
    values = torch.tensor([0.0, 1.25, 9.0]).view(1, 3, 1, 1)
    counts = soft_histogram(values, 4).view(3, 4)
    expected = torch.tensor([[1, 0, 0, 0], [0, 0.75, 0.25, 0], [0, 0, 0, 1.0]])
    assert torch.allclose(counts, expected)


def photograph(quality):
    """(1, 3, H, W) of a smooth random picture, perhaps saved as JPEG."""
    rng = np.random.default_rng(1)
    image = rng.normal(0, 25, (128, 192, 1)).repeat(3, axis=2) + 128
    image = image.clip(0, 255).astype(np.uint8)
    if quality:
        image = jpeg(image, quality)
    return torch.from_numpy(image / 255.0).float().permute(2, 0, 1)[None]


def occupied(image):
    """Share of the bins 1 to 15 of the first frequency that hold hardly anything."""
    view = BlockHistogram(frequencies=1)
    counts = soft_histogram(
        torch.nn.functional.conv2d(image, view.basis, stride=8).abs(), 17
    )
    return (counts.mean((0, 2, 3))[1:16] > 0.002).float().mean()


def test_compression_empties_bins_on_the_grid_alone():
    # quality 60 quantises the first frequency in steps of 9
    once = photograph(60)
    assert occupied(once) < 0.5
    assert occupied(photograph(None)) > 0.9
    assert occupied(once[..., 4:-4, 4:-4]) > 0.9


def test_histograms_by_a_loop():
    view = BlockHistogram(frequencies=3, bins=4, window=3)
    rng = np.random.default_rng(2)
    # Smooth enough for coefficients in all bins; two rows and columns of no full block.
    image = 0.5 + rng.normal(0, 0.01, (3, 26, 34))
    grey = 255 * np.tensordot([0.299, 0.587, 0.114], image, 1)
    counts = np.zeros((3, 4, 3, 4))  # frequency, bin, block row, block column
    for y, x in np.ndindex(3, 4):
        cosines = dctn(grey[8 * y : 8 * y + 8, 8 * x : 8 * x + 8], norm='ortho')
        for k, frequency in enumerate(ZIGZAG[:3]):
            value = min(abs(cosines[frequency]), 3)
            for b in range(4):
                counts[k, b, y, x] = max(0, 1 - abs(value - b))
    here = np.empty_like(counts)
    for y, x in np.ndindex(3, 4):
        window = counts[..., max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        here[..., y, x] = window.mean((2, 3))
    everywhere = counts.mean((2, 3), keepdims=True) + 0 * counts
    expected = np.concatenate([here - everywhere, everywhere]).reshape(24, 3, 4)
    assert (everywhere[:, :, 0, 0] > 0).all()
    found = view.histograms(torch.from_numpy(image)[None].float())[0].numpy()
    assert found.shape == (24, 4, 5)
    np.testing.assert_allclose(found[:, :3, :4], expected, atol=1e-4)


def test_shape_and_gradient_with_incomplete_blocks():
    view = MODELS.build(dict(type='BlockHistogram', out_channels=5, window=3))
    out = view(torch.rand(2, 3, 44, 64))
    assert out.shape == (2, 5, 44, 64)
    out.square().sum().backward()
    assert view.summary.conv.weight.grad.abs().sum() > 0
    assert not any('basis' in key for key in view.state_dict())


def test_one_vector_a_block():
    view = BlockHistogram(out_channels=4, block_pixels=4).eval()
    full = BlockHistogram(out_channels=4, block_pixels=8).eval()
    full.load_state_dict(view.state_dict())
    image = torch.rand(1, 3, 64, 96)
    assert view(image).shape == (1, 4, 32, 48)
    assert torch.equal(view(image)[..., ::4, ::4], full(image)[..., ::8, ::8])


@pytest.mark.parametrize(
    'bad',
    [
        dict(frequencies=16),
        dict(bins=1),
        dict(window=4),
        dict(out_channels=0),
        dict(block_pixels=0),
    ],
)
def test_bad_numbers(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        BlockHistogram(**bad)
