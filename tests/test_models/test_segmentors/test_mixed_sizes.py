import pytest
import torch
from mmengine.runner import Runner
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mpc_mmseg.models.segmentors.mixed_sizes import size_by_size


def batch(*sizes):
    torch.manual_seed(0)
    return {
        'inputs': [torch.randint(0, 256, (3, *size)).float() for size in sizes],
        'data_samples': [
            SegDataSample(metainfo=dict(ori_shape=size, img_shape=size))
            for size in sizes
        ],
    }


@pytest.mark.parametrize('step', ['test_step', 'val_step'])
def test_each_image_is_predicted_as_in_a_batch_of_its_own_size(tiny_model, step):
    model = MODELS.build(tiny_model).eval()
    sizes = [(48, 64), (64, 40), (48, 64)]
    found = getattr(model, step)(batch(*sizes))
    assert [tuple(s.forgery_prob.data.shape[1:]) for s in found] == sizes
    data = batch(*sizes)
    for index, sample in enumerate(found):
        one = {key: values[index : index + 1] for key, values in data.items()}
        [alone] = getattr(model, step)(one)
        assert torch.allclose(
            sample.forgery_prob.data, alone.forgery_prob.data, atol=1e-5
        )


def test_a_batch_of_one_size_stays_one_batch():
    seen = []

    def step(data):
        seen.append(len(data['inputs']))
        return data['inputs']

    size_by_size(step, batch((8, 8), (8, 8)))
    size_by_size(step, batch((8, 8), (4, 8), (8, 8)))
    assert seen == [2, 2, 1]


def test_a_test_at_native_sizes_runs_at_any_batch_size(tiny_config):
    scores = []
    for size in (1, 3):
        loader = tiny_config.test_dataloader
        loader.batch_size = size
        loader.dataset.pipeline = [
            step for step in loader.dataset.pipeline if step.type != 'Resize'
        ]
        tiny_config.custom_hooks = []
        scores.append(Runner.from_cfg(tiny_config).test())
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
