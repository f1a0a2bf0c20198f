"""The page of a data check: what was found, with a picture of every defect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from mpc_mmseg.datasets.check.defect import KINDS, Defect
from mpc_mmseg.datasets.check.result import Result
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_image, read_mask

from .figure_png import LINE_COLOURS, figure_png
from .html_elements import Picture, Section, figure, page, section
from .image_rows import jpeg_picture, png_picture
from .overlay import outline


def check_page(result: Result, title: str, max_pictures: int = 200) -> str:
    """Writes the page.

    Args:
        result: Of the check.
        title: The heading.
        max_pictures: Defects of a kind that are shown with pictures, from the first;
            of the rest the page gives the number.

    Returns:
        HTML that needs no other file.
    """
    parts = [
        f'<p class="verdict">{escape(result.verdict)}</p>',
        _table(result.statistics),
        section(Section('Statistics', '', _plots(result.statistics))),
    ]
    for kind, (severity, advice) in KINDS.items():
        own = [each for each in result.defects if each.kind == kind]
        if own:
            parts.append(f'<h2>{escape(f"{severity}: {kind} ({len(own)})")}</h2>')
            parts.append(f'<p>{escape(advice[0].upper() + advice[1:])}.</p>')
            parts += [_row(each) for each in own[:max_pictures]]
        if len(own) > max_pictures:
            parts.append(
                f'<p>and {len(own) - max_pictures} more, in the JSON file.</p>'
            )
    return page(title, parts)


def _table(lists: Mapping[str, dict]) -> str:
    head = ''.join(
        f'<th>{name}</th>' for name in ('forged', 'authentic', 'formats', 'sizes')
    )
    rows = []
    for name, found in lists.items():
        cells = [str(found['forged']), str(found['authentic'])]
        cells += [_most(found[key]) for key in ('formats', 'sizes')]
        row = ''.join(f'<td>{escape(cell)}</td>' for cell in cells)
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{row}</tr>')
    return (
        f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div>'
    )


def _most(counts: Mapping[str, int], show: int = 3) -> str:
    shown = [f'{name}: {n}' for name, n in list(counts.items())[:show]]
    more = [f'{len(counts) - show} others'] if len(counts) > show else []
    return ', '.join(shown + more)


def _plots(lists: Mapping[str, dict]) -> list[Picture]:
    areas = {name: each['area_counts'] for name, each in lists.items()}
    edges = next(iter(lists.values()))['area_edges'] if lists else []
    labels = [f'{100 * a:g}-{100 * b:g}' for a, b in pairwise(edges)]
    plots = []
    if any(map(any, areas.values())):
        plots.append(_bars(areas, labels, 'Mask area, % of the image'))
    qualities = sorted({int(q) for each in lists.values() for q in each['quality']})
    if qualities:
        counts = {
            name: [each['quality'].get(str(q), 0) for q in qualities]
            for name, each in lists.items()
        }
        plots.append(_bars(counts, [str(q) for q in qualities], 'JPEG quality'))
    return plots


def _bars(
    counts: Mapping[str, Sequence[int]], labels: Sequence[str], title: str
) -> Picture:
    plot = Figure(figsize=(5.6, 3.2), layout='constrained')
    axes = plot.add_subplot()
    places = np.arange(len(labels))
    width = 0.8 / len(counts)
    for number, (name, values) in enumerate(counts.items()):
        colour = LINE_COLOURS[(number + 1) % len(LINE_COLOURS)]
        axes.bar(places + number * width, values, width, label=name, color=colour)
    every = max(1, len(labels) // 12)
    axes.set_xticks(
        places[::every] + 0.4 - width / 2, labels[::every], fontsize=7, rotation=45
    )
    axes.tick_params(axis='y', labelsize=7)
    axes.set_ylabel('images', fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=7)
    return Picture(figure_png(plot))


def _row(defect: Defect) -> str:
    pictures = ''.join(
        figure(Picture(picture.data, caption), alt=f'{caption} of {defect.image}')
        for caption, picture in _pictures(defect).items()
    )
    name = defect.image or defect.where
    return (
        f'<article><header><b>{escape(name)}</b><span>{escape(defect.where)}</span>'
        f'</header><p>{escape(defect.detail)}</p>'
        '<div class="maps" style="grid-auto-columns:minmax(0,340px)">'
        f'{pictures}</div></article>'
    )


def _pictures(defect: Defect) -> dict[str, Picture]:
    """What can be read of the image, its mask, both together, and the other image."""
    found: dict[str, Picture] = {}
    image = mask = None
    try:
        if defect.image:
            image = read_image(defect.image)
            found['image'] = jpeg_picture(image)
        if defect.mask is not None and defect.other is None:
            mask = read_mask(defect.mask)
            found['mask'] = png_picture(mask)
    except ImageReadError:
        return found  # the defect says so
    if image is not None and mask is not None and mask.shape == image.shape[:2]:
        found['outline of the mask'] = jpeg_picture(outline(image, mask))
    if defect.other is not None:
        found['the other image'] = jpeg_picture(read_image(defect.other))
    return found
