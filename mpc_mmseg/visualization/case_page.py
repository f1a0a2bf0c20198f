"""The page of a case: one image, what was found, and what it is worth."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from .overlay import colour_scale, heat_map, outline
from .pages import Picture, render

#: Longer side of the pictures on the page, in pixels: that of a screen or a sheet.
_LONGEST = 1400
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


def render_case(
    case: Mapping[str, Any],
    pictures: Sequence[Picture],
    thumbnails: Sequence[Picture],
    json_seal: str,
) -> str:
    """Writes the page of a case, not sealed yet.

    Args:
        case: As `mpc_mmseg.forensics.case.case.case_content` gives it.
        pictures: Of `case_pictures`.
        thumbnails: Pictures found in the file.
        json_seal: Seal of the same case as JSON.

    Returns:
        HTML that needs no other file and loads none. All text is escaped.
    """
    return render(
        'case.html',
        case=case,
        pictures=pictures,
        thumbnails=thumbnails,
        colours=colour_scale(),
        json_seal=json_seal,
    )
