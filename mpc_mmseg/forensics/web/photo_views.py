"""Pictures of an analysis for the interactive page, without another forward pass."""

from mpc_mmseg.forensics.case.case import Analysis
from mpc_mmseg.probability import binarize
from mpc_mmseg.visualization.pictures import (
    Picture,
    jpeg_picture,
    outline,
    shrunk,
    shrunk_mask,
)

from .similarity import similarity_map, similarity_picture

#: Longer side of a picture on the page, in pixels.
_LONGEST = 1000


def overlay_view(
    analysis: Analysis, threshold: float, opacity: float
) -> tuple[Picture, float]:
    """Draws the mask at a threshold onto the photograph.

    Args:
        analysis: Analysis of the image.
        threshold: A pixel is predicted forged above this probability.
        opacity: Opacity of the tint of forged regions, in 0..1.

    Returns:
        A JPEG file of at most 1000 pixels per side, and the share of pixels predicted
        forged at the image's own size.

    Raises:
        ValueError: If threshold or opacity is not in 0..1.
    """
    image, prob = analysis.prediction.image, analysis.prediction.prob
    assert image is not None and prob is not None
    mask = binarize(prob, threshold)
    small, inside = shrunk(image, _LONGEST), shrunk_mask(mask, _LONGEST)
    overlay = outline(small, inside, opacity=opacity)
    return jpeg_picture(overlay, _LONGEST), float(mask.mean())


def similarity_view(
    analysis: Analysis, x: float, y: float
) -> tuple[Picture, tuple[int, int]]:
    """Draws the similarity of all embeddings to that of one pixel.

    Args:
        analysis: Analysis of the image.
        x: Position of the pixel as a share of the image's width, in 0..1.
        y: The same for its height.

    Returns:
        A JPEG file of at most 1000 pixels per side, bright where similar, and the
        pixel (x, y) of the image.

    Raises:
        ValueError: If the pixel is not in the image, or the model has no embeddings.
    """
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f'x and y must be shares in 0..1, got {x} and {y}')
    if analysis.embeddings is None:
        raise ValueError('this model has no embeddings to compare')
    image = analysis.prediction.image
    assert image is not None
    height, width = image.shape[:2]
    pixel = min(int(x * width), width - 1), min(int(y * height), height - 1)
    size = shrunk(image, _LONGEST).shape[:2]
    at = pixel[0] * size[1] // width, pixel[1] * size[0] // height
    # Computed at the size of the picture, which shows no more detail.
    similarity = similarity_map(analysis.embeddings, at, size)
    picture = similarity_picture(similarity, at)
    return jpeg_picture(picture, _LONGEST), pixel
