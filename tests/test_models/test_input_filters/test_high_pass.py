import pytest
import torch

from mpc_mmseg.models.input_filters import HighPass


def test_no_answer_to_a_plain_or_sloping_scene():
    slope = torch.linspace(0, 1, 16).expand(1, 3, 16, 16)
    out = HighPass()(slope)
    assert out.shape == (1, 3, 16, 16)
    assert out[..., 1:-1, 1:-1].abs().max() < 1e-4


def test_answer_to_one_pixel_by_hand():
    image = torch.zeros(1, 3, 9, 9)
    image[..., 4, 4] = 1.2 / 255  # grey levels, alike in all colours
    out = HighPass(limit=3.0)(image)[0]
    # the middles of the kernels: -4 / 4, -2 / 2 and -2 / 2
    assert torch.allclose(out[:, 4, 4], torch.tensor(-1.2 / 3).expand(3), atol=1e-4)
    assert torch.allclose(out[1, 4, 3], torch.tensor(0.6 / 3), atol=1e-4)
    assert torch.allclose(out[2, 4, 3], torch.tensor(0.0), atol=1e-4)
    assert torch.allclose(out[2, 3, 4], torch.tensor(0.6 / 3), atol=1e-4)


def test_cut_off():
    out = HighPass(limit=2.0)(torch.rand(1, 3, 32, 32))
    assert out.abs().max() == 1


def test_bad_limit():
    with pytest.raises(ValueError, match='limit'):
        HighPass(limit=0)
