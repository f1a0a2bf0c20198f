"""Training, validation and test lists that share no source photograph."""

import re
from collections.abc import Mapping, Sequence

import numpy as np


def source_ids(name: str, pattern: str | None) -> frozenset[str]:
    """Ids of the source photographs of an image, read from its file name.

    Args:
        name: File name without folder and suffix.
        pattern: Regular expression; each match is one source, its groups joined
            (``'([a-z]{3})_?([0-9]{4})'`` for CASIA), in lower case as in all lists.
            None: the name is the source.
    """
    if pattern is None:
        return frozenset([name])
    found = (m if isinstance(m, str) else ''.join(m) for m in re.findall(pattern, name))
    return frozenset(each.lower() for each in found) or frozenset([name.lower()])


def connected_groups(sources: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Groups of images that share a source, directly or through others, by name."""
    parent: dict[str, str] = {}

    def root(source: str) -> str:
        while parent.setdefault(source, source) != source:
            parent[source] = source = parent[parent[source]]
        return source

    for ids in sources.values():
        first, *others = sorted(ids)
        for other in others:
            parent[root(other)] = root(first)
    groups: dict[str, list[str]] = {}
    for image in sorted(sources):
        groups.setdefault(root(min(sources[image])), []).append(image)
    return list(groups.values())


def split_groups(
    groups: Sequence[Sequence[str]], shares: Mapping[str, float], seed: int
) -> dict[str, list[str]]:
    """Distribute complete groups to training, validation and test.

    Groups are taken in random order and go to the first side whose share has room for
    them, so a group larger than every share goes to training.

    Args:
        groups: Images by group.
        shares: Share of the images of each side but 'train', each in (0, 1) and
            together below 1, in the order in which sides are tried.
        seed: Seed of the random order.

    Returns:
        Names by side, 'train' first, each sorted; no side is empty.
    """
    if not all(0 < share < 1 for share in shares.values()) or sum(shares.values()) >= 1:
        raise ValueError(
            f'shares must be in (0, 1) and sum to less than 1, got {shares}'
        )
    images = sum(map(len, groups))
    room = {side: round(share * images) for side, share in shares.items()}
    sides: dict[str, list[str]] = {'train': [], **{side: [] for side in shares}}
    for index in np.random.default_rng(seed).permutation(len(groups)):
        group = groups[index]
        fitting = (side for side, left in room.items() if len(group) <= left)
        side = next(fitting, 'train')
        sides[side] += group
        if side in room:
            room[side] -= len(group)
    if empty := [side for side, names in sides.items() if not names]:
        raise ValueError(
            f'{images} images in {len(groups)} groups that share sources cannot be '
            f'divided into shares of {shares}: nothing is left for {", ".join(empty)}'
        )
    return {side: sorted(names) for side, names in sides.items()}
