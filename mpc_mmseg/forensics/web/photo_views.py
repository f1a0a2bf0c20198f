"""Pictures of an analysis for a page on which sliders move and pixels are clicked.

All are drawn from what one forward pass gave.
"""

import cv2
import numpy as np

from mpc_mmseg.apis.inference.embedding_evidence import similarity_map
from mpc_mmseg.apis.inference.prediction_files import similarity_picture
from mpc_mmseg.forensics.case.case_report import Analysis
from mpc_mmseg.probability import binarize
from mpc_mmseg.visualization.overlay import outline

#: Longer side of a picture on the page, in pixels.
_LONGEST = 1000
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)


def overlay_view(
    analysis: Analysis, threshold: float, opacity: float
) -> tuple[bytes, float]:
    """Draws what exceeds a threshold onto the photograph.

    Args:
        analysis: Of the image.
        threshold: Probability that a forged pixel exceeds.
        opacity: How much forged regions are tinted, in 0..1.

    Returns:
        A JPEG file of at most 1000 pixels a side, and the share of pixels predicted
        forged at the image's own size.

    Raises:
        ValueError: If threshold or opacity is not in 0..1.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f'threshold must be in 0..1, got {threshold}')
    image, prob = _maps(analysis)
    mask = binarize(prob, threshold)
    small = shrunk(image)
    inside = cv2.resize(
        mask.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA
    )
    return _jpeg(outline(small, inside > 0.5, opacity=opacity)), float(mask.mean())


def similarity_view(
    analysis: Analysis, x: float, y: float
) -> tuple[bytes, tuple[int, int]]:
    """Draws how alike the model holds all pixels to one of them.

    Args:
        analysis: Of the image.
        x: Where the pixel is, as a share of the image's width in 0..1.
        y: Likewise of its height.

    Returns:
        A JPEG file of at most 1000 pixels a side, bright where alike, and the pixel
        (x, y) of the image.

    Raises:
        ValueError: If the pixel is not in the image, or the model has no embeddings.
    """
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f'x and y must be shares in 0..1, got {x} and {y}')
    if analysis.embeddings is None:
        raise ValueError('this model has no embeddings that could be compared')
    image, _ = _maps(analysis)
    height, width = image.shape[:2]
    pixel = min(int(x * width), width - 1), min(int(y * height), height - 1)
    size = shrunk(image).shape[:2]
    at = pixel[0] * size[1] // width, pixel[1] * size[0] // height
    # Computed at the picture's size: of a large photograph nobody sees more.
    similarity = similarity_map(analysis.embeddings, at, size)
    return _jpeg(similarity_picture(similarity, at, legend=False)), pixel


def shrunk(image: np.ndarray) -> np.ndarray:
    """Makes a large image (H, W, 3) small enough for a screen."""
    factor = _LONGEST / max(image.shape[:2])
    if factor >= 1:
        return image
    size = [max(1, round(side * factor)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _maps(analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
    image, prob = analysis.prediction.image, analysis.prediction.prob
    if image is None or prob is None:
        raise ValueError(f'{analysis.name}: {analysis.prediction.error}')
    return image, prob


def _jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode('.jpg', picture, _JPEG)[1].tobytes()
