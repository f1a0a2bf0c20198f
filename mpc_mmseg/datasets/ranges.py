"""Ranges (low, high) from which random values are drawn."""


def check_range(
    name: str, bounds: tuple[float, float], lowest: float, highest: float
) -> tuple[float, float]:
    """Return the range given as the argument ``name``.

    Raises:
        ValueError: Unless it is a pair with lowest <= low <= high <= highest.
    """
    try:
        low, high = bounds
        valid = lowest <= low <= high <= highest
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            f'{name} must be a pair (low, high) within {lowest}..{highest}, '
            f'got {bounds!r}'
        )
    return low, high
