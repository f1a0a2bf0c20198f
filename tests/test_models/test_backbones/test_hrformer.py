import copy

import pytest
import torch
from hrformer_extra import hrformer_extra
from mmseg.models.backbones import HRNet
from mmseg.registry import MODELS
from torch.nn.modules.batchnorm import _BatchNorm

from mpc_mmseg.models.backbones import HRFormer


def extra(block='HRFORMER', channels=6):
    return hrformer_extra(
        first=8,
        channels=tuple(channels * 2**i for i in range(4)),
        heads=(2,) * 4,
        windows=(7, 5, 3, 7),
        ratios=(2,) * 4,
        blocks=(2,) * 4,
        block=block,
    )


def seeded(**kwargs):
    torch.manual_seed(0)
    return HRFormer(extra=extra(), **kwargs)


@pytest.mark.parametrize('size', [(64, 96), (5, 3), (33, 50), (1, 1), (7, 129)])
def test_sizes_are_those_of_hrnet(size):
    x = torch.rand(2, 3, *size)
    hrnet = HRNet(extra=extra('BASIC'))
    hrnet.eval()
    with torch.no_grad():
        ours, theirs = seeded().eval()(x), hrnet(x)
    assert [m.shape for m in ours] == [m.shape for m in theirs]
    assert all(m.isfinite().all() for m in ours)


def test_the_layout_of_the_input_changes_nothing():
    net, x = seeded().eval(), torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        for a, b in zip(net(x), net(x.to(memory_format=torch.channels_last))):
            assert torch.equal(a, b)


def test_rates_rise_linearly_and_branches_share_them():
    net = seeded(drop_path_rate=0.3)
    rates = []
    for module in (*net.stage2, *net.stage3, *net.stage4):
        by_branch = [
            [b.drop_path.drop_prob for b in branch] for branch in module.branches
        ]
        assert all(branch == by_branch[0] for branch in by_branch)
        rates += by_branch[0]
    assert rates == pytest.approx([0.3 * i / 7 for i in range(8)])


def test_two_passes_differ_in_training_alone():
    net, x = seeded(drop_path_rate=0.5), torch.rand(2, 3, 32, 32)
    # The batch statistics are those of a pass, so that only the paths differ.
    for module in net.train().modules():
        if isinstance(module, _BatchNorm):
            module.eval()
    assert not torch.equal(net(x)[0], net(x)[0])
    assert torch.equal(net.eval()(x)[0], net(x)[0])


@pytest.mark.parametrize('momentum', [0.1, None])
def test_checkpointed_pass_gives_the_same_gradients_and_statistics(momentum):
    x = torch.rand(2, 3, 32, 32)
    norm = dict(type='BN', momentum=momentum, requires_grad=True)
    nets = [
        seeded(drop_path_rate=0.5, norm_cfg=norm, with_cp=with_cp)
        for with_cp in (False, True)
    ]
    for net in nets:
        torch.manual_seed(1)
        for _ in range(2):
            sum(m.square().sum() for m in net.train()(x)).backward()
    plain, checkpointed = (dict(net.named_parameters()) for net in nets)
    for name, parameter in plain.items():
        torch.testing.assert_close(parameter.grad, checkpointed[name].grad)
    torch.testing.assert_close(*(dict(net.named_buffers()) for net in nets))
    last = nets[1].stage4[0].branches[0][0].ffn.norm1
    assert last.momentum == momentum and last.num_batches_tracked == 2


def test_frozen_stages_and_norm_eval():
    net = seeded(frozen_stages=2, norm_eval=True, drop_path_rate=0.5).train()
    for name, parameter in net.named_parameters():
        frozen = name.startswith(
            ('conv', 'bn', 'layer1', 'transition1', 'transition2', 'stage2')
        )
        assert parameter.requires_grad != frozen, name
    assert not net.stage2[0].branches[0][0].drop_path.training
    norms = [m for m in net.modules() if isinstance(m, _BatchNorm)]
    assert norms and not any(m.training for m in norms)


@pytest.mark.parametrize('by_config', [True, False])
def test_sync_batch_norm(by_config):
    net = seeded()
    if by_config:
        synced = seeded(norm_cfg=dict(type='SyncBN', requires_grad=True))
        synced.load_state_dict(net.state_dict())
    else:
        synced = torch.nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(net))
    norms = [m for m in synced.modules() if isinstance(m, _BatchNorm)]
    assert all(isinstance(m, torch.nn.SyncBatchNorm) for m in norms)
    x = torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        for a, b in zip(net.eval()(x), synced.eval()(x)):
            torch.testing.assert_close(a, b)


def test_every_weight_is_trained():
    net = seeded().train()
    net.init_weights()
    sum(m.square().sum() for m in net(torch.rand(2, 3, 64, 64))).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_stem_and_inputs_may_have_other_widths():
    net = MODELS.build(
        dict(type='HRFormer', extra=extra(), stem_channels=12, in_channels=4)
    )
    assert net.conv1.weight.shape[:2] == (12, 4)
    assert net.layer1[0].conv1.in_channels == net.bn2.num_features == 12
    assert net.eval()(torch.rand(1, 4, 32, 32))[3].shape == (1, 48, 1, 1)


@pytest.mark.parametrize(
    ('stage', 'key', 'value', 'message'),
    [
        ('stage3', 'num_heads', (2, 2), r'stage3\.num_heads must be 3 .*\(2, 2\)'),
        ('stage2', 'num_heads', (4, 2), r'num_heads must divide 6, got 4'),
        ('stage4', 'window_sizes', (7, 7, 7, 0), r'stage4\.window_sizes .*0\)'),
        ('stage2', 'num_branches', 3, r'stage2\.num_branches .*got 3'),
        ('stage2', 'block', 'BASIC', r"stage2\.block .*'BASIC'"),
        ('stage3', 'num_modules', 0, r'stage3\.num_modules .*got 0'),
        ('stage3', 'mlp_ratios', None, r"stage3 lacks \['mlp_ratios'\]"),
    ],
)
def test_a_wrong_stage_is_named(stage, key, value, message):
    stages = extra()
    stages[stage][key] = value
    if value is None:
        del stages[stage][key]
    with pytest.raises(ValueError, match=message):
        HRFormer(extra=stages)


def test_wrong_arguments_are_named():
    stages = extra()
    del stages['stage4']
    with pytest.raises(ValueError, match="lacks 'stage4'"):
        HRFormer(extra=stages)
    for arguments in (
        dict(drop_path_rate=1.0),
        dict(frozen_stages=5),
        dict(stem_channels=0),
    ):
        [(name, value)] = arguments.items()
        with pytest.raises(ValueError, match=rf'{name}.*{value}'):
            HRFormer(extra=extra(), **arguments)
