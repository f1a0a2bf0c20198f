"""Whether a run trains on, selects by and is tested on separate data."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

_SHOW = 5


@dataclass(frozen=True)
class Side:
    """The data that a run reads for one purpose.

    Attributes:
        purpose: ``train``, ``val`` (which selects checkpoints) or ``test``.
        names: Its data sets.
        images: Paths of the images.
        groups: Ids of their source photographs, where lists state them.
        hashes: Content hash -> name of each protocol.
    """

    purpose: str
    names: Sequence[str]
    images: Collection[str]
    groups: Collection[str] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f'{self.purpose} ({", ".join(map(repr, self.names))})'


def compare(
    sides: Sequence[Side], allow_selection_on_test: bool = False
) -> tuple[list[str], list[str]]:
    """Compare the sides of a run: which data two of them share.

    Returns:
        Errors: the same image, or a protocol under two names, on two sides; val and
        test may share them if ``allow_selection_on_test``. Warnings: different images
        of the same source photographs, as in standard protocols (CASIA v2 and v1).
    """
    errors, warnings = [], []
    for one, other in combinations(sides, 2):
        if allow_selection_on_test and {one.purpose, other.purpose} == {'val', 'test'}:
            continue
        found = _shared_lists(one, other) or _shared_images(one, other)
        if found:
            advice = (
                'Scores on data that selected the checkpoint are too high: give '
                'test_dataloader data of its own, or set '
                'allow_selection_on_test=True in the config'
                if (one.purpose, other.purpose) == ('val', 'test')
                else 'Scores on training data are meaningless: remove the images '
                'from one of the lists'
            )
            errors.append(f'{one} and {other} {found}. {advice}.')
        elif shared := set(one.groups) & set(other.groups):
            warnings.append(
                f'{one} and {other} hold different images of {len(shared)} source '
                f'photographs in common: {_some(shared)}'
            )
    return errors, warnings


def _shared_lists(one: Side, other: Side) -> str:
    if not (shared := sorted(one.hashes.keys() & other.hashes.keys())):
        return ''
    first, second = one.hashes[shared[0]], other.hashes[shared[0]]
    return (
        f'use one protocol: {first!r} and {second!r} have the same entries '
        f'(sha256 {shared[0][:12]})'
    )


def _shared_images(one: Side, other: Side) -> str:
    paths = {os.path.realpath(path) for path in one.images}
    shared = [path for path in other.images if os.path.realpath(path) in paths]
    return f'share {len(shared)} images: {_some(shared)}' if shared else ''


def _some(names: Collection[str]) -> str:
    more = f' and {len(names) - _SHOW} more' if len(names) > _SHOW else ''
    return ', '.join(sorted(names)[:_SHOW]) + more
