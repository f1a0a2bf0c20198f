"""MMEngine's runner for a tool: little on the screen, all of it in the log file."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mmengine.dist import is_main_process
from mmengine.logging import MMLogger

from mpc_mmseg.engine.checkpoints.safe_reading import SafeRunner
from mpc_mmseg.plain_text import print_error

# Starts of records that fill screens; the log file has them.
_FOR_THE_FILE = (
    '\n' + '-' * 60,  # the environment
    'Config:',
    'Distributed training is not used',
    'Hooks will be executed',
)


class QuietRunner(SafeRunner):
    """A runner with safe checkpoints, whose log file holds more than the screen.

    Environment, config, hooks and the tracebacks of `end_with_message` go to the file
    alone.

    Attributes:
        started: Whether an iteration has begun.
        superseded: Files that are deleted when the first begins, and not before.
    """

    started = False
    superseded: Sequence[Path] = ()

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """MMEngine's logger, with a filter on what it prints."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(_fits_the_screen)
        return logger

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Note when the first iteration begins."""
        if not self.started and fn_name in ('before_train_iter', 'before_val_iter'):
            self.started = True
            for path in self.superseded if is_main_process() else ():
                path.unlink()
        super().call_hook(fn_name, **kwargs)


def _fits_the_screen(record: logging.LogRecord) -> bool:
    return not record.exc_info and not record.getMessage().startswith(_FOR_THE_FILE)


def end_with_message(
    tool: str, error: Exception, runner: SafeRunner | None = None
) -> NoReturn:
    """End a tool with status 2 and an error's text; the traceback is in the log file.

    Args:
        tool: The tool's name, before the text.
        error: What a user can correct.
        runner: The runner, if it was built.
    """
    where = ''
    if runner is not None and runner.logger.log_file is not None:
        runner.logger.error('The run could not start', exc_info=error)
        where = f'\n(traceback: {runner.logger.log_file})'
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    print_error(tool, f'{text}{where}')
    sys.exit(2)


def earlier_checkpoints(work_dir: str | Path) -> list[Path]:
    """Checkpoints in a work dir, and the file that names the last of them."""
    folder = Path(work_dir)
    return sorted([*folder.glob('*.pth'), *folder.glob('last_checkpoint')])
