"""What stands in the project's Markdown: blocks of code, commands, links, headings."""

import re
import runpy
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / 'README.md',
    *sorted((ROOT / 'docs').rglob('*.md')),
    *sorted((ROOT / 'zoo').rglob('*.md')),
    *sorted((ROOT / 'configs').rglob('*.md')),
]
#: Stands above a block that the tests run, each page's in order.
RUN = '<!-- run -->'
_FENCE = re.compile(r'^( *)```(\w*)\n(.*?)^\1```$', re.DOTALL | re.MULTILINE)
_TOOLS = {
    path.name: path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / 'tools').rglob('*.*'))
    if path.suffix in ('.py', '.sh')
}
#: Names of mpcseg's commands -> the tools that they are.
_COMMANDS = {
    name: f'tools/{file}'
    for name, file in runpy.run_path(str(ROOT / 'tools/__main__.py'))['FILES'].items()
    if file
}
# A tool with or without its path, which has arguments then; or a shell's command.
_INLINE = re.compile(
    r'(?<!`)`((?:python )?tools/[\w/]+\.(?:py|sh)(?: [^`]*)?'
    rf'|(?:{"|".join(map(re.escape, _TOOLS))}) [^`]+'
    rf'|mpcseg (?:{"|".join(_COMMANDS)}) [^`]+'
    r'|(?:make|pip|git|apt-get)\s[^`]+)`'
)
_LINK = re.compile(r'\]\(([^()\s]+)\)')
_HEADING = re.compile(r'^#+ +(.*)$', re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: language, text, line in the page, and whether to run it."""

    language: str
    text: str
    line: int
    run: bool


@dataclass(frozen=True)
class Command:
    """A command that a page prints.

    Attributes:
        page: Name of the page's file.
        line: In the page.
        script: As it is printed.
        before: What stands before a tool: variables.
        words: From the tool on; none of a command that calls no tool.
        complete: Whether a tool's arguments are to be complete.
    """

    page: str
    line: int
    script: str
    before: tuple[str, ...]
    words: tuple[str, ...]
    complete: bool


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding='utf-8')
    found = []
    for match in _FENCE.finditer(text):
        indent, language, body = match.groups()
        above = text[: match.start()].rstrip().rsplit('\n', 1)[-1].strip()
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        number = text.count('\n', 0, match.start()) + 1
        found.append(Block(language, '\n'.join(lines) + '\n', number, above == RUN))
    return found


def prose(page: Path) -> str:
    return _FENCE.sub('', page.read_text(encoding='utf-8'))


def printed(page: Path) -> list[Command]:
    """The commands of a page, in its order."""
    text = page.read_text(encoding='utf-8')
    found = []
    for match in _FENCE.finditer(text):
        indent, language, body = match.groups()
        if language == 'bash':
            body = '\n'.join(line.removeprefix(indent) for line in body.splitlines())
            found += [(match.start(), script, True) for script in _scripts(body)]
    # Blanks in place of the blocks, so that what is left stays where it is.
    rest = _FENCE.sub(lambda match: ' ' * len(match[0]), text)
    for match in _INLINE.finditer(rest):
        found.append((match.start(), match[1], False))
    return [
        _command(page, text.count('\n', 0, at) + 1, script, fenced)
        for at, script, fenced in sorted(found, key=lambda each: each[0])
    ]


def _scripts(body: str) -> list[str]:
    """The commands of a block: a line each, with the text that `<<'EOF'` feeds it."""
    scripts: list[str] = []
    end = None
    for line in body.replace('\\\n', ' ').splitlines():
        if end is not None:
            scripts[-1] += f'\n{line}'
            end = None if line == end else end
        elif shlex.split(line, comments=True):
            scripts.append(line)
            here = re.search(r"<<'(\w+)'", line)
            end = here and here[1]
    return scripts


def _command(page: Path, line: int, script: str, fenced: bool) -> Command:
    # What feeds a command is not split: it is no shell.
    words = [_full_name(w) for w in shlex.split(script.split('<<')[0], comments=True)]
    if 'mpcseg' in words[:-1]:
        at = words.index('mpcseg')
        tool = _COMMANDS.get(words[at + 1])
        words[at : at + 2] = [tool] if tool else words[at : at + 2]
    at = next((i for i, word in enumerate(words) if _is_tool(word)), None)
    if at is None:
        return Command(page.name, line, script, (), (), False)
    before = tuple(word for word in words[:at] if word != 'python')
    open_ended = any(w == '...' or w.startswith('[') for w in words)
    complete = fenced and not open_ended
    return Command(page.name, line, script, before, tuple(words[at:]), complete)


def commands(page: Path) -> list[tuple[str, list[str], bool]]:
    """(where, words from the tool on, whether it is to be complete) of each command."""
    return [
        (f'{c.page}:{c.line}: {c.script}', list(c.words), c.complete)
        for c in printed(page)
        if c.words
    ]


def _full_name(word: str) -> str:
    """A tool by its path, which prose leaves out now and then."""
    return _TOOLS.get(word, word)


def _is_tool(word: str) -> bool:
    return word.startswith('tools/') and word.endswith(('.py', '.sh'))


def links(page: Path) -> list[str]:
    """Links to files and headings of the project."""
    return [target for target in _LINK.findall(prose(page)) if '://' not in target]


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked, as GitHub makes them."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        name = re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-')
        number = 0
        while (unique := f'{name}-{number}' if number else name) in found:
            number += 1
        found.add(unique)
    return found
