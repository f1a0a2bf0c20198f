"""Conventions of papers and benchmarks of the field."""

from collections.abc import Mapping

import cv2
import numpy as np

from mpc_mmseg.evaluation.functional.confusion import (
    Confusion,
    count_confusion,
    f1,
    iou,
    mpc_scores,
)
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram
from mpc_mmseg.probability import binarize

from .convention import CONVENTIONS, Convention, ScoredImage

_FORGED, _IGNORED = 1, 255


@CONVENTIONS.register_module('mpc')
class MPCConvention(Convention):
    """F1 and IoU of the released MPC code (Lou et al., TIFS 2025)."""

    explanation = (
        'Forged images only, at native size, forged where the map exceeds 127 of 255; '
        'F1 and IoU of the forged class, plain mean over images. Nothing forged and '
        'nothing predicted forged gives F1 = 0 and IoU = 1.'
    )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        if not image.forged:
            return {}
        f1, iou = mpc_scores(image.mpc_counts)
        return {'F1': f1, 'IoU': iou}


@CONVENTIONS.register_module('mvss')
class MVSSConvention(Convention):
    """Scores of MVSS-Net (Chen et al., ICCV 2021; Dong et al., TPAMI 2022)."""

    explanation = (
        'image_F1 is the harmonic mean of sensitivity and specificity, an image being '
        'predicted forged if any pixel exceeds the threshold; it is not the F1 of '
        'detection, which rises with the share of forged images. combined_F1 is the '
        'harmonic mean of image_F1 and the pixel F1 of forged images.'
    )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        # The highest pixel decides, by the rule for pixels.
        predicted = bool(binarize(image.prob.max(keepdims=True), image.threshold))
        if not image.forged:
            return {'image_specificity': float(not predicted)}
        f1_score = f1(image.counts, empty=0.0)
        return {'F1': f1_score, 'image_sensitivity': float(predicted)}

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
    """2ab / (a + b) of each pair; 0 where both are 0."""
    total = a + b
    return 2 * a * b / np.where(total == 0, 1, total)


@CONVENTIONS.register_module('trufor')
class TruForConvention(Convention):
    """Permuted F1 off the edges, as TruFor (Guillaro et al., CVPR 2023) does.

    Args:
        erode: Side of the square by which the forged region is shrunk.
        dilate: Side of the square by which it is grown; the band between the two is
            not scored.

    Raises:
        ValueError: If a side is not a positive odd number.
    """

    explanation = (
        'Forged images only, at native size, without a band along the edge of the '
        'forged region (shrunk by 15, grown by 11 pixels), whose exact position is '
        'uncertain; regions that vanish are left out. F1 is the better of the map and '
        'the inverted map, so a map that is wrong everywhere scores well. best_F1 is '
        'at the best threshold of each image, which is unknown in practice.'
    )

    def __init__(self, erode: int = 15, dilate: int = 11) -> None:
        for name, side in (('erode', erode), ('dilate', dilate)):
            if side < 1 or side % 2 == 0:
                raise ValueError(f'{name} must be positive and odd, got {side}')
        self.erode, self.dilate = erode, dilate

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        if not image.forged:
            return {}
        gt = ignore_edges(image.gt, self.erode, self.dilate)
        counts = count_confusion(image.predicted, gt)
        if not counts.tp + counts.fn:
            return {}
        # The inverted map predicts forged the pixels that this one does not.
        inverted = Confusion(counts.fn, counts.tn, counts.tp, counts.fp)
        scores = {'F1': max(f1(counts, empty=0.0), f1(inverted, empty=0.0))}
        if counts.fp + counts.tn:
            histogram = ScoreHistogram.of_map(image.prob, gt)
            scores['best_F1'] = max(
                histogram.best_f1()[0], histogram.inverted().best_f1()[0]
            )
        else:
            scores['best_F1'] = 1.0  # all forged: any threshold of 0 finds all
        return scores


def ignore_edges(gt: np.ndarray, erode: int, dilate: int) -> np.ndarray:
    """Marks the band along the edge of the forged region as ignored.

    Args:
        gt: (H, W) integers; 1 forged, 0 authentic, 255 ignored.
        erode: Side of the square that must lie in the region for its centre to stay.
        dilate: Side of the square that must not touch it for its centre to stay.

    Returns:
        (H, W) uint8, labelled likewise. The image's border erodes nothing.
    """
    forged = (gt == _FORGED).view(np.uint8)
    inner = cv2.erode(forged, np.ones((erode, erode), np.uint8))
    outer = cv2.dilate(forged, np.ones((dilate, dilate), np.uint8))
    edges = inner.astype(np.uint8, copy=False)
    edges[(outer > inner) | (gt == _IGNORED)] = _IGNORED
    return edges


@CONVENTIONS.register_module('focal')
class FocalConvention(Convention):
    """Macro F1 at a reduced size, as FOCAL (Wu, Chen, Zhou 2023) reports it.

    Args:
        size: Side of the square to which map and ground truth are reduced; published
            numbers do not state it.

    Raises:
        ValueError: If ``size`` is not positive.
    """

    def __init__(self, size: int = 256) -> None:
        if size < 1:
            raise ValueError(f'size must be positive, got {size}')
        self.size = size
        self.explanation = (
            f'Forged images only, map and ground truth reduced to {size} x {size}; F1 '
            'is the mean of the F1 of the forged and of the authentic class. The '
            'authentic class is large and easy, so numbers are far higher than the '
            "forged class's F1: a map of zeros scores almost 0.5."
        )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        if not image.forged:
            return {}
        score = macro_f1(image.counts_at((self.size, self.size)))
        return {} if np.isnan(score) else {'F1': score}


def macro_f1(counts: Confusion) -> float:
    """Mean F1 of both classes; a class in neither map is left out, NaN without pixels.

    The same as scikit-learn's ``average='macro'``.
    """
    swapped = Confusion(counts.tn, counts.fn, counts.fp, counts.tp)
    scores = [f1(counts, empty=np.nan), f1(swapped, empty=np.nan)]
    defined = [score for score in scores if not np.isnan(score)]
    return sum(defined) / len(defined) if defined else np.nan


@CONVENTIONS.register_module('imdl-benco')
class IMDLBenCoConvention(Convention):
    """Pixel F1 and IoU at the network's input size, as IMDL-BenCo (Ma et al. 2024)."""

    explanation = (
        "Map and ground truth at the network's input size, so small forgeries of large "
        'images may vanish. Every image counts: an authentic one has F1 = 0 and '
        'IoU = 0 even if nothing is predicted forged, which lowers the mean with their '
        'share. Here the map is resized from native size to that size, which smooths '
        'it slightly.'
    )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        counts = image.counts_at(image.frame)
        return {'F1': f1(counts, empty=0.0), 'IoU': iou(counts, empty=0.0)}
