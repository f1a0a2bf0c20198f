import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS

from mpc_mmseg.models.losses.info_nce import PackedSets
from mpc_mmseg.models.losses.prototypes import PrototypeMemory
from mpc_mmseg.models.losses.samplers import PixelSet
from mpc_mmseg.models.losses.supervised_contrast import supervised_contrast

MEMORY = dict(type='PrototypeMemory', channels=4, size=3)


def unit(n):
    return F.normalize(torch.randn(n, 4), dim=1)


def content(memory):
    """The memory's prototypes of each class, for one image."""
    return [x.rows[0, : x.sizes[0]] for x in memory(memory.counts(1).tolist())]


def loss(**options):
    return MODELS.build(
        dict(
            type='MultiViewPixelContrastLoss',
            views=[dict(type='PrototypeView')],
            memory=MEMORY,
            **options,
        )
    )


def batch():
    torch.manual_seed(0)
    mask = torch.zeros(2, 6, 6, dtype=torch.long)
    mask[:, :3, :2] = 1
    return [torch.randn(2, 4, 6, 6, requires_grad=True)], mask


def test_memory_keeps_the_newest_of_each_class():
    memory = PrototypeMemory(4, size=3)
    assert [len(x) for x in content(memory)] == [0, 0]
    images = [(unit(5), unit(i % 2)) for i in range(4)]
    for two in (images[:2], images[2:]):
        memory.update(PixelSet(*map(PackedSets.pack, zip(*two))))
    authentic, forged = content(memory)
    means = [F.normalize(image[0].mean(0), dim=0) for image in images]
    torch.testing.assert_close(authentic, torch.stack([means[2], means[3], means[0]]))
    torch.testing.assert_close(forged, torch.stack([images[3][1][0], images[1][1][0]]))


def test_first_batch_costs_nothing_and_is_the_second_ones_memory():
    criterion, (maps, mask) = loss(contrast=dict(type='SupervisedContrast')), batch()
    assert criterion(maps, None, mask) == {'loss_prototype': 0}
    authentic, forged = content(criterion.memory)
    value = criterion(maps, None, mask)['loss_prototype']
    expected = []
    for m, labels in zip(maps[0], mask):
        pixels = F.normalize(m.permute(1, 2, 0)[labels == 0], dim=1)
        expected.append(supervised_contrast(pixels, forged, 0.1, authentic))
    torch.testing.assert_close(value, torch.stack(expected).mean())
    value.backward()
    assert maps[0].grad.abs().sum() > 0


def test_symmetric_anchors_exchange_the_memory_too():
    criterion, (maps, mask) = loss(anchors=dict(type='SymmetricAnchors')), batch()
    criterion(maps, None, mask)
    state = {k: v.clone() for k, v in criterion.state_dict().items()}
    value = criterion(maps, None, mask)['loss_prototype']
    criterion.load_state_dict({k: v.flip(0) for k, v in state.items()})
    torch.testing.assert_close(criterion(maps, None, 1 - mask)['loss_prototype'], value)


def test_memory_is_saved_and_rests_in_eval_mode():
    criterion, (maps, mask) = loss(), batch()
    criterion(maps, None, mask)
    other = loss().eval()
    other.load_state_dict(criterion.state_dict())
    other(maps, None, mask)
    for one, two in zip(content(criterion.memory), content(other.memory)):
        assert len(one) == 2 and torch.equal(one, two)


def test_bad_arguments():
    with pytest.raises(ValueError, match='PrototypeView needs memory'):
        MODELS.build(
            dict(type='MultiViewPixelContrastLoss', views=[dict(type='PrototypeView')])
        )
    with pytest.raises(ValueError, match='size'):
        PrototypeMemory(4, size=0)
