"""The pictures of a case, as large as a screen or a sheet can show."""

import cv2
import numpy as np

from .overlay import heat_map, outline
from .pages import Picture

_LONGEST = 1400  # pixels
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)


def case_pictures(
    image: np.ndarray, prob: np.ndarray, mask: np.ndarray
) -> list[Picture]:
    """Draws the pictures of a case: photograph, overlay, heat map.

    Args:
        image: (H, W, 3) uint8, BGR.
        prob: (H, W) in 0..1.
        mask: (H, W) of 0 and 1.

    Returns:
        JPEG files, no side longer than fits on a sheet.
    """
    shape = prob.shape
    size = [max(1, round(side * min(1, _LONGEST / max(shape)))) for side in shape]
    small = [
        cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA)
        if list(shape) != size
        else array
        for array in (image, prob, mask.astype(np.float32))
    ]
    inside = (small[2] > 0.5).astype(np.uint8)
    shown = {
        'Photograph': small[0],
        'Predicted forged': outline(small[0], inside, opacity=0.35),
        'Probability map': heat_map(small[1].clip(0, 1)),
    }
    return [
        Picture(cv2.imencode('.jpg', picture, _JPEG)[1].tobytes(), caption)
        for caption, picture in shown.items()
    ]
