import pytest
import torch
from mmseg.models.backbones import HRNet

from mpc_mmseg.models.backbones import MPCHRNet


def extra(block='BASIC', width=4):
    stages = {}
    for n in range(2, 5):
        stages[f'stage{n}'] = dict(
            num_modules=1 + (n == 3),
            num_branches=n,
            block=block,
            num_blocks=(2,) * n,
            num_channels=tuple(width * 2**i for i in range(n)),
        )
    stages['stage1'] = dict(
        num_modules=1,
        num_branches=1,
        block='BOTTLENECK',
        num_blocks=(1,),
        num_channels=(8,),
    )
    return stages


def seeded(cls, **kwargs):
    torch.manual_seed(0)
    return cls(extra=extra(kwargs.pop('block', 'BASIC')), **kwargs)


@pytest.mark.parametrize('block', ['BASIC', 'BOTTLENECK'])
@pytest.mark.parametrize('train', [True, False])
def test_off_it_equals_mmseg(block, train):
    ours, theirs = seeded(MPCHRNet, block=block), seeded(HRNet, block=block)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 50, 70)
    ours.train(train)
    theirs.train(train)
    for a, b in zip(ours(x), theirs(x)):
        assert torch.equal(a, b)


def test_rates_rise_linearly_and_branches_share_them():
    net = seeded(MPCHRNet, drop_path_rate=0.3)
    modules = [m for stage in (net.stage2, net.stage3, net.stage4) for m in stage]
    rates = []
    for module in modules:
        by_branch = [
            [b.drop_path.drop_prob for b in branch] for branch in module.branches
        ]
        assert all(branch == by_branch[0] for branch in by_branch)
        rates += by_branch[0]
    assert rates == pytest.approx([0.3 * i / 7 for i in range(8)])


@pytest.mark.parametrize('block', ['BASIC', 'BOTTLENECK'])
def test_two_passes_differ_in_training_alone(block):
    net = seeded(MPCHRNet, block=block, drop_path_rate=0.5)
    x = torch.randn(2, 3, 32, 32)
    net.train()
    assert not torch.equal(net(x)[0], net(x)[0])
    net.eval()
    assert torch.equal(net(x)[0], net(x)[0])


@pytest.mark.parametrize('momentum', [0.1, None])
def test_checkpointed_pass_gives_the_same_gradients_and_statistics(momentum):
    x = torch.randn(2, 3, 32, 32)
    gradients, buffers = [], []
    for with_cp in (False, True):
        net = seeded(
            MPCHRNet,
            drop_path_rate=0.5,
            with_cp=with_cp,
            norm_cfg=dict(type='BN', momentum=momentum),
        )
        net.train()
        torch.manual_seed(1)
        net(x.clone().requires_grad_())[0].sum().backward()
        gradients.append(net.stage2[0].branches[0][0].conv1.weight.grad)
        buffers.append(dict(net.named_buffers()))
    torch.testing.assert_close(*gradients)
    torch.testing.assert_close(*buffers)


def test_bad_rate_is_named():
    with pytest.raises(ValueError, match='drop_path_rate'):
        MPCHRNet(extra=extra(), drop_path_rate=1.0)
