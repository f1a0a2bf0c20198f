"""A tool of tools/ in this process, where everything is imported."""

import runpy
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[1] / 'tools'


def run_tool(monkeypatch, name, *args):
    """What the main function of a tool gives for these arguments."""
    # As Python does with the folder of a script; others' names may be theirs, too.
    monkeypatch.setattr(sys, 'path', [str(TOOLS), *sys.path])
    monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
    return runpy.run_path(str(TOOLS / name))['main']()
