import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from mpc_mmseg.apis.inference.fold_batch_norm import fold_batch_norm
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer


def hrformer(extra):
    stages = dict(stage1=extra['stage1'])
    for n in range(2, 5):
        stages[f'stage{n}'] = dict(
            extra[f'stage{n}'],
            block='HRFORMER',
            num_heads=(2,) * n,
            window_sizes=(7,) * n,
            mlp_ratios=(2,) * n,
        )
    return dict(type='HRFormer', extra=stages)


def trained(cfg):
    """A segmentor whose BatchNorms are nothing like the identity."""
    torch.manual_seed(0)
    model = MODELS.build(cfg).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
            for tensor in (module.bias, module.running_mean):
                nn.init.normal_(tensor)
    return model


@pytest.mark.parametrize('backbone', ['hrnet', 'hrformer'])
@pytest.mark.parametrize('channels_last', [True, False])
def test_it_computes_the_same_with_fewer_layers(tiny_model, backbone, channels_last):
    if backbone == 'hrformer':
        tiny_model['backbone'] = hrformer(tiny_model['backbone']['extra'])
    model = trained(dict(tiny_model, phase='localize', channels_last=channels_last))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    folded = fold_batch_norm(model)
    left = [n for n, m in folded.named_modules() if isinstance(m, nn.BatchNorm2d)]
    # Of the fused maps, before any convolution.
    assert left == ['decode_head.stack.0']
    image = torch.rand(2, 3, 50, 70)
    with torch.no_grad():
        expected, found = model._forward(image), folded._forward(image)
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_an_order_that_mmcv_takes_wrongly_is_refused(tiny_model):
    model = trained(dict(tiny_model, phase='localize'))
    stack = model.decode_head.stack
    model.decode_head.stack = nn.Sequential(
        nn.Conv2d(32, 32, 1), nn.ReLU(), *stack[:1], *stack[1:]
    ).eval()
    with pytest.raises(RuntimeError, match=r'MPCSegmentor does not run each BatchNorm'):
        fold_batch_norm(model)


def test_a_model_in_training_is_refused(tiny_model):
    with pytest.raises(ValueError, match='eval'):
        fold_batch_norm(MODELS.build(tiny_model).train())


def test_the_inferencer_folds(tiny_config, tmp_path):
    tiny_config.model.phase = 'localize'
    tiny_config.dump(tmp_path / 'config.py')
    model = trained(tiny_config.model)
    torch.save(
        {'state_dict': model.state_dict(), 'meta': {'mpc_phase': 'localize'}},
        tmp_path / 'model.pth',
    )
    images = sorted((tmp_path / 'data/images').iterdir())[:2]
    probs = []
    for fold in (False, True):
        inferencer = ForgeryInferencer(
            tmp_path / 'config.py',
            tmp_path / 'model.pth',
            device='cpu',
            fold_batch_norm=fold,
        )
        norms = [m for m in inferencer.model.modules() if isinstance(m, nn.BatchNorm2d)]
        assert (len(norms) == 1) == fold
        probs.append([result.prob for result in inferencer(images)])
    for before, after in zip(*probs):
        assert after == pytest.approx(before, abs=1e-4)
