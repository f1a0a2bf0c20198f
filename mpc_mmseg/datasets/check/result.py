"""The outcome of a check, as data, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mpc_mmseg.plain_text import plain_text

from .checked_list import CheckedList
from .defect import KINDS, SEVERITIES, Defect
from .duplicates import find_duplicates

# Of fewer masks, most may fit a flip by chance.
_ENOUGH = 16
#: Edges of the histogram of mask areas, shares of the image.
AREA_EDGES = (0.0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


@dataclass(frozen=True)
class Result:
    """Defects, the most severe first, and statistics by list."""

    defects: list[Defect]
    statistics: dict[str, dict]

    def count(self, severity: str) -> int:
        """The number of defects of a severity."""
        return sum(each.severity == severity for each in self.defects)

    @property
    def passed(self) -> bool:
        """Whether there is no error."""
        return not self.count('error')

    @property
    def verdict(self) -> str:
        """One sentence."""
        images = sum(s['forged'] + s['authentic'] for s in self.statistics.values())
        counts = ', '.join(f'{self.count(each)} {each}s' for each in SEVERITIES)
        return f'{"Passed" if self.passed else "Failed"}: {images} images, {counts}.'


def judge(lists: Sequence[CheckedList]) -> Result:
    """All defects of measured lists, within and between them."""
    defects = []
    for checked in lists:
        defects += checked.defects
        for entry, facts in zip(checked.entries, checked.facts):
            defects += [
                Defect(kind, checked.name, detail, entry.image, entry.mask)
                for kind, detail in facts.defects
            ]
        defects += _flipped_masks(checked) + _mixed_codings(checked)
    defects += find_duplicates(lists)
    order = {kind: number for number, kind in enumerate(KINDS)}
    defects.sort(key=lambda d: (SEVERITIES.index(d.severity), order[d.kind], d.where))
    return Result(defects, {each.name: statistics(each) for each in lists})


def _flipped_masks(checked: CheckedList) -> list[Defect]:
    """Reported where most outlines of a list fit a flip better."""
    fits = Counter(each.best_fit for each in checked.facts if each.best_fit)
    for name, n in fits.most_common(1):
        if name != 'no transform' and fits.total() >= _ENOUGH and 2 * n > fits.total():
            text = f'{n} of {fits.total()} masks fit best after {name}'
            return [Defect('masks flipped', checked.name, text)]
    return []


def _mixed_codings(checked: CheckedList) -> list[Defect]:
    codings = Counter(each.coding for each in checked.facts if each.coding)
    if len(codings) < 2:
        return []
    (rare, n) = codings.most_common()[-1]
    example = next(
        entry.mask
        for entry, facts in zip(checked.entries, checked.facts)
        if facts.coding == rare
    )
    text = f'{n} of {codings.total()} masks are coded {rare}, such as {example}'
    return [Defect('mixed mask codings', checked.name, text)]


def statistics(checked: CheckedList) -> dict:
    """Counts and histograms of a list, ready for JSON.

    Returns:
        ``forged``, ``authentic``, ``formats`` and ``sizes`` ("W x H") with counts, the
        most frequent first; ``quality``: libjpeg quality -> count, and how many files
        have ``own_tables``; ``megapixels``: minimum, median, maximum; ``area_edges``
        and ``area_counts``: the histogram of forged shares; ``area``: their minimum,
        median and maximum; ``best_fit``: flip -> number of masks that it fits best.
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
    """Minimum, median and maximum; empty if there are no values."""
    if not values:
        return []
    return [float(f(values)) for f in (np.min, np.median, np.max)]


def as_json(result: Result) -> dict:
    """Everything, for a JSON file."""
    return {
        'passed': result.passed,
        'counts': {each: result.count(each) for each in SEVERITIES},
        'defects': [
            {'severity': each.severity, **asdict(each)} for each in result.defects
        ],
        'statistics': result.statistics,
    }


def as_text(result: Result, show: int = 5) -> str:
    """A table of the lists and one of the defects, for a terminal.

    Args:
        result: The outcome.
        show: Defects of each kind shown at most.
    """
    width = max([len(name) for name in result.statistics] + [4])
    lines = [
        f'{"list":{width}} {"forged":>8} {"authentic":>9} {"megapixels":>16} '
        f'{"JPEG quality":>12} {"mask area %":>18}'
    ]
    for name, found in result.statistics.items():
        qualities = [int(q) for q, n in found['quality'].items() for _ in range(n)]
        spread = '-'.join(str(f(qualities)) for f in (min, max)) if qualities else ''
        lines.append(
            f'{plain_text(name):{width}} {found["forged"]:8} {found["authentic"]:9} '
            f'{_three(found["megapixels"], 2):>16} {spread:>12} '
            f'{_three([100 * a for a in found["area"]], 1):>18}'
        )
    lines.append('(megapixels and mask area: minimum, median, maximum)')
    by_kind = Counter(each.kind for each in result.defects)
    for kind, (severity, advice) in KINDS.items():
        if by_kind[kind]:
            lines += ['', f'{severity}: {kind} ({by_kind[kind]}): {advice}.']
            own = [each for each in result.defects if each.kind == kind]
            lines += [
                f'  [{plain_text(d.where)}] {plain_text(_words(d), 4096)}'
                for d in own[:show]
            ]
            if len(own) > show:
                lines.append(f'  and {len(own) - show} more')
    return '\n'.join([*lines, '', result.verdict])


def _three(values: Sequence[float], digits: int) -> str:
    return ' '.join(f'{value:.{digits}f}' for value in values)


def _words(defect: Defect) -> str:
    named = not defect.image or defect.image in defect.detail
    return defect.detail if named else f'{defect.image}: {defect.detail}'
