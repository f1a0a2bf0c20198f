"""Versions of the OpenMMLab packages: supported and installed."""

import importlib
import platform

from packaging.version import Version

from .version import __version__

#: Import name -> (lowest, first not supported), for both distributions.
SUPPORTED = {
    'mmengine': ('0.10.4', '0.11'),
    'mmcv': ('2.0.0rc4', '2.4'),
    'mmseg': ('1.2.0', '1.5'),
}
_INSTALL = (
    "install one OpenMMLab distribution: pip install 'mpc_mmseg[mminstall]' "
    "(maintained, no compiler) or 'mpc_mmseg[openmmlab]' (upstream)"
)


def check_requirements() -> None:
    """Raise unless mmengine, mmcv and mmseg are installed in a supported version.

    Raises:
        ImportError: With what to install, in one sentence.
    """
    for name, (lowest, below) in SUPPORTED.items():
        try:
            # mmseg and mmcv check one another's versions by assertions.
            version = importlib.import_module(name).__version__
        except ImportError as error:
            # A package that is installed but broken must show its own error.
            if error.name is not None and error.name.split('.')[0] != name:
                raise
            raise ImportError(f'mpc_mmseg needs {name}: {_INSTALL}.') from None
        if not Version(lowest) <= Version(version) < Version(below):
            raise ImportError(
                f'mpc_mmseg supports {name} >= {lowest}, < {below} and found '
                f'{version}: {_INSTALL}.'
            )


def installed_versions() -> dict[str, str]:
    """Versions of everything that a result depends on."""
    modules = {name: name for name in ('mmengine', 'mmcv', 'mmseg', 'torch', 'numpy')}
    modules |= {'opencv': 'cv2', 'pillow': 'PIL'}
    return {
        'mpc_mmseg': __version__,
        **{
            name: str(importlib.import_module(module).__version__)
            for name, module in modules.items()
        },
        'python': platform.python_version(),
        'machine': platform.machine(),
    }
