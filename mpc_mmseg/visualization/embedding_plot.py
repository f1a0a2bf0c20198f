"""A picture of pixel embeddings: are forged and authentic ones separate?"""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from matplotlib.figure import Figure

from .figure_png import AUTHENTIC_COLOUR, FORGED_COLOUR, figure_png
from .pictures import Picture

_FORGED = 1


def principal_plane(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Projects points onto the two directions in which they spread most.

    Args:
        embeddings: (N, C) floats, N >= 1.

    Returns:
        (N, 2) coordinates, and the (2,) shares of the variance that they hold;
        zeros where there are fewer than two directions.

    Raises:
        ValueError: If there are no points or a value is not finite.
    """
    embeddings = np.asarray(embeddings, np.float64)
    if embeddings.ndim != 2 or embeddings.size == 0:
        raise ValueError(f'embeddings must be (N, C), got {embeddings.shape}')
    if not np.isfinite(embeddings).all():
        raise ValueError('embeddings hold a NaN or an infinity')
    centred = embeddings - embeddings.mean(axis=0)
    # C is small beside N: the covariance is cheaper than an SVD of the points.
    variances, directions = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(variances)[::-1][:2]
    plane = centred @ directions[:, order]
    shares = variances[order].clip(min=0) / max(variances.clip(min=0).sum(), 1e-300)
    if plane.shape[1] < 2:
        plane = np.pad(plane, ((0, 0), (0, 1)))
        shares = np.pad(shares, (0, 1))
    return plane, shares


def plot_embeddings(
    embeddings: np.ndarray, labels: np.ndarray, title: str, max_points: int = 4000
) -> bytes:
    """Plots pixel embeddings in their principal plane, coloured by class.

    They are normalised first, since the contrast compares directions.

    Args:
        embeddings: (N, C) floats.
        labels: (N,) integers; 1 forged, 0 authentic; others are left out.
        title: Above the plot.
        max_points: Drawn at most, chosen at random but always the same.

    Returns:
        A PNG file.

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
    # Drawn in one call and a random order, so that neither class covers the other.
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
        ValueError: If it lacks ``embeddings`` (N, C) or ``labels`` (N,). Names it.
    """
    try:
        with np.load(path) as arrays:
            embeddings, labels = arrays['embeddings'], arrays['labels']
        return Picture(plot_embeddings(embeddings, labels, title))
    except (ValueError, KeyError, BadZipFile) as error:
        raise ValueError(f'{path}: {error}') from error
