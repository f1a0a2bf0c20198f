"""The parts that pages are made of: pictures, sections, images in rows.

Pictures go in as data, so that a page is one file that can be mailed. All text is
escaped.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from .html_style import STYLE

# A page that loads nothing: what an image's name may try, the browser refuses.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'"
)


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
    """A heading, a paragraph and plots: side by side, or broad ones on their own."""

    title: str
    text: str = ''
    pictures: Sequence[Picture] = ()
    broad: bool = False


def page(title: str, parts: Sequence[str]) -> str:
    """Puts parts of HTML into a page with the reports' style.

    Args:
        title: Of the window and at the top, not escaped yet.
        parts: HTML, from top to bottom; empty ones are left out.
    """
    body = '\n'.join([f'<h1>{escape(title)}</h1>', *(part for part in parts if part)])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n'
        f'<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n'
    )


def section(content: Section) -> str:
    """Writes a section."""
    figures = ''.join(figure(picture) for picture in content.pictures)
    kind = 'plots broad' if content.broad else 'plots'
    plots = f'<div class="{kind}">{figures}</div>' if figures else ''
    return (
        f'<section><h2>{escape(content.title)}</h2>{paragraph(content.text)}{plots}'
        '</section>'
    )


def heat_map_legend(
    colours: Sequence[str],
    low: str = 'Heat map: 0 (authentic)',
    high: str = '1 (forged)',
) -> str:
    """Writes the scale of the heat maps, of ``#rrggbb`` from low to high."""
    if not colours:
        return ''
    gradient = escape(', '.join(colours))
    return (
        f'<p class="legend">{escape(low)} '
        f'<i style="background:linear-gradient(90deg, {gradient})"></i> '
        f'{escape(high)}</p>'
    )


def image_article(row: ImageRow) -> str:
    """Writes the row of an image."""
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
    """Writes a picture with its caption."""
    return f'<figure>{_image(picture, alt)}{_caption(picture)}</figure>'


def covered_figure(picture: Picture, below: Picture | None) -> str:
    """Writes a picture that another one takes the place of while it is pointed at.

    Args:
        picture: What is seen at first, with its caption.
        below: What is seen with the pointer or the keyboard's focus on it; None:
            nothing else.
    """
    if below is None:
        return figure(picture)
    return (
        f'<figure class="covered" tabindex="0">{_image(picture)}{_image(below)}'
        f'{_caption(picture)}</figure>'
    )


def _image(picture: Picture, alt: str = '') -> str:
    kind = 'png' if picture.data.startswith(b'\x89PNG') else 'jpeg'
    data = base64.b64encode(picture.data).decode('ascii')
    return (
        f'<img src="data:image/{kind};base64,{data}" '
        f'alt="{escape(alt or picture.caption)}">'
    )


def _caption(picture: Picture) -> str:
    caption = escape(picture.caption)
    return f'<figcaption>{caption}</figcaption>' if caption else ''


def paragraph(text: str) -> str:
    """Writes a paragraph; nothing for an empty text."""
    return f'<p>{escape(text)}</p>' if text else ''


def definitions(items: Mapping[str, str]) -> str:
    """Writes what names mean, below a table."""
    lines = [
        f'<dt>{escape(name)}</dt><dd>{escape(text)}</dd>'
        for name, text in items.items()
    ]
    return f'<dl>{"".join(lines)}</dl>' if lines else ''
