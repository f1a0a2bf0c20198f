"""Multi-view pixel contrast for image forgery localization, on MMSegmentation.

Importing the package registers everything in MMSegmentation's registries.
"""

from .requirements import check_requirements
from .version import __version__

check_requirements()

from .openmmlab_notices import import_openmmlab  # noqa: E402 - checked first

import_openmmlab()

from . import datasets, engine, evaluation, models  # noqa: E402 - without notices

__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'models']
