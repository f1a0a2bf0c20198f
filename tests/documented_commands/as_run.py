"""From what a page prints to what is run, by the tables alone."""

import re
import shlex
from dataclasses import dataclass

from markdown_pages import Command
from tables import NOT_RUN, PLACEHOLDERS, REPLACED, SHORTENED, WRITTEN_OUT


@dataclass(frozen=True)
class Runnable:
    """What is run of a command.

    Attributes:
        before: Variables, as KEY=VALUE.
        words: The tool and its arguments.
        shortened: Whether more than names was filled in.
    """

    before: tuple[str, ...]
    words: tuple[str, ...]
    shortened: bool

    def __str__(self) -> str:
        return shlex.join([*self.before, *self.words])


def why_not(command: Command) -> str | None:
    """Why a command is not run; None if it is."""
    begin = re.sub(r'^(?:[A-Z_]+=\S+ )+', '', ' '.join(command.script.split()))
    return next((why for key, why in NOT_RUN.items() if begin.startswith(key)), None)


def as_run(command: Command) -> Runnable:
    """What is run of a command that calls a tool.

    Raises:
        ValueError: If the tables have nothing for a part of it; says what to add.
    """
    printed = shlex.join(command.words)
    where = f'{command.page}:{command.line}: {printed}'
    written = shlex.split(WRITTEN_OUT.get(' '.join(command.words), printed))
    if '...' in written:
        raise ValueError(f'{where}\nis abridged: write it out in WRITTEN_OUT')
    tool, *words = written
    words = [_taken(word) for word in words]
    filled, option = [], ''
    for word in words:
        filled.append(_first(PLACEHOLDERS, word, tool, option, command.page))
        if re.fullmatch(r'[A-Z]+(?:[_,][A-Z]+)*', filled[-1]):
            raise ValueError(f'{where}\nfill {word} in: add it to PLACEHOLDERS')
        option = word if word.startswith('--') else ''
    replaced = [_first(REPLACED, word, *command.before, tool) for word in filled]
    more = [
        added
        for word, options in SHORTENED.items()
        if word in (tool, *replaced)
        for added in options.split()
        if not (added == '--overwrite' and '--resume' in replaced)
    ]
    variables = [word for word in more if re.match('[A-Z_]+=', word)]
    before = [*(REPLACED.get(word, word) for word in command.before), *variables]
    shortened = bool(more) or (before, filled) != ([*command.before], replaced)
    more = [word for word in more if word not in variables]
    return Runnable(tuple(before), (tool, *_with(replaced, more)), shortened)


def _taken(word: str) -> str:
    """A word without the bracket that begins or ends what may be left out."""
    word = word.removeprefix('[')
    return word[:-1] if word.count(']') > word.count('[') else word


def _first(table: dict[str, str], word: str, *scopes: str) -> str:
    """A word's entry in a table, of the first scope that has one."""
    keys = [*(f'{scope} {word}' for scope in scopes), word]
    return next((table[key] for key in keys if key in table), word)


def _with(words: list[str], more: list[str]) -> list[str]:
    """Words with options; overrides of the config go where those are."""
    overrides = [word for word in more if re.match(r'[a-z_]+[\w.]*=', word)]
    words = [*words, *(word for word in more if word not in overrides)]
    if not overrides:
        return words
    if '--cfg-options' not in words:
        return [*words, '--cfg-options', *overrides]
    at = words.index('--cfg-options') + 1
    while at < len(words) and not words[at].startswith('--'):
        at += 1
    return [*words[:at], *overrides, *words[at:]]
