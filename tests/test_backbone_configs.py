"""Every backbone that a config names trains both phases and has two views."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mpc_mmseg.models.input_filters.whole_photograph import padding_known
from mpc_mmseg.models.necks import MultiScaleProjection
from mpc_mmseg.models.segmentors.padding import pad_to

MODELS_DIR = Path(__file__).parents[1] / 'configs/_base_/models'
#: Those of MPC with a backbone; the others hold what several share.
BASE = sorted(p for p in MODELS_DIR.glob('mpc_*.py') if 'backbone=' in p.read_text())

#: Backbone -> what makes it small, and the channels that it then has.
SMALL = {
    # Not narrower: see mpc_mmseg/models/segmentors/channels_last.py.
    'ResNetV1c': (
        dict(depth=18, base_channels=16, stem_channels=16),
        [16, 32, 64, 128],
    ),
    'SwinTransformer': (
        dict(embed_dims=8, depths=(2, 2, 2, 2), num_heads=(1, 1, 2, 2)),
        [8, 16, 32, 64],
    ),
    'MixVisionTransformer': (
        dict(embed_dims=4, num_layers=[2] * 4, num_heads=[1, 2, 4, 8]),
        [4, 8, 16, 32],
    ),
    'mmpretrain.ConvNeXt': (
        dict(arch=dict(depths=[2] * 4, channels=[4, 8, 16, 32])),
        [4, 8, 16, 32],
    ),
    'mmpretrain.VAN': (
        dict(
            arch=dict(
                embed_dims=[4, 8, 16, 32], depths=[2] * 4, ffn_ratios=[2, 2, 2, 2]
            )
        ),
        [4, 8, 16, 32],
    ),
}


def every_backbone(paths=BASE):
    return pytest.mark.parametrize(
        'path',
        [
            pytest.param(
                path,
                id=path.stem,
                marks=[pytest.mark.mmpretrain] * ("'mmpretrain." in path.read_text()),
            )
            for path in paths
        ],
    )


def narrow(extra):
    """HRNet's and HRFormer's description with one module and one block a stage."""
    for stage in extra.values():
        branches = stage.num_branches
        stage.update(
            num_modules=1,
            num_blocks=(1,) * branches,
            num_channels=tuple(4 * 2**i for i in range(branches)),
        )
        if 'num_heads' in stage:
            stage.num_heads = (1,) * branches


def small(path):
    """A config's model, narrow and shallow; what is random in it stays."""
    if "'mmpretrain." in path.read_text():
        import mmpretrain.models  # noqa: F401 - registers its backbones
    model = Config.fromfile(path).model
    filtered = model.backbone.type == 'FilteredBackbone'
    backbone = model.backbone.backbone if filtered else model.backbone
    for each in (backbone, backbone.get('first', {})):
        each.pop('init_cfg', None)
    if 'extra' in backbone:
        narrow(backbone.extra)
        channels = [4, 8, 16, 32]
    elif filtered or 'Lite' in str(backbone):  # small as it is
        channels = model.neck.in_channels
    else:
        changes, channels = SMALL[backbone.type]
        backbone.update(changes)
    model.neck.update(in_channels=channels, out_channels=8)
    model.decode_head.update(in_channels=[8] * len(channels), hidden_channels=(8,))
    return model


def samples(n, size):
    found = []
    for _ in range(n):
        mask = torch.zeros(1, *size, dtype=torch.long)
        mask[:, : size[0] // 2, : size[1] // 2] = 1
        sample = SegDataSample(metainfo=dict(img_shape=size, ori_shape=(50, 70)))
        sample.gt_sem_seg = PixelData(data=mask)
        found.append(sample)
    return found


@every_backbone()
def test_two_passes_of_every_image_differ_in_training_alone(path):
    torch.manual_seed(0)
    model = MODELS.build(small(path))
    x = torch.rand(4, 3, 64, 64)
    with torch.no_grad():
        model.train()
        first, second = model.extract_feat(x), model.extract_feat(x)
        # The contrast between passes is between their finest maps.
        for one, other in zip(first[0], second[0]):
            assert not torch.equal(one, other)
        model.eval()
        first, second = model.extract_feat(x), model.extract_feat(x)
        for one, other in zip(first, second):
            assert torch.equal(one, other)


@every_backbone()
def test_nothing_but_stochastic_depth_and_dropout_makes_the_second_view(path):
    torch.manual_seed(0)
    config = small(path)
    # Behind views of the photograph stands the network itself.
    backbone = config.backbone.get('backbone', config.backbone)
    config.neck.dropout = 0.0
    if 'drop_path_rate' in backbone:
        backbone.drop_path_rate = 0.0
    model = MODELS.build(config).train()
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        first, second = model.extract_feat(x), model.extract_feat(x)
    assert all(torch.equal(one, other) for one, other in zip(first, second))


@every_backbone()
@pytest.mark.parametrize('size', [(33, 47), (100, 64)])
def test_any_size_trains_and_predicts(path, size):
    torch.manual_seed(0)
    model = MODELS.build(small(path))
    x = torch.rand(2, 3, *size)
    for phase in ('contrast', 'localize'):
        model.set_phase(phase)
        model.train()
        losses = model.loss(x, samples(2, size))
        if phase == 'contrast':
            assert losses['loss_cross_modality'] > 0
        sum(v for k, v in losses.items() if 'loss' in k).backward()
        trained = [p for p in model.parameters() if p.requires_grad]
        assert all(p.grad is not None and p.grad.isfinite().all() for p in trained)
        model.eval()
        for sample in model.predict(x, samples(2, size)):
            assert sample.forgery_prob.data.shape == (1, 50, 70)


@every_backbone()
def test_one_run_trains_both_phases(path, tiny_config):
    # Pictures of 60x44, which the preprocessor pads to 64x64.
    for loader, place in (('train', 2), ('val', 1), ('test', 1)):
        pipeline = tiny_config[f'{loader}_dataloader'].dataset.pipeline
        pipeline[place].scale = (44, 60)
    tiny_config.model = small(path)
    tiny_config.contrast_phase.max_iters = tiny_config.localize_phase.max_iters = 1
    tiny_config.default_hooks.checkpoint = dict(
        type='AtomicCheckpointHook', by_epoch=False, interval=1
    )
    runner = Runner.from_cfg(Config(tiny_config.to_dict(), format_python_code=False))
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.train()
    switch, end = (
        torch.load(f'{runner.work_dir}/iter_{i}.pth', weights_only=True)['state_dict']
        for i in (1, 2)
    )
    frozen = [k for k in end if k.startswith(('backbone.', 'neck.'))]
    for prefix in ('backbone.', 'neck.'):
        assert any(
            not torch.equal(before[k], switch[k]) for k in end if k.startswith(prefix)
        )
    assert all(torch.equal(switch[k], end[k]) for k in frozen)
    heads = [k for k in end if k not in frozen]
    assert heads and any(not torch.equal(switch[k], end[k]) for k in heads)


STRIDES = {
    'dilated': dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)),
    'twice as fine': dict(strides=(1, 1, 2, 2)),
    'two maps': dict(out_indices=(1, 3)),
}


@pytest.mark.parametrize('name', STRIDES)
def test_any_strides_and_number_of_maps(name):
    config = small(next(p for p in BASE if 'resnet50' in p.stem))
    config.backbone.update(STRIDES[name])
    places = STRIDES[name].get('out_indices', range(4))
    channels = [config.neck.in_channels[i] for i in places]
    config.neck.in_channels = channels
    config.decode_head.in_channels = [8] * len(channels)
    model = MODELS.build(config).train()
    x, truth = torch.rand(2, 3, 64, 64), samples(2, (64, 64))
    losses = model.loss(x, truth)
    assert all(losses[f'loss_{v}'] > 0 for v in ('within_image', 'cross_scale'))
    model.set_phase('localize')
    assert model.loss(x, truth)['loss_focal'].isfinite()
    finest = model.extract_feat(x)[0].shape[-2:]
    assert model._forward(x).shape == (2, 1, *finest)


def test_a_pyramid_may_stand_in_place_of_the_projection():
    config = small(next(p for p in BASE if 'swin' in p.stem))
    config.neck = dict(
        type='FPN', in_channels=config.neck.in_channels, out_channels=8, num_outs=4
    )
    # Its finest map has passed every stage, so that stochastic depth reaches it.
    model = MODELS.build(config).train()
    x = torch.rand(2, 3, 64, 64)
    torch.manual_seed(0)
    first, second = model.extract_feat(x), model.extract_feat(x)
    assert not torch.equal(first[0], second[0])
    assert model.loss(x, samples(2, (64, 64)))['loss_cross_scale'] > 0


def test_the_projection_says_which_channels_it_wants():
    with pytest.raises(ValueError, match='gives 2 maps and in_channels names 1'):
        MultiScaleProjection([4])([torch.rand(1, 4, 8, 8)] * 2)


@every_backbone()
def test_the_map_is_placed_exactly_at_sizes_that_are_multiples_of_nothing(path):
    torch.manual_seed(0)
    config = small(path)
    config.phase = 'localize'
    model = MODELS.build(config).eval()
    height, width = 103, 77
    x = torch.zeros(1, 3, height, width)
    square = x.clone()
    square[..., -4:, -4:] = 1  # white, in the last corner
    with torch.no_grad():
        size = model.padded_size(x)
        padded = pad_to(square, size)
        maps = [model.backbone(torch.zeros_like(padded)), model.extract_feat(x)]
        for each in maps[0]:
            # Cells of equal size cover the padded image.
            sides = [n / cells for n, cells in zip(size, each.shape[-2:])]
            assert sides[0] == sides[1] in (4, 8, 16, 32, 64)
        assert [m.shape[2:] for m in maps[0]] == [m.shape[2:] for m in maps[1]]
        finest = [model.backbone(p)[0] for p in (torch.zeros_like(padded), padded)]
        [sample] = model.predict(square)
        with padding_known(model, [(height, width)], size):
            logits = model._forward(square)
    stride = size[0] / finest[0].shape[-2]
    change = (finest[1] - finest[0]).abs().sum(1)[0]
    cell = divmod(int(change.argmax()), change.shape[1])
    # The cell that changes most lies at the square, or beside it.
    for index, side in zip(cell, (height, width)):
        assert abs((index + 0.5) * stride - (side - 2)) <= 3 * stride
    full = torch.nn.functional.interpolate(logits.sigmoid(), size, mode='bilinear')
    assert sample.forgery_prob.data.shape == (1, height, width)
    torch.testing.assert_close(sample.forgery_prob.data, full[0, :, :height, :width])
