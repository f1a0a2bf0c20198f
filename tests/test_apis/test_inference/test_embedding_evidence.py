import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mpc_mmseg.apis.inference.embedding_evidence import (
    captured_embeddings,
    cluster_separation,
    separation_in_words,
)
from mpc_mmseg.models.decode_heads.fuse import fuse


def two_kinds(noise, seed=0):
    """(8, 12, 16): the top left quarter is of another kind."""
    generator = torch.Generator().manual_seed(seed)
    maps = noise * torch.randn(8, 12, 16, generator=generator)
    maps[0] += 1
    maps[0, :6, :8] -= 1
    maps[1, :6, :8] += 1
    return maps


def test_separation_falls_with_noise():
    scores = [cluster_separation(two_kinds(noise)) for noise in (0.0, 0.1, 0.3, 3.0)]
    # Orthogonal centres, and a quarter of the pixels: (1 - 0) * (1 - 2 / 4).
    assert scores[0] == pytest.approx(0.5, abs=1e-4)
    assert scores == sorted(scores, reverse=True)
    assert separation_in_words(scores[1]) == 'strong'
    assert separation_in_words(scores[3]) == 'none'


def test_separation_by_hand():
    # Three unit vectors: two alike up to 60 degrees, one opposite to their middle.
    half = np.pi / 6
    angles = torch.tensor([half, -half, np.pi])
    maps = torch.stack([angles.cos(), angles.sin()]).float()[:, None]
    assert cluster_separation(maps) == pytest.approx(2 * (1 - 2 / 3), abs=1e-5)


def test_one_kind_of_embedding_separates_nothing():
    assert cluster_separation(torch.ones(4, 5, 6)) == 0
    assert cluster_separation(torch.ones(4, 1, 1)) == 0


def test_embeddings_without_padding_and_without_a_second_pass(tiny_model):
    model = MODELS.build(tiny_model).eval()
    image = torch.randint(0, 255, (3, 64, 40), dtype=torch.uint8)
    meta = dict(ori_shape=(64, 40), img_shape=(64, 40))
    data = dict(inputs=[image], data_samples=[SegDataSample(metainfo=meta)])
    with captured_embeddings(model) as captured:
        model.test_step(data)
    [embeddings] = captured
    # Padded to 64 x 64 for the network; 40 of 64 columns are the image's.
    assert embeddings.shape == (32, 16, 10)
    inputs = model.data_preprocessor(data)['inputs']
    with torch.no_grad():
        expected = fuse(model.extract_feat(inputs))[0, :, :, :10]
    torch.testing.assert_close(embeddings, expected)
    model.test_step(data)
    assert len(captured) == 1


def test_views_and_further_images_are_not_kept(tiny_model):
    model = MODELS.build(tiny_model).eval()
    meta = dict(ori_shape=(64, 64), img_shape=(64, 64))

    def data():
        return dict(
            inputs=[torch.randint(0, 255, (3, 64, 64), dtype=torch.uint8)] * 2,
            data_samples=[SegDataSample(metainfo=meta)] * 2,
        )

    with captured_embeddings(model) as captured:
        model.test_step(data())
        [first] = list(captured)
        model.test_step(data())
    assert len(captured) == 1 and captured[0] is first


def test_a_model_without_parts_has_none():
    with captured_embeddings(torch.nn.Identity()) as captured:
        pass
    assert captured == []
