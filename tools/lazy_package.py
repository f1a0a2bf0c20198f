"""Imports of single modules of mpc_mmseg that do not register everything.

``import mpc_mmseg`` registers models, data sets and hooks, which takes seconds, because
a config's ``custom_imports`` has no other way to ask for it. Python imports a package
before its modules, so a command that needs few of them has to tell it beforehand.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def parts_when_used() -> Iterator[None]:
    """Inside, ``import mpc_mmseg`` is cheap: its parts are imported when used."""
    os.environ['MPC_MMSEG_LAZY'] = '1'
    try:
        yield
    finally:
        del os.environ['MPC_MMSEG_LAZY']
