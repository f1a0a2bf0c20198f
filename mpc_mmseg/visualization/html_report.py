"""A self-contained HTML page of a localizer's training, scores and maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from .html_elements import (
    ImageRow,
    Picture,
    Section,
    definitions,
    heat_map_legend,
    image_article,
    page,
    paragraph,
    section,
)

__all__ = ['ImageRow', 'Picture', 'Report', 'Section', 'render']


@dataclass(frozen=True)
class Report:
    """What a page shows, from top to bottom.

    Attributes:
        title: The heading.
        verdict: One or two sentences: does it work?
        scores: Row name -> score name -> value. The first row is the model's own.
        score_notes: Score name -> what it means, below the table.
        sections: The plots.
        images: The rows of images.
        images_note: How they were chosen.
        colour_scale: Colours of the heat maps from 0 to 1, as ``#rrggbb``.
        footer: Where it all comes from.
    """

    title: str
    verdict: str = ''
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    score_notes: Mapping[str, str] = field(default_factory=dict)
    sections: Sequence[Section] = ()
    images: Sequence[ImageRow] = ()
    images_note: str = ''
    colour_scale: Sequence[str] = ()
    footer: str = ''


def render(report: Report) -> str:
    """Writes the page.

    Returns:
        HTML that needs no other file. All text is escaped.
    """
    parts = []
    if report.verdict:
        parts.append(f'<p class="verdict">{escape(report.verdict)}</p>')
    if report.scores:
        shown = {name.split('/')[-1] for row in report.scores.values() for name in row}
        notes = {
            name.replace('_', ' '): text
            for name, text in report.score_notes.items()
            if name in shown
        }
        parts += ['<h2>Scores</h2>', _score_table(report.scores), definitions(notes)]
    parts += [section(content) for content in report.sections]
    if report.images:
        parts += ['<h2>Images</h2>', paragraph(report.images_note)]
        parts.append(heat_map_legend(report.colour_scale))
        parts += [image_article(row) for row in report.images]
    if report.footer:
        parts.append(f'<footer>{escape(report.footer)}</footer>')
    return page(report.title, parts)


def _score_table(rows: Mapping[str, Mapping[str, float]]) -> str:
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    head = ''.join(f'<th>{escape(name.replace("_", " "))}</th>' for name in columns)
    lines = []
    for number, (name, scores) in enumerate(rows.items()):
        cells = ''.join(
            f'<td>{scores[column]:.3f}</td>' if column in scores else '<td>–</td>'
            for column in columns
        )
        kind = ' class="own"' if number == 0 else ''
        lines.append(f'<tr{kind}><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        '<div class="wide"><table><thead><tr><th></th>'
        f'{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )
