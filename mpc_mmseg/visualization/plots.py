"""Plots of a report: score against forged area, pixel embeddings; and their style."""

from collections.abc import Mapping
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mpc_mmseg.evaluation.functional.resampling import mean_with_interval

from .pictures import Picture

AUTHENTIC_COLOUR, FORGED_COLOUR = '#3b6fb6', '#d1495b'
LINE_COLOURS = ('#1f2a44', '#3b6fb6', '#2a9d8f', '#e09f3e', '#d1495b', '#7a5195')
# Bounds of the groups, as shares of the image.
AREA_EDGES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
_SMALLEST = 1e-4
_FORGED = 1


def figure_png(figure: Figure, dpi: int = 130) -> bytes:
    """Renders a figure to PNG without a display or pyplot's global state.

    Args:
        figure: Changed: its axes lose two spines.
        dpi: Pixels per inch of the figure's size.
    """
    for axes in figure.axes:
        axes.spines[['top', 'right']].set_visible(False)
        axes.grid(True, alpha=0.25, linewidth=0.6)
        axes.set_axisbelow(True)
    file = BytesIO()
    figure.set_dpi(dpi)
    FigureCanvasAgg(figure).print_png(file)
    return file.getvalue()


def by_area(areas: np.ndarray, scores: np.ndarray) -> list[dict]:
    """Mean scores of images grouped by forged area.

    Args:
        areas: (N,) shares of the image that are forged, in 0..1.
        scores: (N,) scores.

    Returns:
        Per non-empty group ``low_area`` (exclusive), ``high_area`` (inclusive) and the
        entries of `mean_with_interval`.

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
    """PNG of each image's score against its forged area, and the groups' means.

    Args:
        runs: Name -> areas (N,) and scores (N,) of its forged images.
        score: Name of the scores.
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
                band = group['low'], group['high']
                axes.fill_between(ends, *band, color=colour, alpha=0.15, linewidth=0)
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


def principal_plane(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Projects points onto their two principal axes.

    Args:
        embeddings: (N, C) floats, N >= 1.

    Returns:
        (N, 2) coordinates, and their (2,) shares of the variance; zeros if there are
        fewer than two axes.

    Raises:
        ValueError: If there are no points or a value is not finite.
    """
    embeddings = np.asarray(embeddings, np.float64)
    if embeddings.ndim != 2 or embeddings.size == 0:
        raise ValueError(f'embeddings must be (N, C), got {embeddings.shape}')
    if not np.isfinite(embeddings).all():
        raise ValueError('embeddings have a NaN or an infinity')
    left, spreads, _ = np.linalg.svd(embeddings - embeddings.mean(0), False)
    shares = spreads**2 / max(np.sum(spreads**2), 1e-300)
    missing = max(0, 2 - len(spreads))
    plane = np.pad((left * spreads)[:, :2], ((0, 0), (0, missing)))
    return plane, np.pad(shares[:2], (0, missing))


def plot_embeddings(
    embeddings: np.ndarray, labels: np.ndarray, title: str, max_points: int = 4000
) -> bytes:
    """PNG of pixel embeddings in their principal plane, coloured by class.

    They are normalised first: the contrast compares directions.

    Args:
        embeddings: (N, C) floats.
        labels: (N,) integers; 1 forged, 0 authentic; others are left out.
        title: Above the plot.
        max_points: Number of points at most, a fixed random choice.

    Raises:
        ValueError: If shapes do not fit, or no pixel is forged or authentic.
    """
    embeddings, labels = np.asarray(embeddings, np.float64), np.asarray(labels)
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1]:
        raise ValueError(
            'embeddings and labels must be (N, C) and (N,), got '
            f'{embeddings.shape} and {labels.shape}'
        )
    known = np.flatnonzero((labels == 0) | (labels == _FORGED))
    if known.size > max_points:
        known = np.random.default_rng(0).choice(known, max_points, replace=False)
    embeddings, labels = embeddings[known], labels[known]
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    plane, shares = principal_plane(embeddings / np.maximum(lengths, 1e-12))

    figure = Figure(figsize=(4.6, 4.2), layout='constrained')
    axes = figure.add_subplot()
    forged = labels == _FORGED
    # In one call and a random order, so that neither class covers the other.
    colours = np.where(forged, FORGED_COLOUR, AUTHENTIC_COLOUR)
    order = np.random.default_rng(0).permutation(len(plane))
    axes.scatter(*plane[order].T, c=colours[order], s=7, alpha=0.55, linewidths=0)
    for name, colour, n in (
        ('authentic', AUTHENTIC_COLOUR, int((~forged).sum())),
        ('forged', FORGED_COLOUR, int(forged.sum())),
    ):
        axes.scatter([], [], c=colour, s=22, label=f'{name} ({n} pixels)')
    axes.legend(loc='best', fontsize=8, framealpha=0.85)
    axes.set_xlabel(f'1st principal axis ({shares[0]:.0%} of variance)', fontsize=8)
    axes.set_ylabel(f'2nd principal axis ({shares[1]:.0%})', fontsize=8)
    axes.tick_params(labelsize=7)
    axes.set_title(title, fontsize=10)
    return figure_png(figure)


def plot_embedding_file(path: str | Path, title: str) -> Picture:
    """Plots the embeddings of an NPZ file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it lacks ``embeddings`` (N, C) or ``labels`` (N,). The message
            names the file.
    """
    try:
        with np.load(path) as arrays:
            embeddings, labels = arrays['embeddings'], arrays['labels']
        return Picture(plot_embeddings(embeddings, labels, title))
    except (ValueError, KeyError, BadZipFile) as error:
        raise ValueError(f'{path}: {error}') from error
