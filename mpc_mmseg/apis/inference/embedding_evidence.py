"""What the embeddings themselves say: pixels alike, and how clearly two kinds part."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mpc_mmseg.models.decode_heads.cluster_head import cosine_two_means

#: Readings of a silhouette by Kaufman and Rousseeuw (Finding Groups in Data, 1990).
#: Noise in few channels reaches 'weak'; no level was fitted to forgeries.
SEPARATION_LEVELS = ((0.7, 'strong'), (0.5, 'reasonable'), (0.25, 'weak'))


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
        ValueError: If the embeddings have another shape or the pixel is not inside.
    """
    if embeddings.ndim != 3 or not embeddings.numel():
        raise ValueError(
            f'embeddings must be (C, h, w), got shape {tuple(embeddings.shape)}'
        )
    (x, y), (height, width) = pixel, size
    if not (0 <= x < width and 0 <= y < height):
        raise ValueError(
            f'pixel (x, y) must be inside an image {width} wide and {height} high, '
            f'got {pixel}'
        )
    unit = F.normalize(embeddings.float(), dim=0)
    h, w = unit.shape[1:]
    query = unit[:, y * h // height, x * w // width]
    similarity = torch.einsum('c,chw->hw', query, unit)[None, None]
    resized = F.interpolate(similarity, size, mode='bilinear', align_corners=False)
    return resized[0, 0].clamp(-1, 1).cpu().numpy()


@torch.no_grad()
def cluster_separation(embeddings: Tensor, iterations: int = 20) -> float:
    """How clearly an image's embeddings fall into two clusters: a reliability score.

    The simplified silhouette (Vendramin, Campello, Hruschka 2010) of cosine 2-means:
    with a pixel's distances a to its own centre and b to the other, the mean of
    (b - a) / b, the two clusters counting alike however small one is. A network that
    sees no second kind of pixels splits one cloud in two and scores low: the map of
    such an image rests on little. It does not say which cluster was forged.

    Args:
        embeddings: (C, h, w).
        iterations: Lloyd iterations.

    Returns:
        In 0..1; 0 where all embeddings are alike.

    Raises:
        ValueError: If the embeddings have another shape.
    """
    if embeddings.ndim != 3 or not embeddings.numel():
        raise ValueError(
            f'embeddings must be (C, h, w), got shape {tuple(embeddings.shape)}'
        )
    points = F.normalize(embeddings.float().flatten(1), dim=0).T[None]
    _, similarity = cosine_two_means(points, iterations)
    distance = 1 - similarity[0]
    near, far = distance.min(1).values.clamp_min(0), distance.max(1).values
    # Rounding leaves equal embeddings at distances of about 1e-7.
    silhouette = torch.where(far > 1e-5, (far - near) / far.clamp_min(1e-5), 0.0)
    second = similarity[0, :, 1] > similarity[0, :, 0]
    parts = [silhouette[side] for side in (second, ~second) if side.any()]
    if len(parts) < 2:
        return 0.0
    return float(torch.stack([part.mean() for part in parts]).mean())


def separation_in_words(score: float) -> str:
    """Says 'strong', 'reasonable', 'weak' or 'none' of `cluster_separation`."""
    return next((word for least, word in SEPARATION_LEVELS if score > least), 'none')
