import numpy as np
import pytest
import torch

from mpc_mmseg.evaluation.probability_map import probability_map


def sample(**fields):
    maps = {name: {'data': data} for name, data in fields.items()}
    return {'img_path': 'some/photo.jpg', **maps}


def test_forgery_prob_comes_first():
    prob = torch.rand(1, 4, 5)
    result = probability_map(sample(forgery_prob=prob, seg_logits=1 - prob))
    assert result.dtype == np.float32
    assert (result == prob[0].numpy()).all()


def test_one_channel_holds_probabilities_already():
    prob = torch.rand(1, 4, 5, dtype=torch.float16)
    result = probability_map(sample(seg_logits=prob))
    assert (result == prob[0].float().numpy()).all()


def test_two_channels_hold_logits():
    logits = torch.randn(2, 4, 5) * 5
    result = probability_map(sample(seg_logits=logits))
    assert result == pytest.approx((logits[1] - logits[0]).sigmoid().numpy(), abs=1e-6)
    assert ((result > 0.5) == (logits.argmax(0) == 1).numpy()).all()


def test_rounding_is_clipped_and_more_is_refused():
    assert (
        probability_map(sample(forgery_prob=torch.full((1, 2, 2), 1.00001))).max() == 1
    )
    for bad in (torch.full((1, 2, 2), 1.01), torch.tensor([[[0.5, float('nan')]]])):
        with pytest.raises(ValueError, match=r'some/photo\.jpg.*0\.\.1'):
            probability_map(sample(forgery_prob=bad))


def test_other_predictions_are_refused():
    with pytest.raises(ValueError, match=r'photo\.jpg.*neither'):
        probability_map(sample())
    with pytest.raises(ValueError, match=r'photo\.jpg.*\(3, 2, 2\)'):
        probability_map(sample(seg_logits=torch.zeros(3, 2, 2)))
