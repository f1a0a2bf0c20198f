from collections import OrderedDict

import numpy as np
import pytest
import torch
from calibrated_images import random_images
from mmengine.logging import HistoryBuffer

from mpc_mmseg.apis.inference.model_from_files import (
    find_config,
    load_model,
)
from mpc_mmseg.apis.zoo.zoo import Zoo
from mpc_mmseg.engine.checkpoints.safe_reading import read_checkpoint
from mpc_mmseg.evaluation.image_calibration import META_KEY, fit_calibration
from mpc_mmseg.hashing import file_sha256


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
    monkeypatch.setattr(
        Zoo, 'find', lambda self, name, onnx: {'published': weights}[name]
    )
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


def test_what_mmengines_own_hook_stores_is_read(tmp_path):
    file, log = tmp_path / 'iter_1.pth', HistoryBuffer([0.5, 0.25], [1, 2])
    arrays = dict(
        f=np.float32(0.5),
        i=np.arange(6).reshape(2, 3).T,
        t=(np.int64(3), np.bool_(True)),
    )
    stored = OrderedDict(a=torch.ones(2))
    content = dict(state_dict=stored, logs=[log, HistoryBuffer()], arrays=arrays)
    torch.save(content, file)
    allowed = torch.serialization.get_safe_globals()
    found = read_checkpoint(file)
    assert torch.serialization.get_safe_globals() == allowed  # nothing global changes
    assert type(found['state_dict']) is OrderedDict
    read, empty = found['logs']
    assert [list(x) for x in read.data] == [[0.5, 0.25], [1, 2]]
    assert read.mean() == log.mean() and not len(empty.data[0])
    assert np.array_equal(found['arrays']['i'], arrays['i'])
    assert (found['arrays']['f'], found['arrays']['t']) == (arrays['f'], arrays['t'])
    assert type(found['arrays']['f']) is np.float32


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


def test_weights_with_ones_own_config_bring_no_calibration(config, checkpoint):
    content = torch.load(checkpoint)
    calibration = fit_calibration(random_images(30, seed=0), 0.2)
    content['meta'][META_KEY] = calibration.as_meta()
    torch.save(content, checkpoint)
    for model, weights, with_calibration, expected in (
        (checkpoint, None, False, calibration),
        (config, checkpoint, False, None),
        (config, checkpoint, True, calibration),
    ):
        found, _ = load_model(model, weights, 'cpu', with_calibration=with_calibration)
        assert found.image_calibration == expected
        assert found.weights_sha256 == file_sha256(checkpoint)


def test_configs_by_name():
    found = find_config('mpc_hrnet-w18s_1xb8_demo-128x128')
    assert found.is_file() and found == find_config(f'{found.stem}.py')
    with pytest.raises(FileNotFoundError, match=r'did you mean .*demo-128x128'):
        find_config('mpc_hrnet-w18_1xb8_demo-128x128')
