"""Detection scores: how well one number per image separates forged images."""

import numpy as np

#: False-alarm rates at which the true-positive rate is given.
FALSE_ALARM_RATES = (0.01, 0.05)


def image_level_scores(
    scores: np.ndarray,
    forged: np.ndarray,
    threshold: float = 0.5,
    weights: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Scores detection, once per row of weights.

    Args:
        scores: (N,) floats; higher for forged images.
        forged: (N,) booleans.
        threshold: Score that an image predicted forged exceeds.
        weights: (B, N) how often each image counts; None for once.

    Returns:
        Score name -> (B,) floats, NaN where a row has weight in one class only.
        ``AUC`` with ties counted half; ``EER``, the equal error rate, interpolated
        between points of the ROC curve; ``TPR@1%`` and ``TPR@5%``, the best rate of a
        threshold with at most that share of false alarms; ``balanced_accuracy`` and
        ``F1`` at ``threshold``.

    Raises:
        ValueError: If shapes differ or a score is NaN.
    """
    scores, forged = np.asarray(scores, np.float64), np.asarray(forged, bool)
    if weights is None:
        weights = np.ones((1, scores.size))
    if scores.shape != forged.shape or weights.shape[1:] != scores.shape:
        raise ValueError(
            f'scores, forged and weights must be (N,), (N,), (B, N), got '
            f'{scores.shape}, {forged.shape}, {weights.shape}'
        )
    if np.isnan(scores).any():
        raise ValueError('scores hold a NaN')
    if not scores.size:
        return {}
    tpr, fpr = roc_curves(scores, forged, weights)
    result = {'AUC': (np.diff(fpr) * (tpr[:, 1:] + tpr[:, :-1]) / 2).sum(axis=1)}
    result['EER'] = _equal_error_rate(tpr, fpr)
    for rate in FALSE_ALARM_RATES:
        allowed = np.where(fpr <= rate, tpr, 0.0).max(axis=1)
        result[f'TPR@{rate:.0%}'] = np.where(np.isnan(tpr[:, -1]), np.nan, allowed)
    predicted = scores > threshold
    hits, misses = (_weight(weights, forged & c) for c in (predicted, ~predicted))
    alarms, rest = (_weight(weights, ~forged & c) for c in (predicted, ~predicted))
    with np.errstate(invalid='ignore'):
        balanced = (hits / (hits + misses) + rest / (alarms + rest)) / 2
        result['balanced_accuracy'] = balanced
        result['F1'] = 2 * hits / (2 * hits + alarms + misses)
    result['F1'][np.isnan(balanced)] = np.nan
    return result


def roc_curves(
    scores: np.ndarray, forged: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points of the ROC curve from (0, 0) to (1, 1), per row of weights.

    Args:
        scores: (N,) floats.
        forged: (N,) booleans.
        weights: (B, N).

    Returns:
        True and false positive rates, (B, 1 + distinct scores) each; NaN where a row
        has no weight in one of the classes.
    """
    order = np.argsort(scores)[::-1]
    last = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    rates = []
    for members in (forged, ~forged):
        cumulated = np.cumsum((weights * members)[:, order], axis=1)[:, last]
        with np.errstate(invalid='ignore', divide='ignore'):
            rates.append(np.pad(cumulated, ((0, 0), (1, 0))) / cumulated[:, -1:])
    lacking = np.isnan(rates[0][:, -1]) | np.isnan(rates[1][:, -1])
    for rate in rates:
        rate[lacking] = np.nan
    return rates[0], rates[1]


def _equal_error_rate(tpr: np.ndarray, fpr: np.ndarray) -> np.ndarray:
    # False alarms less misses: -1 at (0, 0), rising to 1 at (1, 1).
    excess = fpr - (1 - tpr)
    after = np.maximum(np.argmax(excess >= 0, axis=1), 1)[:, None]
    x0, x1, y0, y1 = (
        np.take_along_axis(a, i, axis=1)[:, 0]
        for a in (fpr, excess)
        for i in (after - 1, after)
    )
    with np.errstate(invalid='ignore'):
        return x0 - y0 * (x1 - x0) / (y1 - y0)


def _weight(weights: np.ndarray, members: np.ndarray) -> np.ndarray:
    return weights[:, members].sum(axis=1)
