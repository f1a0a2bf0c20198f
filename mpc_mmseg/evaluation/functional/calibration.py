"""Calibrated probabilities from scores, fitted on labelled images."""

import numpy as np
from scipy.optimize import isotonic_regression, minimize, minimize_scalar
from scipy.special import expit, logit

# Scores of exactly 0 or 1 have no logit.
_MARGIN = 1e-6


def logits_of(probabilities: np.ndarray) -> np.ndarray:
    """Finite logits of probabilities in 0..1."""
    return logit(np.clip(np.asarray(probabilities, float), _MARGIN, 1 - _MARGIN))


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """Finds T so that sigmoid(logit(score) / T) has the highest likelihood.

    Guo et al., On Calibration of Modern Neural Networks, ICML 2017.

    Args:
        scores: (N,) floats in 0..1.
        labels: (N,) booleans.

    Returns:
        T, in 0.01..100.
    """
    z, signs = logits_of(scores), np.where(labels, 1.0, -1.0)

    def loss(log_t: float) -> float:
        return float(np.mean(np.logaddexp(0, -signs * z / np.exp(log_t))))

    bound = np.log(100)
    best = minimize_scalar(loss, bounds=(-bound, bound), method='bounded')
    return float(np.exp(best.x))


def fit_isotonic(
    scores: np.ndarray, labels: np.ndarray
) -> tuple[list[float], list[float]]:
    """Finds the non-decreasing function of the score that fits best.

    Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass
    Probability Estimates, KDD 2002.

    Returns:
        Scores and probabilities between which `numpy.interp` interpolates.
    """
    x, inverse, n = np.unique(scores, return_inverse=True, return_counts=True)
    share = np.bincount(inverse, weights=np.asarray(labels, float)) / n
    y = isotonic_regression(share, weights=n).x
    return x.tolist(), y.tolist()


def fit_logistic(
    features: np.ndarray, labels: np.ndarray, penalty: float = 1.0
) -> tuple[list[float], float]:
    """Fits a logistic regression with an L2 penalty on the weights.

    Args:
        features: (N, C) floats.
        labels: (N,) booleans.
        penalty: Factor of half the squared weights, added to the summed loss.

    Returns:
        C weights and the bias.
    """
    features = np.asarray(features, float)
    # Features are standardized, so that the penalty treats them alike.
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z, target = (features - mean) / spread, np.asarray(labels, float)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        logits = z @ w[:-1] + w[-1]
        value = np.sum(np.logaddexp(0, logits) - target * logits)
        residual = expit(logits) - target
        slope = np.append(z.T @ residual + penalty * w[:-1], residual.sum())
        return value + penalty * np.sum(w[:-1] ** 2) / 2, slope

    w = minimize(loss, np.zeros(z.shape[1] + 1), jac=True, method='L-BFGS-B').x
    weights = w[:-1] / spread
    return weights.tolist(), float(w[-1] - weights @ mean)


def expected_calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, n_bins: int = 15
) -> float:
    """Mean gap between the share of positives and the stated probability.

    Over bins of equal width, weighted by their size (Guo et al. 2017, eq. 3).

    Args:
        probabilities: (N,) floats in 0..1 of being positive.
        labels: (N,) booleans.
        n_bins: Number of bins.
    """
    probabilities = np.asarray(probabilities, float)
    bins = np.minimum((probabilities * n_bins).astype(int), n_bins - 1)
    excess = np.bincount(bins, weights=probabilities - np.asarray(labels, float))
    return float(np.abs(excess).sum() / probabilities.size)


def verdict_thresholds(
    scores: np.ndarray, labels: np.ndarray, rate: float
) -> tuple[float, float]:
    """Scores up to which an image is predicted authentic, and above which forged.

    Args:
        scores: (N,) floats.
        labels: (N,) booleans; forged.
        rate: In (0, 1): the share of authentic images that may be predicted forged,
            and of forged ones that may be predicted authentic.

    Returns:
        (authentic up to, forged above); between them the verdict is open. If the
        classes are separated so well that the two overlap, the middle twice.
    """
    labels = np.asarray(labels, bool)
    clean, forged = np.sort(scores[~labels]), np.sort(scores[labels])
    # Images that tie with the threshold are not beyond it.
    above = float(clean[len(clean) - 1 - int(rate * len(clean))])
    missed = int(rate * len(forged))
    below = float(np.nextafter(forged[missed], -np.inf))
    if below > above:
        below = above = (below + above) / 2
    return below, above
