"""The import of mpc_mmseg without what OpenMMLab prints meanwhile."""

import contextlib
import io


def register_quietly() -> None:
    """Import the package; for a tool, whose standard output nobody else uses.

    The maintained mmseg prints "Could not import OneDL", an optional service.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        import mpc_mmseg  # noqa: F401
