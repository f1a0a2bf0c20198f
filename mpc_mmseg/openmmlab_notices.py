"""What the OpenMMLab libraries say at every start, and no user can act on.

Only the messages named here are left out, where they come from; a user's own
warnings and all others of the libraries are shown.
"""

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterator
from logging import LogRecord

import torch
from mmengine.logging import MMLogger

#: Lines that importing mmseg prints.
PRINTED = {
    # Maintained distribution: its debug note of an optional package of its vendor's.
    'Could not import OneDL',
}
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
    """Import mmengine, mmcv and mmseg without their notices.

    Args:
        module: The part of mmseg that is needed: ``mmseg.models``, or
            ``mmseg.datasets``, which brings the other.
    """
    # Maintained mmcv notes that it has no compiled operators, upstream mmcv that it
    # has moved one; nothing here uses them. The module's name keeps the filter,
    # which stays, from all other warnings.
    warnings.filterwarnings(
        'ignore',
        r'(Fail to import )?``MultiScaleDeformableAttention``',
        module=r'mmcv\.cnn\.bricks\.transformer$',
    )
    if torch.distributed.is_available():
        # mmengine.optim imports it, and torch calls its own deprecated functions
        # in it. Calls of a user's stay visible: the filter ends with the import.
        with warnings.catch_warnings():
            warnings.filterwarnings(
                'ignore', r'`torch\.jit\.\w+` is deprecated', DeprecationWarning
            )
            importlib.import_module('torch.distributed.optim')
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            importlib.import_module(module)
    finally:
        for line in printed.getvalue().splitlines():
            if line not in PRINTED:
                print(line)


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
