"""The page of a data check, with pictures of the defects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from mpc_mmseg.datasets.check.defect import KINDS, Defect
from mpc_mmseg.datasets.check.result import Result
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_image, read_mask

from .pages import render
from .pictures import Picture, jpeg_picture, outline, png_picture
from .plots import LINE_COLOURS, figure_png


def check_page(result: Result, title: str, max_pictures: int = 200) -> str:
    """Writes the page.

    Args:
        result: Result of the check.
        title: The heading.
        max_pictures: Defects of a kind that are shown; the rest is counted.

    Returns:
        HTML that needs no other file.
    """
    groups = []
    for kind, (severity, advice) in KINDS.items():
        own = [each for each in result.defects if each.kind == kind]
        if own:
            rows = [(each, _pictures(each)) for each in own[:max_pictures]]
            groups.append(
                dict(kind=kind, severity=severity, advice=advice, n=len(own), rows=rows)
            )
    return render(
        'check.html',
        title=title,
        verdict=result.verdict,
        lists=result.statistics,
        plots=_plots(result.statistics),
        groups=groups,
    )


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
    positions = np.arange(len(labels))
    width = 0.8 / len(counts)
    for number, (name, values) in enumerate(counts.items()):
        colour = LINE_COLOURS[(number + 1) % len(LINE_COLOURS)]
        axes.bar(positions + number * width, values, width, label=name, color=colour)
    every = max(1, len(labels) // 12)
    axes.set_xticks(
        positions[::every] + 0.4 - width / 2, labels[::every], fontsize=7, rotation=45
    )
    axes.tick_params(axis='y', labelsize=7)
    axes.set_ylabel('images', fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=7)
    return Picture(figure_png(plot))


def _pictures(defect: Defect) -> dict[str, Picture]:
    """The readable ones of the image, its mask, both together, and the other image."""
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
        return found  # the defect itself
    if image is not None and mask is not None and mask.shape == image.shape[:2]:
        found['outline of the mask'] = jpeg_picture(outline(image, mask))
    if defect.other is not None:
        found['the other image'] = jpeg_picture(read_image(defect.other))
    return found
