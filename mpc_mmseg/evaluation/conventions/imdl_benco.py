import cv2
import numpy as np

from mpc_mmseg.evaluation.functional.confusion import count_confusion, f1, iou
from mpc_mmseg.evaluation.results.scored_image import ScoredImage
from mpc_mmseg.probability import binarize, resize_probability

from .convention import CONVENTIONS, Convention


@CONVENTIONS.register_module('imdl-benco')
class IMDLBenCoConvention(Convention):
    """Pixel F1 and IoU in the network's frame, as IMDL-BenCo (Ma et al. 2024) does."""

    explanation = (
        "In the network's frame: map and truth at the size at which the network saw "
        'the image, so small forgeries of large images may vanish from the truth. '
        'Every image counts: an authentic one reads F1 = 0 and IoU = 0 even where '
        'nothing is called forged, which pulls the mean down with their share. '
        'Here the map comes back from native size to that frame, which smooths it '
        'slightly.'
    )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        prob, truth = image.prob, image.truth
        height, width = image.frame
        if truth.shape == (height, width):
            counts = image.counts
        else:
            truth = cv2.resize(
                truth.astype(np.uint8, copy=False),
                (width, height),
                interpolation=cv2.INTER_NEAREST,
            )
            prob = resize_probability(prob, (height, width))
            counts = count_confusion(binarize(prob, image.threshold), truth)
        return {'F1': f1(counts, empty=0.0), 'IoU': iou(counts, empty=0.0)}
