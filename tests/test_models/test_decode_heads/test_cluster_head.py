import pytest
import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans

from mpc_mmseg.models.decode_heads.cluster_head import ClusterHead, cosine_two_means


def two_blobs(share=0.2, noise=0.3, seed=0, size=16):
    generator = torch.Generator().manual_seed(seed)
    truth = torch.zeros(size, size, dtype=torch.bool)
    truth.flatten()[: int(share * size * size)] = True
    centres = torch.randn(2, 8, generator=generator)
    clean = torch.where(truth, centres[1][:, None, None], centres[0][:, None, None])
    return clean + noise * torch.randn(8, size, size, generator=generator), truth


def test_the_smaller_cluster_is_forged_whatever_the_order():
    examples = [two_blobs(share, seed=i) for i, share in enumerate((0.2, 0.8))]
    maps = torch.stack([m for m, _ in examples])
    mask = ClusterHead()([maps])[:, 0] > 0
    assert torch.equal(mask[0], examples[0][1])
    assert torch.equal(mask[1], ~examples[1][1])


def test_agrees_with_scikit_learn():
    points = F.normalize(two_blobs(noise=1.0)[0].flatten(1).T, dim=1)
    _, similarity = cosine_two_means(points[None])
    ours = similarity[0].argmax(1)
    theirs = torch.from_numpy(
        KMeans(2, n_init=10, random_state=0).fit_predict(points.numpy())
    )
    agreement = (ours == theirs).float().mean().item()
    # On the unit sphere both minimise nearly the same; scikit-learn's centres
    # have no unit length, so points on the border may differ.
    assert max(agreement, 1 - agreement) > 0.97


def test_map_sizes_and_repeatability():
    maps = [torch.randn(2, 4, 8, 8), torch.randn(2, 4, 4, 4)]
    head = ClusterHead()
    logits = head(maps)
    assert logits.shape == (2, 1, 8, 8)
    assert torch.equal(logits, head(maps))


@pytest.mark.parametrize('maps', [torch.ones(1, 4, 8, 8), torch.zeros(1, 4, 8, 8)])
def test_all_pixels_alike_stay_finite(maps):
    logits = ClusterHead()([maps])
    assert torch.isfinite(logits).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match='iterations'):
        ClusterHead(iterations=0)
