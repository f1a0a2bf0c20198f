"""Score against forged area: what a model finds depends on how large it is."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from mpc_mmseg.evaluation.functional.resampling import mean_with_interval

from .figure_png import LINE_COLOURS, figure_png

# Shares of the image at which groups begin and end.
AREA_EDGES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
_SMALLEST = 1e-4


def by_area(areas: np.ndarray, scores: np.ndarray) -> list[dict]:
    """Averages scores of images whose forged areas are alike.

    Args:
        areas: (N,) shares of the image that are forged, in 0..1.
        scores: (N,) scores.

    Returns:
        Per group with an image in it ``low_area`` (exclusive) and ``high_area``
        (inclusive), and what `mean_with_interval` gives.

    Raises:
        ValueError: If shapes differ.
    """
    areas, scores = np.asarray(areas, float), np.asarray(scores, float)
    if areas.shape != scores.shape or areas.ndim != 1:
        raise ValueError(f'expected two (N,), got {areas.shape} and {scores.shape}')
    groups = []
    for low, high in pairwise(AREA_EDGES):
        inside = (areas > low) & (areas <= high)
        if inside.any():
            summary = mean_with_interval(scores[inside])
            groups.append({'low_area': low, 'high_area': high, **summary})
    return groups


def plot_by_area(
    runs: Mapping[str, tuple[np.ndarray, np.ndarray]], score: str = 'F1'
) -> bytes:
    """Plots each image's score against its forged area, and the groups' means.

    Args:
        runs: Name -> areas (N,) and scores (N,) of its forged images.
        score: What the scores are called.

    Returns:
        A PNG file.
    """
    figure = Figure(figsize=(7.4, 3.2), layout='constrained')
    axes = figure.add_subplot()
    for (name, (areas, scores)), colour in zip(
        runs.items(), LINE_COLOURS[1:] * len(runs)
    ):
        shown = np.maximum(areas, _SMALLEST)
        axes.scatter(shown, scores, s=9, color=colour, alpha=0.35, linewidths=0)
        for group in by_area(areas, scores):
            ends = [max(group['low_area'], _SMALLEST), group['high_area']]
            axes.plot(ends, [group['value']] * 2, color=colour, linewidth=2)
            if group['low'] is not None:
                low, high = group['low'], group['high']
                axes.fill_between(
                    ends, low, high, color=colour, alpha=0.15, linewidth=0
                )
        axes.plot([], [], color=colour, linewidth=2, label=name)
    axes.set_xscale('log')
    ticks = [_SMALLEST, 1e-3, *AREA_EDGES[1:]]
    axes.set_xticks(ticks, [f'{tick:.2%}'.replace('.00', '') for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel('forged share of the image (logarithmic)', fontsize=8)
    axes.set_ylabel(score, fontsize=8)
    axes.tick_params(labelsize=7)
    if len(runs) > 1:
        axes.legend(fontsize=8, framealpha=0.85)
    return figure_png(figure)
