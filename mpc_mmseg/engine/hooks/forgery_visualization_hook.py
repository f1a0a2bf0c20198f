import warnings
from typing import Any

from mmseg.engine.hooks import SegVisualizationHook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ForgeryVisualizationHook(SegVisualizationHook):
    """mmseg's hook, which draws for ``--show-dir``, without a warning when it does not.

    Arguments are those of ``SegVisualizationHook``.
    """

    def __init__(self, draw: bool = False, **settings: Any) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'The draw is False')
            super().__init__(draw=draw, **settings)
