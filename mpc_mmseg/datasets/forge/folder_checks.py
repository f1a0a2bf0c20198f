"""Checks that a folder is the requested set of synthetic images, and complete."""

import json
from pathlib import Path

SETTINGS = 'settings.json'
RECORDS = 'forgeries.jsonl'
SHOWN = 5


def check_settings(folder: Path, settings: dict) -> None:
    """Raise ValueError unless a folder was made with the same settings.

    Args:
        folder: a finished or unfinished set.
        settings: what it should have been made with, as JSON gives it back.

    Raises:
        ValueError: it was not; names the settings that differ.
    """
    file = folder / SETTINGS
    if not file.is_file():
        raise ValueError(
            f'{folder} exists and holds no {SETTINGS}, so it is not a set of synthetic '
            'forgeries; choose another folder'
        )
    there = json.loads(file.read_text(encoding='utf-8'))
    differing = [
        _difference(key, there.get(key), wanted)
        for key, wanted in settings.items()
        if there.get(key) != wanted
    ]
    if differing:
        raise ValueError(
            f'{folder} was made with other settings ({"; ".join(differing)}); delete '
            'it, choose another folder, or use its settings'
        )


def _difference(name: str, there: object, wanted: object) -> str:
    """A setting's two values; of a nested setting, the entries that differ."""
    if not isinstance(there, dict) or not isinstance(wanted, dict):
        return f'{name}: {there} there, {wanted} now'
    keys = [key for key in {**there, **wanted} if there.get(key) != wanted.get(key)]
    more = f' and {len(keys) - SHOWN} more' if len(keys) > SHOWN else ''
    return f'{name}: {", ".join(keys[:SHOWN])}{more}'


def check_complete(folder: Path) -> None:
    """Raise FileNotFoundError where a file of a finished set is gone."""
    for line in (folder / RECORDS).read_text(encoding='utf-8').splitlines():
        record = json.loads(line)
        for key in ('image', 'mask'):
            if key in record and not (folder / record[key]).is_file():
                raise FileNotFoundError(
                    f'{folder / record[key]} is gone from a finished set; delete '
                    f'{folder} and generate it again'
                )
