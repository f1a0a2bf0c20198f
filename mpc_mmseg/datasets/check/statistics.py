"""What a list is made of: formats, qualities, sizes, areas."""

from __future__ import annotations

from collections import Counter

import numpy as np

from .checked_list import CheckedList

#: Edges of the histogram of mask areas, shares of the image.
AREA_EDGES = (0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def statistics(checked: CheckedList) -> dict:
    """Counts and histograms of a list, ready for JSON.

    Returns:
        ``forged``, ``authentic``, ``formats`` and ``sizes`` ("W x H") with counts, the
        most frequent first; ``quality``: libjpeg quality -> count, and how many files
        have ``own_tables``; ``megapixels``: least, median, most; ``area_edges`` and
        ``area_counts``: the histogram of forged shares; ``area``: their least, median
        and most; ``best_fit``: flip -> number of masks that fit best under it.
    """
    facts = checked.facts
    forged = sum(entry.mask is not None for entry in checked.entries)
    sizes = [each.size for each in facts if each.size]
    areas = [each.area for each in facts if each.area is not None]
    qualities = Counter(each.quality for each in facts if each.quality is not None)
    counts, _ = np.histogram(areas, AREA_EDGES)
    return {
        'forged': forged,
        'authentic': len(checked.entries) - forged,
        'formats': _counts(each.image_format for each in facts if each.image_format),
        'sizes': _counts(f'{width} x {height}' for height, width in sizes),
        'megapixels': _spread([height * width / 1e6 for height, width in sizes]),
        'quality': {str(key): qualities[key] for key in sorted(qualities)},
        'own_tables': sum(not each.standard_tables for each in facts),
        'area_edges': list(AREA_EDGES),
        'area_counts': counts.tolist(),
        'area': _spread(areas),
        'best_fit': _counts(each.best_fit for each in facts if each.best_fit),
    }


def _counts(values) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _spread(values: list[float]) -> list[float]:
    """Least, median and most; nothing of nothing."""
    if not values:
        return []
    return [float(f(values)) for f in (np.min, np.median, np.max)]
