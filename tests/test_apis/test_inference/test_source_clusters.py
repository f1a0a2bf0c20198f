import numpy as np
import torch

from mpc_mmseg.apis.inference.source_clusters import find_sources, sources_picture


def embeddings(truth, noise=0.1, seed=0):
    """(16, h, w): unit centres of each source, and noise."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.eye(16)[torch.from_numpy(truth)].permute(2, 0, 1)
    return centres + noise * torch.randn(centres.shape, generator=generator)


def test_three_sources_are_found_without_their_number():
    truth = np.zeros((40, 50), np.int64)
    truth[5:20, 5:20], truth[25:35, 30:40] = 1, 2
    found = find_sources(embeddings(truth))
    # By size, and almost every pixel.
    assert (found == truth).mean() > 0.99 and found.max() == 2
    picture = sources_picture(found, (80, 100))
    assert picture.shape == (80, 100, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 3
    assert (picture[0, 0] == 0).all()


def test_one_source_is_one():
    for seed in range(3):
        found = find_sources(embeddings(np.zeros((30, 40), np.int64), seed=seed))
        assert found.shape == (30, 40) and not found.any()
    assert not find_sources(torch.ones(4, 5, 6)).any()
