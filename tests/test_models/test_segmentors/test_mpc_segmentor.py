import copy

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mpc_mmseg.models.necks import MultiScaleProjection
from mpc_mmseg.probability import resize_probability


def build(config, **changes):
    torch.manual_seed(0)
    return MODELS.build({**copy.deepcopy(config), **changes})


def samples(n=2, size=(64, 64), label=None):
    found = []
    for _ in range(n):
        mask = torch.zeros(1, *size, dtype=torch.long)
        mask[:, 10:40, 20:50] = 1
        if label is not None:
            mask[:] = label
        sample = SegDataSample(
            metainfo=dict(img_shape=size, ori_shape=(50, 70), img_path='x.png')
        )
        sample.gt_sem_seg = PixelData(data=mask)
        found.append(sample)
    return found


PARTS = {
    'contrast': {'backbone', 'neck'},
    'localize': {'decode_head'},
    'supervised': {'backbone', 'neck', 'decode_head'},
    'joint': {'backbone', 'neck', 'decode_head'},
}
VIEWS = {'loss_within_image', 'loss_cross_scale', 'loss_cross_modality'}
CONTRAST = dict(type='MultiViewPixelContrastLoss')
PROJECTOR = dict(type='NonlinearProjector', in_channels=8, out_channels=4)


@pytest.mark.parametrize('phase', PARTS)
def test_a_phase_trains_its_parts_alone(tiny_model, phase):
    model = build(tiny_model, phase=phase, contrast_loss=CONTRAST)
    losses = model.loss(torch.rand(2, 3, 64, 64), samples())
    sum(losses.values()).backward()
    trained = {n.split('.')[0] for n, p in model.named_parameters() if p.requires_grad}
    assert trained == PARTS[phase]
    for name, parameter in model.named_parameters():
        assert (parameter.grad is not None) == (name.split('.')[0] in PARTS[phase])
    expected = {'contrast': VIEWS, 'joint': {'loss_bce', *VIEWS}}
    named = {name for name in losses if name.startswith('loss')}
    assert named == expected.get(phase, {'loss_bce'})


def test_frozen_parts_do_not_move(tiny_model):
    model = build(tiny_model, phase='localize').train()
    before = copy.deepcopy(model.backbone.state_dict())
    first = model.extract_feat(torch.rand(2, 3, 64, 64))
    assert not first[0].requires_grad
    model.loss(torch.rand(2, 3, 64, 64), samples())
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_frozen_eval_off_lets_statistics_drift(tiny_model):
    model = build(tiny_model, phase='localize', frozen_eval=False).train()
    before = model.backbone.bn1.running_mean.clone()
    model.loss(torch.rand(2, 3, 64, 64), samples())
    assert not torch.equal(model.backbone.bn1.running_mean, before)


def test_changing_phase_drops_gradients_and_keeps_frozen_stages(tiny_model):
    tiny_model['backbone']['frozen_stages'] = 1
    model = build(tiny_model, phase='contrast')
    frozen = {n for n, p in model.backbone.named_parameters() if not p.requires_grad}
    assert 'conv1.weight' in frozen
    sum(model.loss(torch.rand(2, 3, 64, 64), samples()).values()).backward()
    model.set_phase('localize')
    assert all(p.grad is None for p in model.parameters())
    model.set_phase('contrast')
    again = {n for n, p in model.backbone.named_parameters() if not p.requires_grad}
    assert again == frozen


def test_the_second_pass_differs_and_is_skipped_when_no_view_needs_it(tiny_model):
    model = build(tiny_model).train()
    x = torch.rand(2, 3, 64, 64)
    assert not torch.equal(model.extract_feat(x)[0], model.extract_feat(x)[0])
    tiny_model['contrast_loss'] = dict(
        type='MultiViewPixelContrastLoss', views=[dict(type='WithinImageView')]
    )
    single = build(tiny_model).train()
    calls = []
    single.backbone.register_forward_hook(lambda *_: calls.append(1))
    single.loss(x, samples())
    assert len(calls) == 1


def test_the_second_pass_projects_the_finest_map_alone(tiny_model, monkeypatch):
    project, results = MultiScaleProjection.forward, []
    x = torch.rand(2, 3, 64, 64)
    for of_all in (False, True):
        if of_all:
            monkeypatch.setattr(
                MultiScaleProjection,
                'forward',
                lambda neck, maps, finest_only=False: project(neck, maps),
            )
        model = build(tiny_model).train()
        torch.manual_seed(1)
        losses = model.loss(x, samples())
        sum(v for k, v in losses.items() if k.startswith('loss')).backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        updates = [int(p.bn.num_batches_tracked) for p in model.neck.projections]
        results.append((losses, gradients, updates))
    (losses, gradients, updates), (expected, expected_gradients, all_updates) = results
    assert losses['loss_cross_modality'] > 0
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(gradients, expected_gradients)
    # The statistics of the coarser maps are updated once, by the first pass.
    assert updates == [2, 1, 1, 1] and all_updates == [2, 2, 2, 2]


@pytest.mark.parametrize('phase', ['contrast', 'localize', 'joint'])
@pytest.mark.parametrize('label', [0, 1, 255])
def test_one_class_in_a_batch_trains_on_with_finite_losses(tiny_model, phase, label):
    model = build(tiny_model, phase=phase, contrast_loss=CONTRAST).train()
    total = sum(model.loss(torch.rand(2, 3, 64, 64), samples(label=label)).values())
    total.backward()
    assert torch.isfinite(total)
    for parameter in model.parameters():
        if parameter.requires_grad:
            assert torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize('phase', ['contrast', 'localize'])
def test_prediction_at_the_original_size(tiny_model, phase):
    model = build(tiny_model, phase=phase).eval()
    x = torch.rand(2, 3, 64, 64)
    results = model.predict(x, samples())
    prob = model._forward(x).sigmoid()
    for result, low in zip(results, prob):
        assert result.forgery_prob.data.shape == (1, 50, 70)
        expected = resize_probability(low[0].detach().numpy(), (50, 70))
        torch.testing.assert_close(
            result.forgery_prob.data[0], torch.from_numpy(expected)
        )
        mask = result.forgery_prob.data > 0.5
        assert torch.equal(result.pred_sem_seg.data.bool(), mask)


def test_padding_and_flips_are_undone(tiny_model):
    model = build(tiny_model, phase='localize').eval()
    x = torch.rand(1, 3, 64, 64)
    plain = samples(1)
    plain[0].set_metainfo(dict(ori_shape=(64, 64)))
    expected = model.predict(x, plain)[0].forgery_prob.data
    flipped = samples(1)
    flipped[0].set_metainfo(
        dict(ori_shape=(64, 64), flip=True, flip_direction='horizontal')
    )
    torch.testing.assert_close(
        model.predict(x, flipped)[0].forgery_prob.data.flip(2), expected
    )
    padded = samples(1)
    padded[0].set_metainfo(dict(ori_shape=(48, 64), img_shape=(48, 64)))
    found = model.predict(x, padded)[0].forgery_prob.data
    # The padded map is upsampled to the input's size before it is cut.
    low = model._forward(x).sigmoid().detach()
    full = torch.nn.functional.interpolate(low, (64, 64), mode='bilinear')
    torch.testing.assert_close(found, full[0, :, :48])


def test_channels_last_gives_the_same_map(tiny_model):
    x = torch.rand(2, 3, 64, 64)
    maps = [
        build(tiny_model, phase='localize', channels_last=flag).eval()._forward(x)
        for flag in (False, True)
    ]
    torch.testing.assert_close(*maps, rtol=1e-4, atol=1e-5)


def test_joint_is_the_sum_of_both_losses(tiny_model):
    views = [dict(type='WithinImageView'), dict(type='CrossScaleView')]
    contrast = dict(CONTRAST, views=views)
    model = build(tiny_model, contrast_loss=contrast, contrast_weight=0.25).eval()
    # In eval mode all phases see the same maps.
    x, found = torch.rand(2, 3, 64, 64), {}
    for phase in ('contrast', 'supervised', 'joint'):
        model.set_phase(phase)
        calls = []
        hook = model.backbone.register_forward_hook(lambda *_, c=calls: c.append(1))
        found[phase] = model.loss(x, samples())
        hook.remove()
        assert len(calls) == 1
    joint = found.pop('joint')
    torch.testing.assert_close(joint['loss_bce'], found['supervised']['loss_bce'])
    for name, value in found['contrast'].items():
        factor = 0.25 if name.startswith('loss') else 1
        torch.testing.assert_close(joint[name], value * factor)
    assert torch.equal(model._forward(x), model.decode_head(model.extract_feat(x)))


def test_the_projector_is_for_the_contrast_alone(tiny_model):
    model = build(tiny_model, contrast_loss=CONTRAST, projector=PROJECTOR).train()
    shapes = []
    model.projector.register_forward_hook(
        lambda _, __, out: shapes.append([m.shape[1] for m in out])
    )
    x = torch.rand(2, 3, 64, 64)
    for phase, passes in dict(contrast=2, joint=2, localize=0, supervised=0).items():
        model.set_phase(phase)
        shapes.clear()
        sum(v for k, v in model.loss(x, samples()).items() if 'loss' in k).backward()
        # Of the second forward pass the finest map alone.
        assert shapes == [[4] * 4, [4]][:passes]
        for name, parameter in model.named_parameters():
            assert (parameter.grad is not None) == parameter.requires_grad, name
        shapes.clear()
        model.predict(x)
        assert not shapes


def test_any_mmseg_head_localizes(tiny_model):
    tiny_model['decode_head'] = dict(
        type='FCNHead',
        in_channels=8,
        channels=8,
        num_convs=1,
        in_index=0,
        num_classes=2,
        out_channels=2,
        loss_decode=dict(type='CrossEntropyLoss'),
    )
    model = build(tiny_model, phase='localize')
    x = torch.rand(2, 3, 64, 64)
    assert torch.isfinite(model.loss(x, samples())['loss_ce'])
    result = model.eval().predict(x, samples())[0].forgery_prob.data
    assert result.shape == (1, 50, 70) and result.min() >= 0 and result.max() <= 1


def test_bad_arguments_are_named(tiny_model):
    with pytest.raises(ValueError, match='phase'):
        build(tiny_model, phase='cluster')
    with pytest.raises(ValueError, match='no contrast_loss'):
        build(tiny_model, phase='joint')
    with pytest.raises(ValueError, match='contrast_weight'):
        build(tiny_model, contrast_weight=0)
    with pytest.raises(ValueError, match='threshold'):
        build(tiny_model, test_cfg=dict(threshold=0))
    with pytest.raises(ValueError, match=r'test_cfg\.mode is unknown'):
        build(tiny_model, test_cfg=dict(mode='slide', threshold=0.5))
