import importlib
import sys
import types

import pytest

from mpc_mmseg import requirements


@pytest.fixture
def installed(monkeypatch):
    """Pretend that packages are there in given versions; None: not installed."""

    def pretend(**versions):
        def load(name):
            if versions.get(name) is None:
                raise ModuleNotFoundError(f'No module named {name}', name=name)
            module = types.ModuleType(name)
            module.__version__ = versions[name]
            return module

        monkeypatch.setattr(importlib, 'import_module', load)

    return pretend


@pytest.mark.parametrize(
    'versions',
    [
        dict(mmengine='0.10.12', mmcv='2.3.6', mmseg='1.4.2'),
        dict(mmengine='0.10.7', mmcv='2.1.0', mmseg='1.2.2'),
    ],
)
def test_both_distributions_pass(installed, versions):
    installed(**versions)
    requirements.check_requirements()


@pytest.mark.parametrize(
    ('versions', 'message'),
    [
        (dict(), r'needs mmengine: install one .*mminstall.*openmmlab'),
        (dict(mmengine='0.10.12', mmcv='2.3.6'), 'needs mmseg: install'),
        (dict(mmengine='0.7.0'), r'mmengine >= 0\.10\.4, < 0\.11 and found 0\.7\.0'),
        (dict(mmengine='0.10.7', mmcv='1.7.1'), r'found 1\.7\.1: install'),
    ],
)
def test_one_sentence_states_what_to_install(installed, versions, message):
    installed(**versions)
    with pytest.raises(ImportError, match=message) as caught:
        requirements.check_requirements()
    assert '\n' not in str(caught.value) and str(caught.value).endswith('.')


def test_a_broken_package_shows_its_own_error(monkeypatch):
    def load(name):
        raise ModuleNotFoundError('No module named torch', name='torch')

    monkeypatch.setattr(importlib, 'import_module', load)
    with pytest.raises(ModuleNotFoundError, match='torch'):
        requirements.check_requirements()


def test_importing_the_package_registers_its_parts():
    from mmseg.registry import DATASETS, HOOKS, LOOPS, METRICS, MODELS, TRANSFORMS

    assert 'mpc_mmseg' in sys.modules
    for registry, names in (
        (MODELS, ['MPCSegmentor', 'MPCHRNet', 'MultiScaleProjection', 'ClusterHead']),
        (DATASETS, ['ForgeryDataset']),
        (TRANSFORMS, ['LoadForgeryImage', 'LoadForgeryMask', 'PackForgeryInputs']),
        (METRICS, ['ForgeryMetric']),
        (HOOKS, ['TwoPhaseHook', 'SaveMapsHook']),
        (LOOPS, ['PhaseTrainLoop']),
    ):
        assert all(registry.get(name) is not None for name in names)
