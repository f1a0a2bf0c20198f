import cv2
import numpy as np

from mpc_mmseg.evaluation.functional.confusion import Confusion, count_confusion, f1
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram
from mpc_mmseg.evaluation.results.scored_image import ScoredImage

from .convention import CONVENTIONS, Convention

_FORGED, _IGNORED = 1, 255


@CONVENTIONS.register_module('trufor')
class TruForConvention(Convention):
    """Permuted F1 off the edges, as TruFor (Guillaro et al., CVPR 2023) does.

    Args:
        erode: Side of the square by which the forged region is shrunk.
        dilate: Side of the square by which it is grown; what lies between the two
            is not scored.

    Raises:
        ValueError: If a side is not a positive odd number.
    """

    explanation = (
        'Forged images only, at native size, without a band along the edge of the '
        'forged region (shrunk by 15, grown by 11 pixels), which is hard to place; '
        'regions that vanish so are left out. F1 is the better of the map and the '
        'inverted map, so a map that is wrong everywhere reads well, at the '
        'threshold and (best_F1) at the threshold that suits each image best, which '
        'no user knows.'
    )

    def __init__(self, erode: int = 15, dilate: int = 11) -> None:
        for name, side in (('erode', erode), ('dilate', dilate)):
            if side < 1 or side % 2 == 0:
                raise ValueError(f'{name} must be positive and odd, got {side}')
        self.erode, self.dilate = erode, dilate

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        if not image.forged:
            return {}
        truth = ignore_edges(image.truth, self.erode, self.dilate)
        counts = count_confusion(image.called, truth)
        if not counts.tp + counts.fn:
            return {}
        # What an inverted map calls forged is what this one does not.
        inverted = Confusion(counts.fn, counts.tn, counts.tp, counts.fp)
        scores = {'F1': max(f1(counts, empty=0.0), f1(inverted, empty=0.0))}
        if counts.fp + counts.tn:
            histogram = ScoreHistogram.of_map(image.prob, truth)
            scores['best_F1'] = max(
                histogram.best_f1()[0], histogram.inverted().best_f1()[0]
            )
        else:
            scores['best_F1'] = 1.0  # all forged: any threshold of 0 finds all
        return scores


def ignore_edges(truth: np.ndarray, erode: int, dilate: int) -> np.ndarray:
    """Marks the band along the edge of the forged region as ignored.

    Args:
        truth: (H, W) integers; 1 forged, 0 authentic, 255 ignored.
        erode: Side of the square that must lie in the region for its centre to stay.
        dilate: Side of the square that must not touch it for its centre to stay.

    Returns:
        (H, W) uint8, labelled likewise. The image's border erodes nothing.
    """
    forged = (truth == _FORGED).view(np.uint8)
    inner = cv2.erode(forged, np.ones((erode, erode), np.uint8))
    outer = cv2.dilate(forged, np.ones((dilate, dilate), np.uint8))
    edges = inner.astype(np.uint8, copy=False)
    edges[(outer > inner) | (truth == _IGNORED)] = _IGNORED
    return edges
