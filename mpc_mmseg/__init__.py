"""Multi-view pixel contrast for image forgery localization, on MMSegmentation.

Importing the package registers everything in MMSegmentation's registries. With the
environment variable ``MPC_MMSEG_LAZY``, parts are imported when they are used instead:
tools/lazy_package.py sets it, since the imports take longer than an image.
"""

import os

from .lazy_names import lazy_names
from .version import __version__

_PARTS = ('datasets', 'engine', 'evaluation', 'models')
__all__ = ['__version__', 'register_all', *_PARTS]

__getattr__ = lazy_names(__name__, {name: name for name in _PARTS})


def register_all() -> None:
    """Register everything in MMSegmentation's registries.

    Raises:
        ImportError: If MMSegmentation is missing or its version is not supported; with
            what to install.
    """
    from .requirements import check_requirements

    check_requirements()
    from .openmmlab_notices import import_openmmlab

    import_openmmlab('mmseg.datasets')
    from . import datasets, engine, evaluation, models, registry  # noqa: F401

    for part in (datasets, engine, evaluation, models):
        for name in part.__all__:
            getattr(part, name)


if not os.environ.get('MPC_MMSEG_LAZY'):
    register_all()
