from collections.abc import Mapping

import numpy as np

from mpc_mmseg.evaluation.functional.confusion import f1
from mpc_mmseg.evaluation.results.scored_image import ScoredImage
from mpc_mmseg.probability import binarize

from .convention import CONVENTIONS, Convention


@CONVENTIONS.register_module('mvss')
class MVSSConvention(Convention):
    """Scores of MVSS-Net (Chen et al., ICCV 2021; Dong et al., TPAMI 2022)."""

    explanation = (
        "What it calls the image's F1 is the harmonic mean of sensitivity and "
        'specificity, an image being called forged where any pixel exceeds the '
        'threshold; not the F1 of detection, which rises with the share of forged '
        'images. combined_F1 is the harmonic mean of that and the pixel F1 of forged '
        'images.'
    )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        # The highest pixel decides, by the rule that decides for pixels.
        called = bool(binarize(image.prob.max(keepdims=True), image.threshold))
        if not image.forged:
            return {'image_specificity': float(not called)}
        return {
            'F1': f1(image.counts, empty=0.0),
            'image_sensitivity': float(called),
        }

    def score_dataset(
        self, columns: Mapping[str, np.ndarray], weights: np.ndarray
    ) -> dict[str, np.ndarray]:
        scores = super().score_dataset(columns, weights)
        if {'image_sensitivity', 'image_specificity'} <= set(scores):
            scores['image_F1'] = harmonic_mean(
                scores['image_sensitivity'], scores['image_specificity']
            )
            scores['combined_F1'] = harmonic_mean(scores['F1'], scores['image_F1'])
        return scores


def harmonic_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Gives 2ab / (a + b) of each pair, and 0 where both are 0."""
    total = a + b
    return 2 * a * b / np.where(total == 0, 1, total)
