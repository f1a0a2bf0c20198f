import pytest
import torch

from mpc_mmseg.engine.checkpoints.handover import check_weights

MODEL = {
    'backbone.conv': torch.zeros(4, 3),
    'neck.conv': torch.zeros(8, 4),
    'decode_head.conv': torch.zeros(1, 8),
}


def check(required=('backbone.', 'neck.'), **changes):
    state = {**MODEL, **{k.replace('__', '.'): v for k, v in changes.items()}}
    state = {k: v for k, v in state.items() if v is not None}
    check_weights(state, MODEL, required, 'the checkpoint x.pth')


def test_what_fits_passes():
    check()
    check(decode_head__conv=None)  # the head is trained anew
    check_weights({f'module.{k}': v for k, v in MODEL.items()}, MODEL, ('',), 'x')


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(neck__conv=None), r'1 missing: neck\.conv'),
        (dict(head__fc=torch.zeros(2)), r'1 unknown to the model: head\.fc'),
        (dict(backbone__conv=torch.zeros(8, 3)), r'backbone\.conv \(8, 3\) instead of'),
    ],
)
def test_what_does_not_fit_is_listed(changes, message):
    with pytest.raises(RuntimeError, match=message) as error:
        check(**changes)
    assert 'x.pth' in str(error.value)


def test_a_file_of_another_project_is_listed_whole():
    with pytest.raises(RuntimeError) as error:
        check_weights({'model': {'conv1': torch.zeros(1)}}, MODEL, ('backbone.',), 'x')
    assert 'missing: backbone.conv' in str(error.value)
    assert 'unknown to the model: model' in str(error.value)


def test_every_name_is_listed():
    model = {f'backbone.conv{i}': torch.zeros(1) for i in range(30)}
    with pytest.raises(RuntimeError) as error:
        check_weights({}, model, ('backbone.',), 'x')
    assert all(f'backbone.conv{i}' in str(error.value) for i in range(30))
