"""Local enhancement: light, colour or sharpness changed in one part of a photograph."""

import cv2
import numpy as np

from .blend import blend, soft_edge
from .object_mask import object_mask
from .region import Region

EFFECTS = ('light', 'contrast', 'gamma', 'saturation', 'colour', 'blur', 'sharpen')
ATTEMPTS = 8
LEAST_CHANGE = 2.0  # mean change in 8-bit units: a mask marks what was changed


def enhance(
    image: np.ndarray,
    rng: np.random.Generator,
    area_range: tuple[float, float] = (0.03, 0.3),
    feather_range: tuple[float, float] = (0.0, 3.0),
    region: Region = object_mask,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Change a part of an image in place: its content stays, its look does not.

    Args:
        image: (H, W, 3) uint8 BGR.
        rng: source of randomness.
        area_range: share of the image that is changed.
        feather_range: width of the soft edge in pixels.
        region: chooses the part.

    Returns:
        The image (H, W, 3) uint8, the mask (H, W) uint8 of the changed part, and the
        drawn parameters.

    Raises:
        ValueError: `area_range` is invalid, or no effect shows (one colour).
    """
    feather = rng.uniform(*feather_range)
    for _ in range(ATTEMPTS):
        mask = region(image, area_range, rng)
        effect = str(rng.choice(EFFECTS))
        strength = float(rng.uniform(0.4, 1.0) * rng.choice((-1, 1)))
        changed = apply_effect(image, effect, strength)
        inside = mask > 0
        change = np.abs(changed[inside].astype(np.int16) - image[inside]).mean()
        if change >= LEAST_CHANGE:
            forged = blend(image, changed, soft_edge(mask, feather))
            return (
                forged,
                mask,
                {
                    'effect': effect,
                    'strength': strength,
                    'feather': feather,
                },
            )
    raise ValueError(
        f'no effect changes a part of this image of {image.shape[:2]} by '
        f'{LEAST_CHANGE} levels: it may be of one colour'
    )


def apply_effect(image: np.ndarray, effect: str, strength: float) -> np.ndarray:
    """Change a whole image.

    Args:
        image: (H, W, 3) uint8 BGR.
        effect: one of `EFFECTS`.
        strength: -1..1; the sign is the direction, where there are two.

    Returns:
        (H, W, 3) uint8 BGR.

    Raises:
        ValueError: there is no such effect.
    """
    pixels: np.ndarray = image.astype(np.float32)
    if effect == 'light':
        pixels += 28 * strength
    elif effect == 'contrast':
        mean = pixels.mean(axis=(0, 1))
        pixels = mean + (pixels - mean) * (1 + 0.35 * strength)
    elif effect == 'gamma':
        pixels = 255 * (pixels / 255) ** (1.5**strength)
    elif effect == 'saturation':
        grey = pixels.mean(axis=2, keepdims=True)
        pixels = grey + (pixels - grey) * (1 + 0.6 * strength)
    elif effect == 'colour':
        # warmer or colder: blue against red
        pixels += strength * np.array([-22, 0, 22], np.float32)
    elif effect == 'blur':
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.6 + 1.6 * abs(strength))
    elif effect == 'sharpen':
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.5)
        pixels += abs(strength) * 1.2 * (pixels - soft)
    else:
        raise ValueError(f'effect must be one of {EFFECTS}, got {effect!r}')
    return np.rint(np.clip(pixels, 0, 255)).astype(np.uint8)
