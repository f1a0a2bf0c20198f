"""Predictions of phase 1: cosine 2-means of the fused embeddings."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .fuse import fuse


def principal_split(points: Tensor, steps: int = 10) -> Tensor:
    """Two starting centres (B, 2, C) of unit vectors (B, N, C), deterministic.

    The means on either side of the main axis, which comes from power iterations that
    start at the point farthest from the mean.
    """
    mean = points.mean(1, keepdim=True)
    far = (points @ mean.transpose(1, 2)).squeeze(2).argmin(1)
    axis = points[torch.arange(len(points), device=points.device), far] - mean[:, 0]
    for _ in range(steps):
        # C^T C a without centring the points: (P - m)^T (P - m) a.
        along = (points @ axis[:, :, None]) - mean @ axis[:, :, None]
        axis = (
            points.transpose(1, 2) @ along - mean.transpose(1, 2) * along.sum(1, True)
        )[:, :, 0]
        axis = F.normalize(axis, dim=1)
    side = ((points @ axis[:, :, None]) > (mean @ axis[:, :, None])).to(points)
    sides = torch.cat([side, 1 - side], 2)
    return F.normalize(sides.transpose(1, 2) @ points, dim=2)


def cosine_two_means(points: Tensor, iterations: int = 20) -> tuple[Tensor, Tensor]:
    """Spherical 2-means of each image's pixels, unit vectors (B, N, C), by Lloyd.

    Returns:
        Centres (B, 2, C) and similarities (B, N, 2) to them; cluster 1 is the
        smaller one. If all points are equal, so are the centres.
    """
    centres = principal_split(points)
    for _ in range(iterations):
        similarity = points @ centres.transpose(1, 2)
        second = (similarity[..., 1] > similarity[..., 0]).to(points)
        members = torch.stack([1 - second, second], 1)
        moved = members @ points
        # An empty cluster keeps its centre.
        kept = members.sum(2, keepdim=True) > 0
        centres = torch.where(kept, F.normalize(moved, dim=2), centres)
    similarity = points @ centres.transpose(1, 2)
    second_size = (similarity[..., 1] > similarity[..., 0]).float().mean(1)
    swap = (second_size > 0.5)[:, None, None]
    return (
        torch.where(swap, centres.flip(1), centres),
        torch.where(swap, similarity.flip(2), similarity),
    )


def two_cluster_separation(centres: Tensor, similarity: Tensor) -> Tensor:
    """How clearly pixels come from two sources, (B,) in 0..2, by `cosine_two_means`.

    One minus the cosine of the two centres, times one minus twice the share of the
    smaller cluster. 2-means cuts a single cluster into halves that are close; a forged
    region is smaller than the rest and far from it. Without the second factor, images
    of two textures count as two sources.
    """
    distance = 1 - (centres[:, 0] * centres[:, 1]).sum(1)
    share = (similarity[..., 1] > similarity[..., 0]).float().mean(1)
    # An empty cluster has no centre.
    return distance.clamp_min(0) * (1 - 2 * share) * (share > 0)


@MODELS.register_module()
class ClusterHead(nn.Module):
    """Cosine 2-means of the fused embeddings; the smaller cluster is "forged".

    MPC (IEEE TIFS 2025) selects phase 1's checkpoints by it. It has no weights. The map
    of an image whose clusters are not two sources stays below 0.5: it is shifted, so
    that the order of its pixels is kept and its maximum is low.

    Args:
        iterations: Lloyd iterations.
        temperature: Softness of the map at the border between the clusters; the mask
            at 0.5 does not depend on it.
        least_separation: The `two_cluster_separation` of two sources; 0 for two
            clusters in every image, as MPC selects checkpoints and as runs validate.

    Attributes:
        separation: (B,), that of the images of the last call.
    """

    separation: Tensor

    def __init__(
        self,
        iterations: int = 20,
        temperature: float = 0.1,
        least_separation: float = 0.2,
    ) -> None:
        super().__init__()
        if iterations < 1 or not temperature > 0 or not least_separation >= 0:
            raise ValueError(
                'iterations and temperature must be positive and least_separation not '
                f'negative, got {iterations}, {temperature} and {least_separation}'
            )
        self.iterations, self.temperature = iterations, temperature
        self.least_separation = least_separation

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Logits (B, 1, H, W) at the finest map's size, above 0 in the smaller cluster.

        Args:
            maps: Embedding maps (B, C_i, H_i, W_i), finest first.
        """
        fused = fuse(maps).float()
        points = F.normalize(fused.flatten(2), dim=1).transpose(1, 2)
        centres, similarity = cosine_two_means(points, self.iterations)
        logits = (similarity[..., 1] - similarity[..., 0]) / self.temperature
        self.separation = two_cluster_separation(centres, similarity)
        if self.least_separation:
            found = self.separation / self.least_separation
            # 0.49, as a pixel is forged above level 127 of 255.
            ceiling = torch.logit((0.49 * found).clamp(1e-4, 0.49))
            excess = (logits.amax(1) - ceiling).clamp_min(0)
            logits = logits - torch.where(found < 1, excess, 0)[:, None]
        return logits.unflatten(1, fused.shape[-2:])[:, None]
