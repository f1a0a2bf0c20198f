import sys

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mpc_mmseg.engine.checkpoints.package_weights import package_file


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that must not be imported, with a file of weights."""
    folder = tmp_path / 'site/shipped_weights'
    (folder / 'models').mkdir(parents=True)
    (folder / '__init__.py').write_text('raise RuntimeError("imported")')
    torch.save({'a': torch.ones(2)}, folder / 'models/a.pth')
    (tmp_path / 'site/secret.pth').write_bytes(b'')
    monkeypatch.syspath_prepend(str(tmp_path / 'site'))
    return folder


def test_loads_without_importing(package):
    found = CheckpointLoader.load_checkpoint(
        'package://shipped_weights/models/a.pth', map_location='cpu'
    )
    assert torch.equal(found['a'], torch.ones(2))
    assert 'shipped_weights' not in sys.modules


def test_missing_package_names_the_extra():
    with pytest.raises(
        ModuleNotFoundError, match=r'no_such_package.*mpc_mmseg\[weights\]'
    ):
        package_file('package://no_such_package/a.pth')


def test_missing_file_names_those_there(package):
    with pytest.raises(FileNotFoundError, match=r'b\.pth.*models/a\.pth'):
        package_file('package://shipped_weights/b.pth')


@pytest.mark.parametrize(
    'address',
    [
        'package://shipped_weights/../secret.pth',
        'package://shipped_weights/models/../../secret.pth',
        'package://shipped_weights//etc/passwd',
        'package://shipped_weights/..\\secret.pth',
        'package://shipped_weights/',
        'package://shipped_weights',
        'package:///a.pth',
        'package://a.b/c.pth',
        'http://shipped_weights/a.pth',
    ],
)
def test_leading_out_of_the_package_is_refused(package, address):
    with pytest.raises(ValueError, match='inside the package'):
        package_file(address)


def test_only_the_safe_loader(package):
    torch.save({'a': print}, package / 'models/unsafe.pth')
    with pytest.raises(RuntimeError, match='can run code'):
        CheckpointLoader.load_checkpoint('package://shipped_weights/models/unsafe.pth')
