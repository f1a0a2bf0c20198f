"""Picture files for pages, made of arrays and small enough to stand in a page."""

from dataclasses import dataclass

import cv2
import numpy as np

from .overlay import heat_map, outline

_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)
_IN_A_ROW, _ON_A_SHEET = 320, 1400  # longer side in pixels


@dataclass(frozen=True)
class Picture:
    """A picture file, PNG or JPEG, with its caption."""

    data: bytes
    caption: str = ''


def shrunk(image: np.ndarray, long_side: int) -> np.ndarray:
    """Makes an image, (H, W) or (H, W, 3), of at most so many pixels a side."""
    factor = long_side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = [max(1, round(side * factor)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def jpeg_picture(
    image: np.ndarray, long_side: int = _IN_A_ROW, caption: str = ''
) -> Picture:
    """A small copy of a photograph, (H, W, 3) BGR."""
    small = shrunk(image, long_side)
    return Picture(cv2.imencode('.jpg', small, _JPEG)[1].tobytes(), caption)


def png_picture(mask: np.ndarray) -> Picture:
    """A small copy of a mask of 0 and 1."""
    small = shrunk(mask.astype(np.uint8) * 255, _IN_A_ROW)
    return Picture(cv2.imencode('.png', small)[1].tobytes())


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
    image, prob, inside = (
        shrunk(array, _ON_A_SHEET) for array in (image, prob, mask.astype(np.float32))
    )
    shown = {
        'Photograph': image,
        'Predicted forged': outline(image, inside > 0.5, opacity=0.35),
        'Probability map': heat_map(prob.clip(0, 1)),
    }
    return [jpeg_picture(each, _ON_A_SHEET, caption) for caption, each in shown.items()]
