import pytest
import torch

from mpc_mmseg.models.backbones.window_attention import partition
from mpc_mmseg.models.backbones.window_rows import WindowRows

SIZES = [(7, 7), (1, 20), (16, 13), (5, 3)]


def rows_of(maps, size):
    rows = WindowRows(maps, size, (3, 2))
    windows = []
    for band, place in rows.bands(maps):
        windows.append(torch.empty(3, 2, rows.columns, size**2, 5))
        rows.take(band, place, windows[-1])
    return rows, windows


@pytest.mark.parametrize('size', SIZES)
def test_they_are_the_windows_of_the_padded_map(size):
    maps = torch.rand(2, *size, 30)
    _, windows = rows_of(maps, 7)
    # (B, M, N, S, S, p h d), as p, h, the row of windows, n, S * S, d
    expected = partition(maps, 7).flatten(0, 1).flatten(2, 3).unflatten(-1, (3, 2, 5))
    expected = expected.permute(0, 3, 4, 1, 2, 5)
    assert len(windows) == len(expected)
    assert all(torch.equal(a, b) for a, b in zip(windows, expected))


@pytest.mark.parametrize('size', SIZES)
def test_put_undoes_take(size):
    maps = torch.rand(2, *size, 30)
    rows, windows = rows_of(maps, 7)
    again = torch.full_like(maps, -1)
    for (band, place), taken in zip(rows.bands(again), windows):
        rows.put(taken, band, place)
    assert torch.equal(again, maps)


def test_the_shift_reaches_padding_and_further_channels_are_left():
    maps, shift = torch.rand(1, 2, 3, 12), torch.rand(12)
    rows = WindowRows(maps, 4, (1, 2))
    [(band, place)] = rows.bands(maps)
    into = torch.full((1, 2, 1, 16, 8), -1.0)
    rows.take(band, place, into, shift)
    assert (into[..., 6:] == -1).all()
    expected = shift.view(2, 1, 6).expand(2, 4, 6)  # the window's first row of tokens
    assert torch.equal(into[0, :, 0, :4, :6], expected)
    rows.take(band, place, into)
    assert (into[0, :, 0, :4, :6] == 0).all()
