"""Any number of sources in a photograph: HDBSCAN on some of its embeddings."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.cluster import HDBSCAN
from sklearn.decomposition import PCA
from torch import Tensor

# Pixels that are clustered at most, and their share that makes a source.
_POINTS, _SHARE = 1500, 0.02


@torch.no_grad()
def find_sources(embeddings: Tensor) -> np.ndarray:
    """Clusters the pixels of an image by source, without a given number of sources.

    HDBSCAN (Campello et al., ACM TKDD 2015) clusters a random part of the unit
    embeddings (C, h, w) on their principal axes; each pixel joins the nearest centre.

    Returns:
        (h, w) uint8; 0 is the largest source, 1 the next one and so on.
    """
    points = F.normalize(embeddings.float().flatten(1), dim=0).T.cpu().numpy()
    rng = np.random.default_rng(0)
    some = points[rng.permutation(len(points))[:_POINTS]]
    if np.ptp(some, axis=0).max() < 1e-6:  # no axes
        return np.zeros(embeddings.shape[1:], np.uint8)
    axes = PCA(min(8, *some.shape), random_state=0).fit_transform(some)
    least = max(5, round(_SHARE * len(some)))
    found = HDBSCAN(least, allow_single_cluster=True, copy=True).fit_predict(axes)
    labels = [label for label in np.unique(found) if label >= 0]
    if len(labels) < 2:
        return np.zeros(embeddings.shape[1:], np.uint8)
    centres = np.stack([some[found == label].mean(0) for label in labels])
    nearest = (points @ centres.T - (centres**2).sum(1) / 2).argmax(1)
    order = np.argsort(-np.bincount(nearest, minlength=len(labels)), kind='stable')
    return np.argsort(order)[nearest].reshape(embeddings.shape[1:]).astype(np.uint8)


def sources_picture(sources: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map of `find_sources` at size (H, W): the largest black, others in colours."""
    hsv = np.full((256, 1, 3), 255, np.uint8)
    hsv[:, 0, 0] = (np.arange(256) * 47 + 120) % 180  # neighbours differ clearly
    hsv[0] = 0
    picture = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[sources, 0]
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_NEAREST)
