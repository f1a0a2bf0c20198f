"""What stands in the project's Markdown: blocks of code, commands, links, headings."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / 'README.md',
    *sorted((ROOT / 'docs').rglob('*.md')),
    *sorted((ROOT / 'zoo').rglob('*.md')),
]
#: Stands above a block that the tests run, each page's in order.
RUN = '<!-- run -->'
_FENCE = re.compile(r'^( *)```(\w*)\n(.*?)^\1```$', re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r'`((?:python )?(?:tools/)?[\w/]+\.(?:py|sh)(?: [^`]*)?)`')
_LINK = re.compile(r'\]\(([^()\s]+)\)')
_HEADING = re.compile(r'^#+ +(.*)$', re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: language, text, line in the page, and whether to run it."""

    language: str
    text: str
    line: int
    run: bool


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


def commands(page: Path) -> list[tuple[str, list[str], bool]]:
    """(where, words from the tool on, whether it is to be complete) of each command."""
    found = []
    for block in blocks(page):
        if block.language != 'bash':
            continue
        for line in block.text.replace('\\\n', ' ').splitlines():
            words = shlex.split(line, comments=True)
            at = next((i for i, w in enumerate(words) if _is_tool(w)), None)
            if at is not None:
                open_ended = any(w == '...' or w.startswith('[') for w in words)
                where = f'{page.name}:{block.line}: {" ".join(words)}'
                found.append((where, words[at:], not open_ended))
    for match in _INLINE.finditer(prose(page)):
        words = shlex.split(match[1].removeprefix('python '))
        if _is_tool(words[0]):
            found.append((f'{page.name}: {match[1]}', words, False))
    return found


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
