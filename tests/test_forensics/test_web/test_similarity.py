import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from mpc_mmseg.forensics.web.similarity import similarity_map


def test_similarity_is_the_cosine_to_the_clicked_pixel():
    maps = torch.randn(8, 12, 16)
    points = maps.flatten(1).T.numpy()
    expected = cosine_similarity(points[3 * 16 + 5][None], points).reshape(12, 16)
    assert similarity_map(maps, (5, 3), (12, 16)) == pytest.approx(expected, abs=1e-6)


def test_a_click_on_the_image_finds_its_embedding():
    maps = torch.zeros(8, 12, 16)
    maps[0] = 1
    maps[:2, :6, :8] = torch.tensor([0.0, 1.0])[:, None, None]
    result = similarity_map(maps, (10, 10), (48, 64))
    assert result.shape == (48, 64) and result.dtype == np.float32
    assert result[:20, :28] == pytest.approx(1) and result[28:] == pytest.approx(0)
    # The last pixel is inside, the next one is not.
    assert similarity_map(maps, (63, 47), (48, 64))[0, 0] == pytest.approx(0)
    for outside in ((64, 0), (0, 48), (-1, 0)):
        with pytest.raises(ValueError, match='inside an image 64 wide and 48 high'):
            similarity_map(maps, outside, (48, 64))
