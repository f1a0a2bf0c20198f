"""A mean over images with its bootstrap interval."""

import numpy as np
from scipy.stats import bootstrap

_RESAMPLES = 2000
# Values drawn at a time: memory stays below 100 MB for any number of images.
_DRAWN = 2**22


def mean_with_interval(values: np.ndarray) -> dict[str, float | int]:
    """Averages images, and says how sure the average is.

    Args:
        values: (N,) finite numbers, one per image, N >= 1.

    Returns:
        ``value``, ``low`` and ``high`` (95 % percentile bootstrap over images, of a
        fixed seed; for one image the value itself), and ``n``.

    Raises:
        ValueError: If there is no value, or one is not finite.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(f'expected (N,) finite values, got {values.shape}')
    mean = float(values.mean())
    low = high = mean
    if values.size > 1:
        low, high = bootstrap(
            (values,),
            np.mean,
            n_resamples=_RESAMPLES,
            batch=max(1, _DRAWN // values.size),
            method='percentile',
            random_state=np.random.default_rng(0),
        ).confidence_interval
    return {'value': mean, 'low': float(low), 'high': float(high), 'n': values.size}
