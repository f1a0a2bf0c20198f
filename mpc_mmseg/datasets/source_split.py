"""Training and validation lists that share no source photograph."""

import re
from collections.abc import Mapping, Sequence

import numpy as np


def source_ids(name: str, pattern: str | None) -> frozenset[str]:
    """The source photographs of a picture, read from its file name.

    Args:
        name: File name without folder and suffix.
        pattern: Regular expression; each match is one source, its groups joined
            (``'([a-z]{3})_?([0-9]{4})'`` for CASIA). None: the name is the source.
    """
    if pattern is None:
        return frozenset([name])
    found = (m if isinstance(m, str) else ''.join(m) for m in re.findall(pattern, name))
    return frozenset(found) or frozenset([name])


def connected_groups(sources: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Pictures that share a source, directly or through others, sorted by name.

    Args:
        sources: Source ids of each picture.
    """
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
    for picture in sorted(sources):
        groups.setdefault(root(min(sources[picture])), []).append(picture)
    return list(groups.values())


def split_groups(
    groups: Sequence[Sequence[str]], val_share: float, seed: int
) -> tuple[list[str], list[str]]:
    """Deal whole groups to training and validation.

    Groups come in random order and go to validation as long as they fit into its
    share, so a group larger than that is trained on.

    Args:
        groups: Pictures by group.
        val_share: Share of the pictures to validate on, in (0, 1).
        seed: Seed of the order.

    Returns:
        Names for training and for validation, sorted.

    Raises:
        ValueError: If the share is out of range or one side would be empty.
    """
    if not 0 < val_share < 1:
        raise ValueError(f'val_share must be in (0, 1), got {val_share}')
    budget = round(val_share * sum(map(len, groups)))
    train: list[str] = []
    val: list[str] = []
    for index in np.random.default_rng(seed).permutation(len(groups)):
        group = groups[index]
        side = val if len(val) + len(group) <= budget else train
        side += group
    if not train or not val:
        raise ValueError(
            f'{len(groups)} groups of pictures that share sources cannot be divided '
            f'with a validation share of {val_share}'
        )
    return sorted(train), sorted(val)
