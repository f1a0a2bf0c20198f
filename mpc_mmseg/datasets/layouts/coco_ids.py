"""MS COCO photograph ids in file names; several data sets are made from COCO."""

from __future__ import annotations

import re


def coco_ids(name: str) -> tuple[str, ...]:
    """Source ids for the twelve-digit COCO numbers in a name; they may be none."""
    numbers = re.findall(r'(?<!\d)\d{12}(?!\d)', name)
    return tuple(f'coco/{number}' for number in dict.fromkeys(numbers))
