"""Random images with the summaries of their maps, for calibrations."""

import numpy as np

from mpc_mmseg.datasets.io.file_kind import FileKind
from mpc_mmseg.evaluation.image_calibration import CalibrationImage

NAMES = ('max', 'max_9px', 'max_17px', 'max_33px')
JPEG = FileKind('JPEG', 384 * 256, 90)


def random_images(n, seed, shift=1.5, kind=JPEG, group=None):
    """n authentic and n forged images, whose logits are higher by ``shift``."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(2 * n, len(NAMES))) - 1
    logits[n:] += shift
    rows = (1 / (1 + np.exp(-logits))).tolist()
    return [
        CalibrationImage(dict(zip(NAMES, row)), i >= n, kind, group and group(i))
        for i, row in enumerate(rows)
    ]
