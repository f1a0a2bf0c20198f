"""Calls what is run of the documented commands, each once."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from as_run import Runnable
from free_port import free_port
from tables import DRY, READY
from world import World

Ended = tuple[int | None, str]
SECONDS = 600


class Calls:
    """The calls that were made in a world, and what came of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._ended: dict[str, Ended] = {}

    def of_tool(self, run: Runnable, beside: Sequence[Runnable] = ()) -> Ended:
        """Exit status, None if it took too long, and output of a tool.

        Args:
            run: The call.
            beside: Calls that must run at the same time, as on several machines.
        """
        if str(run) not in self._ended:
            port = str(free_port())
            runs = [run, *beside]
            commands = [self._command(each, port) for each in runs]
            ended = self._together(commands, READY.get(run.words[0]))
            self._ended |= zip(map(str, runs), ended)
        return self._ended[str(run)]

    def of_shell(self, script: str) -> Ended:
        """Exit status and output of a command that calls no tool."""
        for word, dry in DRY.items():
            script = script.replace(word, dry)
        [ended] = self._together([['bash', '-euo', 'pipefail', '-c', script]])
        return ended

    def _command(self, run: Runnable, port: str) -> list[str]:
        python = ['python'] if run.words[0].endswith('.py') else []
        return [
            word.replace('{port}', port).replace('{zoo}', self.world.zoo)
            for word in ('env', *run.before, *python, *run.words)
        ]

    def _together(
        self, commands: Sequence[Sequence[str]], ready: str | None = None
    ) -> list[Ended]:
        """What came of commands that run at the same time.

        Args:
            commands: The commands.
            ready: What those print that end on a signal alone; they get SIGTERM then.
        """
        end = time.monotonic() + SECONDS
        with tempfile.TemporaryDirectory() as folder:
            logs = [Path(folder) / str(i) for i in range(len(commands))]
            started = [
                subprocess.Popen(
                    command, cwd=self.world.folder, env=self.world.environment,
                    stdout=log.open('w'), stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                for command, log in zip(commands, logs)
            ]  # fmt: skip
            while any(process.poll() is None for process in started):
                for process, log in zip(started, logs):
                    if ready and ready in log.read_text(errors='replace'):
                        process.send_signal(signal.SIGTERM)
                        ready = None
                    if time.monotonic() > end and process.poll() is None:
                        # With the processes that it started.
                        os.killpg(process.pid, signal.SIGKILL)
                time.sleep(0.02)
            return [
                (
                    None
                    if process.returncode == -signal.SIGKILL
                    else process.returncode,
                    log.read_text(errors='replace'),
                )
                for process, log in zip(started, logs)
            ]
