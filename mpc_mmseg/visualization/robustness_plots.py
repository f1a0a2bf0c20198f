"""Scores under post-processing as curves against its severity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mpc_mmseg.datasets.post_processing import FAMILIES
from mpc_mmseg.datasets.post_processing.setting import CHAIN

from .plots import LINE_COLOURS, figure_png

Entry = Mapping[str, Any]
# Families whose severities are a geometric series.
_LOGARITHMIC = {'blur_sigma_px'}


def robustness_families(settings: Sequence[Entry]) -> list[str]:
    """The measured families, in the order of the grid."""
    return list(dict.fromkeys(e['family'] for e in settings if e['family'] != 'clean'))


def plot_family(settings: Sequence[Entry], family: str, score: str = 'F1') -> bytes:
    """PNG of a score against a family's severity, and of its difference from clean.

    Bands and bars are 95 % bootstrap intervals; the dashed line is the clean score.

    Args:
        settings: As in the results of `measure_robustness`, with the clean one.
        family: Which of `robustness_families`.
        score: The score.

    Raises:
        ValueError: If no setting of the family has that score.
    """
    points = [entry for entry in settings if entry['family'] == family]
    datasets = [
        name
        for name in dict.fromkeys(n for entry in points for n in entry['scores'])
        if all(score in entry['scores'].get(name, {}) for entry in points)
    ]
    if not datasets:
        raise ValueError(f'no {score} was measured under {family}')
    chain = family == CHAIN
    if not chain:
        points.sort(key=lambda entry: entry['value'])
    height = 0.9 + 0.26 * len(points) if chain else 2.5
    figure = Figure(figsize=(5.8, height), layout='constrained')
    left, right = figure.subplots(1, 2, sharey=chain)
    clean = next(entry for entry in settings if entry['family'] == 'clean')
    for dataset, colour in zip(datasets, LINE_COLOURS[1:] * len(datasets)):
        for axes, kind in ((left, 'scores'), (right, 'difference')):
            _draw(axes, points, kind, dataset, score, colour)
        reference = clean['scores'].get(dataset, {}).get(score)
        if reference is not None:
            line = left.axvline if chain else left.axhline
            line(reference['value'], color=colour, linewidth=0.9, linestyle='--')
    name = score.replace('_', ' ')
    zero = right.axvline if chain else right.axhline
    zero(0, color='#888888', linewidth=0.9, linestyle='--')
    # The full range of a score, so that families can be compared.
    (left.set_xlim if chain else left.set_ylim)(0, 1)
    for axes, label in ((left, name), (right, f'{name} - clean')):
        _label(axes, points, family, label)
    if len(datasets) > 1:
        left.legend(fontsize=7, framealpha=0.85)
    left.set_title(f'{name} (dashed: clean)', fontsize=9)
    right.set_title('difference from clean, paired', fontsize=9)
    return figure_png(figure)


def _draw(
    axes: Axes, points: list[Entry], kind: str, dataset: str, score: str, colour: str
) -> None:
    found = [
        (index, entry['value'], entry[kind][dataset][score])
        for index, entry in enumerate(points)
        if score in entry[kind].get(dataset, {})
    ]
    mean, low, high = (
        # None becomes NaN, which is not drawn.
        np.array([summary.get(key) for *_, summary in found], float)
        for key in ('value', 'low', 'high')
    )
    if any(value is None for _, value, _ in found):
        rows = np.array([index for index, *_ in found])
        style: dict[str, Any] = dict(fmt='o', ms=4, capsize=3, lw=1.2, color=colour)
        axes.errorbar(
            mean, rows, xerr=[mean - low, high - mean], label=dataset, **style
        )
        return
    severity = np.array([value for _, value, _ in found])
    if len(found) == 1:  # a band has no width
        errors = [mean - low, high - mean]
        axes.errorbar(severity, mean, yerr=errors, capsize=3, color=colour)
    axes.fill_between(severity, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(severity, mean, color=colour, marker='o', markersize=3.5, label=dataset)


def _label(axes: Axes, points: list[Entry], family: str, label: str) -> None:
    axes.tick_params(labelsize=7)
    if family == CHAIN:
        names = [entry['name'].replace('+', ' +\n') for entry in points]
        axes.set_yticks(range(len(names)), names, fontsize=6.5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(label, fontsize=8)
        return
    axes.set_xlabel(FAMILIES[family].axis, fontsize=8)
    axes.set_ylabel(label, fontsize=8)
    if family in _LOGARITHMIC:
        axes.set_xscale('log', base=2)
    values = [entry['value'] for entry in points]
    if len(values) < 8:
        axes.set_xticks(values, [f'{value:g}' for value in values])
    if family.endswith('quality'):
        # Severity grows to the right in every plot.
        axes.invert_xaxis()
