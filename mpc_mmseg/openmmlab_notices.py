"""Filters for messages of the OpenMMLab libraries at every start that need no action.

Only the messages listed here are suppressed; all others are shown.
"""

import contextlib
import importlib
import warnings
from collections.abc import Iterator
from logging import LogRecord

import torch
from mmengine.logging import MMLogger

#: Starts of messages that mmengine logs as warnings.
LOGGED = (
    # Both are created, and not used, whenever a checkpoint is saved.
    '"FileClient" will be deprecated in future',
    '"HardDiskBackend" is the alias of "LocalBackend"',
)
#: Patterns of Python warnings, and of the modules that issue them.
WARNED = (
    # Upstream: mmseg's decode heads build losses with mmseg's own deprecated function.
    ('``build_loss`` would be deprecated soon', r'mmseg\.models\.builder$'),
)


def import_openmmlab(module: str) -> None:
    """Import mmengine, mmcv and mmseg without warnings that need no action.

    The filters hold during the import only.

    Args:
        module: ``mmseg.models``, or ``mmseg.datasets``, which imports the former.
    """
    with warnings.catch_warnings():
        # Maintained mmcv warns that it has no compiled operators, upstream mmcv that
        # one was moved; none is used here.
        warnings.filterwarnings(
            'ignore', r'(Fail to import )?``MultiScaleDeformableAttention``'
        )
        if torch.distributed.is_available():
            # mmengine.optim imports it, and it calls torch's deprecated functions.
            warnings.filterwarnings(
                'ignore', r'`torch\.jit\.\w+` is deprecated', DeprecationWarning
            )
            importlib.import_module('torch.distributed.optim')
        importlib.import_module(module)


@contextlib.contextmanager
def notices_left_out() -> Iterator[None]:
    """Context that suppresses ``LOGGED`` in the current logger, and ``WARNED``."""

    def is_wanted(record: LogRecord) -> bool:
        return not record.getMessage().startswith(LOGGED)

    logger = MMLogger.get_current_instance()
    logger.addFilter(is_wanted)
    try:
        with warnings.catch_warnings():
            for message, module in WARNED:
                warnings.filterwarnings('ignore', message, module=module)
            yield
    finally:
        logger.removeFilter(is_wanted)
