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


def one_source(seed, size=16):
    """Embeddings of one centre with a broad texture along one direction."""
    generator = torch.Generator().manual_seed(seed)
    centre, direction = torch.eye(8)[:2, :, None, None]
    spread = torch.randn(1, size, size, generator=generator)
    noise = 0.1 * torch.randn(8, size, size, generator=generator)
    return 2 * centre + spread * direction + noise


def test_one_source_gives_no_region_and_a_low_score():
    one = torch.stack([one_source(seed) for seed in range(20)])
    head = ClusterHead()
    prob = head([one]).sigmoid()
    assert (prob * 255 <= 127).all() and head.separation.max() < 0.2
    # Two clusters are there, as MPC's rule finds them, and the order is theirs.
    plain = ClusterHead(least_separation=0)([one])
    assert (plain > 0).float().mean() > 0.3
    assert torch.equal(plain.flatten(1).argsort(1), head([one]).flatten(1).argsort(1))


def test_two_sources_keep_their_map_in_a_batch_with_one():
    two, truth = two_blobs()
    head, plain = ClusterHead(), ClusterHead(least_separation=0)
    maps = [torch.stack([two, one_source(0)])]
    logits = head(maps)
    assert torch.equal(logits[0], plain(maps)[0])
    assert torch.equal(logits[0, 0] > 0, truth) and not (logits[1] > 0).any()
    found = head.separation
    assert found[0] > 0.2 > found[1]


def test_the_score_of_an_image_rises_with_its_separation():
    generator = torch.Generator().manual_seed(0)
    maps, _ = two_blobs(share=0.3, noise=0.0)
    noise = torch.randn(8, 16, 16, generator=generator)
    levels = torch.stack([maps + level * noise for level in (0, 0.5, 1, 2, 4, 8)])
    head = ClusterHead(least_separation=2.0)  # shifts all of them
    top = head([levels]).flatten(1).amax(1)
    assert torch.equal(top.argsort(), head.separation.argsort())


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
