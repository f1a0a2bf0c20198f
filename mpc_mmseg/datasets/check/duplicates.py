"""The same photograph twice: within a list, and between separate lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from .checked_list import CheckedList
from .defect import Defect
from .measure import Facts
from .perceptual_hash import near_pairs

Where = tuple[int, int]  # number of a list, and of an image in it


def find_duplicates(lists: Sequence[CheckedList]) -> list[Defect]:
    """Equal and nearly equal images, and source photographs that lists share."""
    return [*_equal(lists), *_nearly_equal(lists), *_shared_groups(lists)]


def _equal(lists: Sequence[CheckedList]) -> Iterator[Defect]:
    by_content: dict[str, list[Where]] = defaultdict(list)
    for n, each in enumerate(lists):
        for i, facts in enumerate(each.facts):
            if facts.sha256:
                by_content[facts.sha256].append((n, i))
    for first, *others in by_content.values():
        # Compared with the first only, so that n copies give n - 1 defects.
        for other in others:
            masks = {_facts(lists, each).mask_sha256 for each in (first, other)}
            if first[0] != other[0]:
                kind, text = 'duplicate between lists', 'equal'
            elif len(masks) == 2:
                kind, text = 'contradicting duplicates', 'equal, with another mask'
            else:
                kind, text = 'duplicate', 'equal, with the same mask'
            yield _pair(lists, kind, first, other, text)


def _nearly_equal(lists: Sequence[CheckedList]) -> Iterator[Defect]:
    """Pairs of different files whose hashes are near, reported once for each image."""
    by_hash: dict[tuple[str, str], list[Where]] = defaultdict(list)
    seen = set()
    for n, each in enumerate(lists):
        for i, facts in enumerate(each.facts):
            if facts.hashes and (n, facts.sha256) not in seen:
                seen.add((n, facts.sha256))
                by_hash[facts.hashes].append((n, i))
    places = list(by_hash.values())
    hashes = np.array(
        [[int(text, 16) for text in key] for key in by_hash], np.uint64
    ).reshape(-1, 2)
    reported: set[tuple[Where, int]] = set()

    def report(one: Where, other: Where, distance: int) -> Iterator[Defect]:
        one, other = sorted((one, other))
        if _facts(lists, one).sha256 == _facts(lists, other).sha256:
            return
        # Per image and list, only the first near version is reported.
        if (other, one[0]) not in reported:
            reported.add((other, one[0]))
            kind = _kind(lists, one, other)
            text = f'{distance} of 64 bits of the perceptual hash differ'
            yield _pair(lists, kind, one, other, text)

    for same in places:
        for one in _first_of_each_list(same):
            for other in same:
                yield from report(one, other, 0)
    for i, j, distance in near_pairs(hashes):
        for one in _first_of_each_list(places[i]):
            for other in _first_of_each_list(places[j]):
                yield from report(one, other, distance)


def _first_of_each_list(places: Sequence[Where]) -> list[Where]:
    return list(dict(reversed(places)).items())


def _kind(lists: Sequence[CheckedList], one: Where, other: Where) -> str:
    if one[0] != other[0]:
        return 'near-duplicate between lists'
    groups = [set(lists[n].entries[i].groups) for n, i in (one, other)]
    if all(groups) and groups[0].isdisjoint(groups[1]):
        return 'near-duplicate of another source'
    return 'near-duplicate'


def _shared_groups(lists: Sequence[CheckedList]) -> Iterator[Defect]:
    groups = [{g for entry in each.entries for g in entry.groups} for each in lists]
    for (m, one), (n, other) in combinations(enumerate(groups), 2):
        if shared := sorted(one & other):
            yield Defect(
                'shared source photographs',
                f'{lists[m].name}, {lists[n].name}',
                f'{len(shared)} of {len(one)} and {len(other)}: {", ".join(shared[:5])}'
                + (' ...' if len(shared) > 5 else ''),
            )


def _facts(lists: Sequence[CheckedList], where: Where) -> Facts:
    return lists[where[0]].facts[where[1]]


def _pair(
    lists: Sequence[CheckedList], kind: str, one: Where, other: Where, text: str
) -> Defect:
    (m, j), (n, i) = one, other
    first, second = lists[m].entries[j], lists[n].entries[i]
    names = lists[m].name if m == n else f'{lists[m].name}, {lists[n].name}'
    return Defect(
        kind, names, f'{text}: {second.image}', first.image, first.mask, second.image
    )
