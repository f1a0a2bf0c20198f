"""A self-contained HTML page of a localizer's scores and maps.

Built from plain data; pictures go in as data, so that the one file can be mailed.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from .html_style import STYLE


@dataclass(frozen=True)
class Picture:
    """A picture file, PNG or JPEG, with what to say below it."""

    data: bytes
    caption: str = ''


@dataclass(frozen=True)
class ImageRow:
    """One image of the report: what went in, what came out, how good it is.

    Attributes:
        name: Shown as it is.
        pictures: By column: photograph, truth, heat map and so on.
        note: Such as its F1; a number in 0..1 is drawn as a bar too.
        score: That number, if it has one.
    """

    name: str
    pictures: Mapping[str, Picture]
    note: str
    score: float | None = None


@dataclass(frozen=True)
class Section:
    """A heading, a paragraph and plots side by side."""

    title: str
    text: str = ''
    pictures: Sequence[Picture] = ()


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
    parts = [f'<h1>{escape(report.title)}</h1>']
    if report.verdict:
        parts.append(f'<p class="verdict">{escape(report.verdict)}</p>')
    if report.scores:
        parts += ['<h2>Scores</h2>', _score_table(report.scores)]
        parts.append(_definitions(report.scores, report.score_notes))
    parts += [section_html(section) for section in report.sections]
    if report.images:
        parts += ['<h2>Images</h2>', _paragraph(report.images_note)]
        parts.append(_legend(report.colour_scale))
        parts += [_image_row(row) for row in report.images]
    if report.footer:
        parts.append(f'<footer>{escape(report.footer)}</footer>')
    return page(report.title, parts)


def page(title: str, parts: Sequence[str]) -> str:
    """Puts pieces of HTML together to a page that needs no other file."""
    body = '\n'.join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n'
        f'<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n'
    )


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


def _definitions(
    rows: Mapping[str, Mapping[str, float]], notes: Mapping[str, str]
) -> str:
    shown = {name.split('/')[-1] for row in rows.values() for name in row}
    items = [
        f'<dt>{escape(name.replace("_", " "))}</dt><dd>{escape(text)}</dd>'
        for name, text in notes.items()
        if name in shown
    ]
    return f'<dl>{"".join(items)}</dl>' if items else ''


def section_html(section: Section) -> str:
    """A heading, a paragraph and plots."""
    figures = ''.join(figure(picture) for picture in section.pictures)
    return (
        f'<section><h2>{escape(section.title)}</h2>{_paragraph(section.text)}'
        f'<div class="plots">{figures}</div></section>'
    )


def _legend(colours: Sequence[str]) -> str:
    if not colours:
        return ''
    gradient = escape(', '.join(colours))
    return (
        '<p class="legend">Heat map: 0 (authentic) '
        f'<i style="background:linear-gradient(90deg, {gradient})"></i> 1 (forged)</p>'
    )


def _image_row(row: ImageRow) -> str:
    figures = ''.join(
        figure(Picture(picture.data, column), alt=f'{column} of {row.name}')
        for column, picture in row.pictures.items()
    )
    bar = ''
    if row.score is not None:
        width = f'{100 * min(max(row.score, 0), 1):.0f}'
        bar = f'<span class="bar"><i style="width:{width}%"></i></span>'
    return (
        f'<article><header><b>{escape(row.name)}</b><span>{bar}{escape(row.note)}'
        f'</span></header><div class="maps">{figures}</div></article>'
    )


def figure(picture: Picture, alt: str = '') -> str:
    """A picture inside the page, with its caption."""
    kind = 'png' if picture.data.startswith(b'\x89PNG') else 'jpeg'
    data = base64.b64encode(picture.data).decode('ascii')
    caption = escape(picture.caption)
    below = f'<figcaption>{caption}</figcaption>' if caption else ''
    return (
        f'<figure><img src="data:image/{kind};base64,{data}" '
        f'alt="{escape(alt or picture.caption)}">{below}</figure>'
    )


def _paragraph(text: str) -> str:
    return f'<p>{escape(text)}</p>' if text else ''
