"""What the OpenMMLab libraries log or warn of at every start, and no user can act on.

Only the messages named here are left out, where they come from; a user's own
warnings and all others of the libraries are shown.
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
    # Both: whatever saves a checkpoint makes one of these, and does not use it.
    '"FileClient" will be deprecated in future',
    '"HardDiskBackend" is the alias of "LocalBackend"',
)
#: Starts of messages of Python warnings, as patterns, and the modules they are from.
WARNED = (
    # Upstream: mmseg's decode heads build their losses by mmseg's own old function.
    ('``build_loss`` would be deprecated soon', r'mmseg\.models\.builder$'),
)


def import_openmmlab(module: str) -> None:
    """Import mmengine, mmcv and mmseg without their warnings that concern nobody.

    Filters hold for the import alone; what mmseg prints is printed.

    Args:
        module: The part of mmseg that is needed: ``mmseg.models``, or
            ``mmseg.datasets``, which brings the other.
    """
    with warnings.catch_warnings():
        # Maintained mmcv notes that it has no compiled operators, upstream mmcv that
        # it has moved one; nothing here uses them.
        warnings.filterwarnings(
            'ignore', r'(Fail to import )?``MultiScaleDeformableAttention``'
        )
        if torch.distributed.is_available():
            # mmengine.optim imports it, and torch calls its own deprecated functions.
            warnings.filterwarnings(
                'ignore', r'`torch\.jit\.\w+` is deprecated', DeprecationWarning
            )
            importlib.import_module('torch.distributed.optim')
        importlib.import_module(module)


@contextlib.contextmanager
def notices_left_out() -> Iterator[None]:
    """Keeps ``LOGGED`` out of the current logger, and ``WARNED`` out, for a while."""

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
