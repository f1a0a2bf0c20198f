import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mpc_mmseg.apis.inference.seen_embeddings import seen_embeddings
from mpc_mmseg.models.decode_heads.fuse import fuse


def test_embeddings_without_padding_and_without_a_second_pass(tiny_model):
    model = MODELS.build(tiny_model).eval()
    image = torch.randint(0, 255, (3, 64, 40), dtype=torch.uint8)
    meta = dict(ori_shape=(64, 40), img_shape=(64, 40))
    data = dict(inputs=[image], data_samples=[SegDataSample(metainfo=meta)])
    with seen_embeddings(model) as seen:
        model.test_step(data)
    [embeddings] = seen
    # Padded to 64 x 64 for the network; 40 of 64 columns are the image's.
    assert embeddings.shape == (32, 16, 10)
    inputs = model.data_preprocessor(data)['inputs']
    with torch.no_grad():
        expected = fuse(model.extract_feat(inputs))[0, :, :, :10]
    torch.testing.assert_close(embeddings, expected)
    model.test_step(data)
    assert len(seen) == 1


def test_views_and_further_images_are_not_kept(tiny_model):
    model = MODELS.build(tiny_model).eval()
    meta = dict(ori_shape=(64, 64), img_shape=(64, 64))

    def data():
        return dict(
            inputs=[torch.randint(0, 255, (3, 64, 64), dtype=torch.uint8)] * 2,
            data_samples=[SegDataSample(metainfo=meta)] * 2,
        )

    with seen_embeddings(model) as seen:
        model.test_step(data())
        [first] = list(seen)
        model.test_step(data())
    assert len(seen) == 1 and seen[0] is first


def test_a_model_without_parts_has_none():
    with seen_embeddings(torch.nn.Identity()) as seen:
        pass
    assert seen == []
