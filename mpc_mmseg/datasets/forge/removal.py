"""Removal: a part painted over from its surroundings by inpainting."""

import cv2
import numpy as np

from .blend import blend, soft_edge
from .healing import heal
from .object_mask import object_mask
from .region import Region

CANDIDATES = 4  # regions to compare: the likeliest to be an object is removed
METHODS = {'telea': cv2.INPAINT_TELEA, 'navier-stokes': cv2.INPAINT_NS}


def remove(
    image: np.ndarray,
    rng: np.random.Generator,
    area_range: tuple[float, float] = (0.03, 0.3),
    radius_range: tuple[float, float] = (3.0, 7.0),
    feather_range: tuple[float, float] = (0.0, 3.0),
    region: Region = object_mask,
    healing_probability: float = 0.0,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Paint over an irregular part of an image from its surroundings.

    Telea, "An Image Inpainting Technique Based on the Fast Marching Method", JGT 2004,
    or Bertalmio et al., "Navier-Stokes, Fluid Dynamics, and Image and Video
    Inpainting", CVPR 2001, whichever the dice choose. The fill is smooth: it has none
    of the photograph's noise.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: source of randomness.
        area_range: share of the image that is painted over.
        radius_range: neighbourhood that a filled pixel looks at, in pixels.
        feather_range: width of the soft edge in pixels.
        region: proposes what is painted over.
        healing_probability: how often another part of the image is used instead, which
            keeps its noise; see :func:`~mpc_mmseg.datasets.forge.healing.heal`.

    Returns:
        The forged image (H, W, 3) uint8, its mask (H, W) uint8 with 1 on the fill, and
        the drawn parameters.

    Raises:
        ValueError: `area_range` is invalid.
    """
    masks = [region(image, area_range, rng) for _ in range(CANDIDATES)]
    mask = min(masks, key=lambda each: removal_cost(image, each))
    method = str(rng.choice(list(METHODS)))
    radius = rng.uniform(*radius_range)
    feather = rng.uniform(*feather_range)

    # nothing is drawn where it is off, so that a recipe's images stay the same
    if healing_probability and rng.random() < healing_probability:
        healed = heal(image, mask)
        if healed is not None:
            forged = blend(image, healed, soft_edge(mask, feather))
            return forged, mask, {'method': 'healing', 'feather': feather}
    # the surroundings beyond this margin do not reach the fill
    margin = int(np.ceil(radius)) + 4
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    window = (
        slice(max(0, rows[0] - margin), rows[-1] + 1 + margin),
        slice(max(0, columns[0] - margin), columns[-1] + 1 + margin),
    )
    # fill a band wider than the mask, so that the soft edge, too, shows the fill
    hole = cv2.dilate(mask[window], np.ones((5, 5), np.uint8))
    fill = cv2.inpaint(image[window], hole, radius, METHODS[method])
    forged = image.copy()
    forged[window] = blend(image[window], fill, soft_edge(mask[window], feather))
    return forged, mask, {'method': method, 'radius': radius, 'feather': feather}


def removal_cost(image: np.ndarray, mask: np.ndarray) -> float:
    """How uneven a region's surroundings are, relative to what is in the region.

    It is low for a busy thing before a plain ground: what people remove, and what a
    fill can hide.

    Args:
        image: (H, W, 3) uint8 BGR.
        mask: (H, W) uint8, 1 inside the region and 0 outside.
    """
    reach = np.ones((9, 9), np.uint8)
    ring = (cv2.dilate(mask, reach) - mask) > 0
    around = image[ring].std(axis=0).mean()
    within = image[mask > 0].std(axis=0).mean()
    return float(around / (1 + within))
