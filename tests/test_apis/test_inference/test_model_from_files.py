import pytest
import torch
from mmengine.logging import HistoryBuffer

from mpc_mmseg.apis.inference.model_from_files import (
    find_config,
    load_model,
    read_checkpoint,
)
from mpc_mmseg.apis.zoo.zoo import Zoo


def test_a_checkpoint_alone_is_enough(checkpoint):
    torch.save(
        {
            **torch.load(checkpoint),
            'state_dict': {'module.weight': torch.tensor([0.25])},
        },
        checkpoint,
    )
    model, cfg = load_model(checkpoint, device='cpu')
    assert model.weight.item() == 0.25
    assert model.phase == 'localize'
    assert not model.training
    assert cfg.model.type == 'BrightIsForged'


def test_config_and_bare_weights(config, tmp_path):
    weights = tmp_path / 'bare.pth'
    torch.save({'weight': torch.tensor([0.5])}, weights)
    model, _ = load_model(config, weights, device='cpu')
    assert model.weight.item() == 0.5
    assert model.phase == 'contrast'


def test_weights_may_be_the_name_of_a_published_model(config, tmp_path, monkeypatch):
    weights = tmp_path / 'bare.pth'
    torch.save({'weight': torch.tensor([0.5])}, weights)
    monkeypatch.setattr(Zoo, 'find', lambda self, name: {'published': weights}[name])
    model, _ = load_model(config, 'published', device='cpu')
    assert model.weight.item() == 0.5


def test_initial_weights_are_not_fetched(config):
    model, _ = load_model(config, device='cpu')
    assert model.init_cfg is None


def test_another_architecture_is_refused_by_name(config, tmp_path):
    weights = tmp_path / 'other.pth'
    torch.save({'state_dict': {'head.bias': torch.ones(1)}}, weights)
    with pytest.raises(RuntimeError, match=r'(?s)other\.pth.*weight.*head\.bias'):
        load_model(config, weights, device='cpu')
    torch.save({'state_dict': {'weight': torch.ones(2)}}, weights)
    with pytest.raises(RuntimeError, match=r'(?s)other\.pth.*weight \(2,\)'):
        load_model(config, weights, device='cpu')


def test_a_checkpoint_without_config_says_what_to_do(checkpoint):
    torch.save({'state_dict': {'weight': torch.ones(1)}}, checkpoint)
    with pytest.raises(ValueError, match=r'model\.pth contains no config: pass'):
        load_model(checkpoint, device='cpu')


def test_a_config_without_model(config):
    config.write_text('a = 1')
    with pytest.raises(ValueError, match=r'config\.py defines no model'):
        load_model(config)


def test_python_objects_do_not_load(checkpoint):
    content = torch.load(checkpoint)
    torch.save({**content, 'message_hub': HistoryBuffer()}, checkpoint)
    # What a run here may have allowed must not decide this test.
    allowed = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        with pytest.raises(
            RuntimeError, match=r'model\.pth.*run code.*state_dict only'
        ):
            load_model(checkpoint, device='cpu')
    finally:
        torch.serialization.add_safe_globals(allowed)


def test_what_is_no_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.pth'):
        read_checkpoint(tmp_path / 'absent.pth')
    for content in (b'', b'no checkpoint at all', b'PK\x03\x04 cut short'):
        (tmp_path / 'broken.pth').write_bytes(content)
        with pytest.raises(RuntimeError, match=r'broken\.pth'):
            read_checkpoint(tmp_path / 'broken.pth')
    torch.save(torch.ones(1), tmp_path / 'tensor.pth')
    with pytest.raises(RuntimeError, match=r'tensor\.pth contains a Tensor'):
        read_checkpoint(tmp_path / 'tensor.pth')
    with pytest.raises(FileNotFoundError, match=r'absent\.py'):
        load_model(tmp_path / 'absent.py')


class _Touches:
    """A pickle whose loading would write a file: harmless, and caught all the same."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


def test_code_in_a_checkpoint_does_not_run(checkpoint, tmp_path):
    touched = tmp_path / 'touched'
    torch.save({**torch.load(checkpoint), 'extra': _Touches(touched)}, checkpoint)
    with pytest.raises(RuntimeError, match=r'model\.pth.*can run code'):
        load_model(checkpoint, device='cpu')
    assert not touched.exists()


def test_configs_by_name():
    found = find_config('mpc_hrnet-w18s_1xb8_demo-128x128')
    assert found.is_file() and found == find_config(f'{found.stem}.py')
    with pytest.raises(FileNotFoundError, match=r'did you mean .*demo-128x128'):
        find_config('mpc_hrnet-w18_1xb8_demo-128x128')
