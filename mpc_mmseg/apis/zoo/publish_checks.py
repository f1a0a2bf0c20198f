"""What must hold before a model is published: scores of its weights, card, config."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mpc_mmseg.apis.inference.model_from_files import find_config

_TEMPLATE = Path(__file__).parents[3] / 'zoo' / 'template' / 'card.md'


def check_scores(
    results: Mapping[str, Any], path: str, weights_sha256: str, raw_of_both: bool
) -> dict[str, Any]:
    """Checks that scores are of the weights and the config that are published.

    Args:
        results: As `read_results` gives them.
        path: Their file, for errors.
        weights_sha256: Hash of the checkpoint.
        raw_of_both: Whether raw weights are published of a checkpoint with averaged
            ones, which tests score.

    Returns:
        The origin of the scores.

    Raises:
        ValueError: If they are of other weights, of another config, or do not state it.
    """
    again = 'score it with tools/test.py CHECKPOINT --results'
    origin = results.get('origin')
    if not origin:
        raise ValueError(f'{path} does not state which weights were scored: {again}')
    if origin['weights_sha256'] != weights_sha256:
        raise ValueError(
            f'{path} has the scores of other weights, {origin["checkpoint"]} with '
            f'SHA-256 {origin["weights_sha256"][:12]}, not {weights_sha256[:12]}: '
            f'{again}'
        )
    if raw_of_both:
        raise ValueError(
            f'{path} has the scores of the averaged weights: publish weights=ema, or '
            'no results'
        )
    if differing := list(origin['config_differences'] or ()):
        raise ValueError(
            f'{path} was scored with another config than the one that is published; '
            f'they differ in {", ".join(differing)}: {again}, without CONFIG'
        )
    return origin


def check_card(card: str | Path) -> None:
    """Checks that a card was filled in.

    Raises:
        ValueError: If it has a text of the template or an empty part; names it.
    """
    text = Path(card).read_text(encoding='utf-8')
    template = _TEMPLATE.read_text(encoding='utf-8') if _TEMPLATE.is_file() else '# NAME'
    paragraphs = {_joined(p) for p in re.split(r'\n\s*\n', text)}
    for paragraph in re.split(r'\n\s*\n', template):
        wanted = _joined(paragraph)
        if wanted in paragraphs and not wanted.startswith('## '):
            raise ValueError(f'{card} still has the text of the template: {wanted!r}')
    if empty := re.search(r'^## (.*)\s*(?=^## |\Z)', text, re.MULTILINE):
        raise ValueError(
            f'{card}: the part {empty[1]!r} is empty; write "unknown" where it is'
        )


def check_config(name: str) -> str:
    """The path of a config for the metafile.

    Args:
        name: Name of a config of this project, or the path of another one.

    Raises:
        ValueError: If there is none.
    """
    if Path(name).suffix == '.py' and Path(name).is_file():
        return Path(name).as_posix()
    try:
        path = find_config(name)
    except FileNotFoundError as error:
        raise ValueError(
            f'{error}; give the path of the config with which it was trained'
        ) from error
    return f'configs/{path.parent.name}/{path.name}'


def _joined(paragraph: str) -> str:
    return ' '.join(paragraph.split())
