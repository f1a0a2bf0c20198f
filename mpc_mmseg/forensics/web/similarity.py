"""Similarity of an image's embeddings to that of one pixel."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mpc_mmseg.visualization.pictures import heat_map


@torch.no_grad()
def similarity_map(
    embeddings: Tensor, pixel: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """Cosine similarity of a pixel's embedding to those of all others.

    Args:
        embeddings: (C, h, w), covering the image.
        pixel: (x, y) of the image, from its top left corner.
        size: (H, W) of the image.

    Returns:
        (H, W) float32 in -1..1, resized bilinearly.

    Raises:
        ValueError: If the pixel is not inside.
    """
    unit = F.normalize(embeddings.float(), dim=0)
    (x, y), (height, width) = pixel, size
    if not (0 <= x < width and 0 <= y < height):
        raise ValueError(
            f'pixel (x, y) must be inside an image {width} wide and {height} high, '
            f'got {pixel}'
        )
    h, w = unit.shape[1:]
    query = unit[:, y * h // height, x * w // width]
    similarity = torch.einsum('c,chw->hw', query, unit)[None, None]
    resized = F.interpolate(similarity, size, mode='bilinear', align_corners=False)
    return resized[0, 0].clamp(-1, 1).cpu().numpy()


def similarity_picture(similarity: np.ndarray, pixel: tuple[int, int]) -> np.ndarray:
    """Colours cosine similarities to a pixel, 0 and below dark, and marks the pixel.

    Args:
        similarity: (H, W) in -1..1, from `similarity_map`.
        pixel: (x, y).
    """
    picture = heat_map(np.maximum(similarity, 0))
    size = max(15, min(similarity.shape) // 25)
    # White on black: the pixel itself has the brightest colour.
    for colour, length, width in (((0, 0, 0), size + 4, 6), ((255, 255, 255), size, 2)):
        cv2.drawMarker(picture, pixel, colour, cv2.MARKER_CROSS, length, width)
    return picture
