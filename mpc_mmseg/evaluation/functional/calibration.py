"""Probabilities and error rates from scores of labelled images."""

import math

import numpy as np
from scipy.special import betaincinv, log_expit, logit

# Scores of exactly 0 or 1 have no logit.
_MARGIN = 1e-6
# Keeps floor and ceil from falling beside a whole number: 0.29 * 100 is below 29.
_ROUNDING = 1e-9


def logits_of(probabilities: np.ndarray) -> np.ndarray:
    """Finite logits of probabilities in 0..1."""
    return logit(np.clip(np.asarray(probabilities, float), _MARGIN, 1 - _MARGIN))


def fit_logistic(
    values: np.ndarray, labels: np.ndarray, penalty: float = 1.0
) -> tuple[float, float]:
    """Fits the logistic regression of one value with an L2 penalty on the slope.

    With the logit of a score as the value: Platt, Probabilistic Outputs for Support
    Vector Machines, 1999.

    Args:
        values: (N,) floats.
        labels: (N,) booleans.
        penalty: Factor of half the squared slope, added to the summed loss.

    Returns:
        Slope and bias.
    """
    from scipy.optimize import minimize  # not at the top: inference fits nothing

    # Standardized, so that the penalty does not depend on the unit.
    mean, spread = np.mean(values), np.std(values) or 1.0
    z, sign = (values - mean) / spread, np.where(labels, 1.0, -1.0)

    def loss(w: np.ndarray) -> float:
        return penalty / 2 * w[0] ** 2 - log_expit(sign * (w[0] * z + w[1])).sum()

    slope, bias = minimize(loss, np.zeros(2)).x
    return float(slope / spread), float(bias - slope / spread * mean)


def expected_calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, n_bins: int = 15
) -> float:
    """Mean gap between the share of positives and the stated probability.

    Over bins of equal width, weighted by their size (Guo et al., On Calibration of
    Modern Neural Networks, ICML 2017, eq. 3).

    Args:
        probabilities: (N,) floats in 0..1 of being positive.
        labels: (N,) booleans.
        n_bins: Number of bins.
    """
    probabilities = np.asarray(probabilities, float)
    bins = np.minimum((probabilities * n_bins).astype(int), n_bins - 1)
    excess = np.bincount(bins, weights=probabilities - np.asarray(labels, float))
    return float(np.abs(excess).sum() / probabilities.size)


def fewest_scores(rate: float) -> int:
    """The fewest scores from which `conformal_threshold` can keep a rate."""
    return max(1, math.ceil(1 / rate - 1 - _ROUNDING))


def conformal_threshold(scores: np.ndarray, rate: float) -> float:
    """A threshold that a fresh score exceeds with at most this probability.

    The k-th largest of n scores, k = floor(rate * (n + 1)) (Vovk, Gammerman, Shafer,
    Algorithmic Learning in a Random World, 2005, section 2.2). It holds if the fresh
    score is exchangeable with the others, which nothing may have been fitted on.

    Args:
        scores: (N,) floats.
        rate: In (0, 1).

    Raises:
        ValueError: If there are fewer scores than the rate needs.
    """
    n = len(scores)
    k = math.floor(rate * (n + 1) + _ROUNDING)
    if k < 1:
        raise ValueError(
            f'a rate of {rate:g} needs {fewest_scores(rate)} scores, got {n}'
        )
    return float(np.partition(scores, n - k)[n - k])


def clopper_pearson(
    count: int, n: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The exact interval of a rate of which ``count`` of ``n`` events were seen.

    Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 1934. For
    the scores above a `conformal_threshold` of the same scores, the upper end is that
    of the exact distribution of the rate, and the lower one is below it.
    """
    tail = (1 - confidence) / 2
    low = betaincinv(count, n - count + 1, tail) if count else 0.0
    high = betaincinv(count + 1, n - count, 1 - tail) if count < n else 1.0
    return float(low), float(high)
