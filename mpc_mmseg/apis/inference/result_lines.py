"""results.jsonl: written line by line, and what an earlier run left in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mpc_mmseg.atomic_files import write_atomic

FILE = 'results.jsonl'
SETTINGS_FILE = 'settings.json'


def keep_finished(
    out: Path, settings: Mapping[str, Any], resume: bool
) -> dict[str, dict[str, Any]]:
    """Gets a folder of results ready: what is finished stays, the rest goes.

    Finished is an image whose line is whole and has no error, and whose pictures are
    there.

    Args:
        out: The folder.
        settings: What decides the results; kept in settings.json.
        resume: Whether an earlier run goes on; else its lines are dropped.

    Returns:
        Path of an image -> its line.

    Raises:
        ValueError: If the earlier run had other settings.
    """
    settings = json.loads(json.dumps(settings))
    lines: dict[str, dict[str, Any]] = {}
    if resume and (out / FILE).is_file() and (out / SETTINGS_FILE).is_file():
        earlier = json.loads((out / SETTINGS_FILE).read_text(encoding='utf-8'))
        if earlier != settings:
            differing = [
                key
                for key in {**earlier, **settings}
                if earlier.get(key) != settings.get(key)
            ]
            raise ValueError(
                f'{out} holds results of another run, which differs in '
                f'{", ".join(differing)}: choose another folder, or begin anew '
                'without --resume'
            )
        lines = _finished(out)
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / SETTINGS_FILE, json.dumps(settings, indent=2) + '\n')
    write_atomic(out / FILE, ''.join(as_text(line) for line in lines.values()))
    return lines


def as_text(line: Mapping[str, Any]) -> str:
    """Gives a line of results.jsonl."""
    return json.dumps(line, ensure_ascii=False) + '\n'


def _finished(out: Path) -> dict[str, dict[str, Any]]:
    lines = {}
    for text in (out / FILE).read_text(encoding='utf-8').splitlines():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue  # the line during which the earlier run was stopped
        if 'error' not in line and all((out / f).is_file() for f in line['files']):
            lines[line['path']] = line
    return lines
