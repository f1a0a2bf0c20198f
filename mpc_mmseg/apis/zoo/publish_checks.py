"""What must hold before a model is published: scores of its weights, card, config."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mpc_mmseg.apis.inference.model_from_files import find_config

_TEMPLATE = Path(__file__).parents[3] / 'zoo' / 'template' / 'card.md'


def check_scores(origin: Mapping[str, Any] | None, weights_sha256: str) -> None:
    """Raises a ValueError if scores are not of the checkpoint and its own config."""
    if not origin:
        problem = 'do not state which weights were scored'
    elif origin['weights_sha256'] != weights_sha256:
        digests = f'{origin["weights_sha256"][:12]}, not {weights_sha256[:12]}'
        problem = f'are of other weights, {origin["checkpoint"]} of SHA-256 {digests}'
    elif origin['config_differences']:
        differing = ', '.join(origin['config_differences'])
        problem = f'are of another config than the stored one, in {differing}'
    else:
        return
    raise ValueError(f'the scores {problem}: use tools/test.py CHECKPOINT --results')


def check_card(card: str | Path) -> None:
    """Raises a ValueError if a card has a text of the template or an empty part."""
    if not Path(card).is_file():
        raise FileNotFoundError(f'no card {card}')
    text = Path(card).read_text(encoding='utf-8')
    template = (
        _TEMPLATE.read_text(encoding='utf-8') if _TEMPLATE.is_file() else '# NAME'
    )
    own = _paragraphs(text)
    for paragraph in _paragraphs(template):
        if paragraph in own and not paragraph.startswith('## '):
            raise ValueError(f'{card} has the text of the template: {paragraph!r}')
    if empty := re.search(r'^## (.*)\s*(?=^## |\Z)', text, re.MULTILINE):
        raise ValueError(f'{card}: {empty[1]!r} is empty; write "unknown" where it is')


def check_config(name: str) -> str:
    """The path of a config by its name in this project, or of another one's own."""
    if Path(name).suffix == '.py' and Path(name).is_file():
        return Path(name).as_posix()
    path = find_config(name)
    return f'configs/{path.parent.name}/{path.name}'


def _paragraphs(text: str) -> list[str]:
    return [' '.join(each.split()) for each in re.split(r'\n\s*\n', text)]
