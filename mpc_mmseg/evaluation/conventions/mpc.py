from mpc_mmseg.evaluation.functional.confusion import mpc_scores
from mpc_mmseg.evaluation.results.scored_image import ScoredImage

from .convention import CONVENTIONS, Convention


@CONVENTIONS.register_module('mpc')
class MPCConvention(Convention):
    """F1 and IoU of the released MPC program (Lou et al., TIFS 2025)."""

    explanation = (
        'Forged images only, at native size, forged where the map exceeds 127 of 255; '
        'F1 and IoU of the forged class, plain mean over images. Nothing forged and '
        'nothing called forged reads F1 = 0 and IoU = 1.'
    )

    def score_image(self, image: ScoredImage) -> dict[str, float]:
        if not image.forged:
            return {}
        f1, iou = mpc_scores(image.counts)
        return {'F1': f1, 'IoU': iou}
