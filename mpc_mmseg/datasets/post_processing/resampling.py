"""Another size: resized files, uploads with a longest side, screenshots."""

import cv2
import numpy as np

# Where a screenshot's pixels fall between the photograph's, in pixels of the screen.
SCREEN_OFFSET = 0.25


def resize(image: np.ndarray, factor: float) -> np.ndarray:
    """Resize an image (H, W, 3) by a factor, as an image editor does.

    Smaller: the mean over each new pixel's area; larger: bicubic.
    """
    height, width = image.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, size, interpolation=interpolation)


def limit_longest_side(image: np.ndarray, pixels: int) -> np.ndarray:
    """Shrink an image (H, W, 3) until its longest side is that long; never enlarge."""
    longest = max(image.shape[:2])
    return image if longest <= pixels else resize(image, pixels / longest)


def screenshot(image: np.ndarray, scale: float) -> np.ndarray:
    """Imitate a screenshot of an image (H, W, 3) shown at a scale.

    A screen takes single bilinear samples, without the low-pass of an image editor,
    and the picture does not begin on a whole pixel: the samples lie a quarter of a
    screen pixel further right and down. Stored without loss.
    """
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Centres of pixels: source = (target + 0.5 + offset) / scale - 0.5.
    steps = width / size[0], height / size[1]
    shifts = [(0.5 + SCREEN_OFFSET) * step - 0.5 for step in steps]
    source = np.array([[steps[0], 0, shifts[0]], [0, steps[1], shifts[1]]])
    return cv2.warpAffine(
        image,
        source,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
