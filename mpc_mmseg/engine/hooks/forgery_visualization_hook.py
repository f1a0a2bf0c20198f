"""mmseg's visualization, for a config that every tool shares."""

import warnings
from typing import Any

from mmseg.engine.hooks import SegVisualizationHook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ForgeryVisualizationHook(SegVisualizationHook):
    """mmseg's hook, which warns at each start that it draws nothing, without this.

    mmseg's test.py needs it in the config and sets ``draw`` for ``--show-dir``.

    Args:
        draw: Whether to draw.
        **settings: Arguments of ``SegVisualizationHook``.
    """

    def __init__(self, draw: bool = False, **settings: Any) -> None:
        with warnings.catch_warnings():
            if not draw:
                warnings.filterwarnings('ignore', 'The draw is False')
            super().__init__(draw=draw, **settings)
