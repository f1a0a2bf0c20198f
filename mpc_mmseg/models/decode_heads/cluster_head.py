"""Predictions of phase 1: cosine 2-means of the fused embeddings."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from .fuse import fuse


def principal_split(points: Tensor, steps: int = 10) -> Tensor:
    """Two starting centres (B, 2, C): the means on either side of the main axis.

    Deterministic, so validations are reproducible. The axis comes from a power
    iteration that starts at the point farthest from the mean.

    Args:
        points: Unit vectors (B, N, C).
        steps: Power iterations.
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
    """Spherical 2-means of each image's pixels.

    Args:
        points: Unit vectors (B, N, C).
        iterations: Lloyd iterations.

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


@MODELS.register_module()
class ClusterHead(nn.Module):
    """Cosine 2-means of the fused embeddings; the smaller cluster is "forged".

    MPC (IEEE TIFS 2025) selects phase 1's checkpoints by it. It has no weights.

    Args:
        iterations: Lloyd iterations.
        temperature: Softness of the map at the border between the clusters; the mask
            at 0.5 does not depend on it.

    Raises:
        ValueError: If either is not positive.
    """

    def __init__(self, iterations: int = 20, temperature: float = 0.1) -> None:
        super().__init__()
        if iterations < 1 or not temperature > 0:
            raise ValueError(
                'iterations and temperature must be positive, got '
                f'{iterations} and {temperature}'
            )
        self.iterations = iterations
        self.temperature = temperature

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Logits (B, 1, H, W) at the finest map's size, above 0 in the smaller cluster.

        Args:
            maps: Embedding maps (B, C_i, H_i, W_i), finest first.
        """
        fused = fuse(maps).float()
        points = F.normalize(fused.flatten(2), dim=1).transpose(1, 2)
        _, similarity = cosine_two_means(points, self.iterations)
        logits = (similarity[..., 1] - similarity[..., 0]) / self.temperature
        return logits.unflatten(1, fused.shape[-2:])[:, None]
