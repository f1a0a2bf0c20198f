import cv2
import numpy as np

from mpc_mmseg.evaluation.functional.confusion import Confusion, count_confusion, f1
from mpc_mmseg.evaluation.results.scored_image import ScoredImage
from mpc_mmseg.probability import binarize, resize_probability

from .convention import CONVENTIONS, Convention


@CONVENTIONS.register_module('focal')
class FocalConvention(Convention):
    """Macro F1 at a reduced size, as FOCAL (Wu, Chen, Zhou 2023) reports it.

    Args:
        size: Side of the square to which map and truth are reduced. An argument,
            since it is the network's affair and published numbers do not state it.

    Raises:
        ValueError: If ``size`` is not positive.
    """

    def __init__(self, size: int = 256) -> None:
        if size < 1:
            raise ValueError(f'size must be positive, got {size}')
        self.size = size
        self.explanation = (
            f'Forged images only, map and truth reduced to {size} x {size}; F1 is the '
            'mean of the F1 of the forged and of the authentic class. The authentic '
            'class is large and easy, so numbers are far higher than the forged '
            "class's F1: a map of zeros reads almost 0.5."
        )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        if not image.forged:
            return {}
        side = (self.size, self.size)
        truth = cv2.resize(
            image.truth.astype(np.uint8, copy=False),
            side,
            interpolation=cv2.INTER_NEAREST,
        )
        prob = resize_probability(image.prob, side)
        counts = count_confusion(binarize(prob, image.threshold), truth)
        score = macro_f1(counts)
        return {} if np.isnan(score) else {'F1': score}


def macro_f1(counts: Confusion) -> float:
    """Means the F1 of both classes; one in neither truth nor prediction is left out.

    scikit-learn's ``average='macro'`` does the same. NaN if no pixel counts.
    """
    swapped = Confusion(counts.tn, counts.fn, counts.fp, counts.tp)
    scores = [f1(counts, empty=np.nan), f1(swapped, empty=np.nan)]
    defined = [score for score in scores if not np.isnan(score)]
    return sum(defined) / len(defined) if defined else np.nan
