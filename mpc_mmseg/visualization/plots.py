"""Plots of pixel embeddings, and the style of all plots."""

from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .pictures import Picture

AUTHENTIC_COLOUR, FORGED_COLOUR = '#3b6fb6', '#d1495b'
LINE_COLOURS = ('#1f2a44', '#3b6fb6', '#2a9d8f', '#e09f3e', '#d1495b', '#7a5195')
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
