"""Local enhancement: light, colour or sharpness of one region changed."""

import cv2
import numpy as np

from .blend import blend, soft_edge
from .recipe import DEFAULTS, ForgeRecipe
from .region import Region, object_mask

EFFECTS = ('light', 'contrast', 'gamma', 'saturation', 'colour', 'blur', 'sharpen')
ATTEMPTS = 8
LEAST_CHANGE = 2.0  # mean change in 8-bit units: a mask must mark a real change


def enhance(
    image: np.ndarray,
    rng: np.random.Generator,
    recipe: ForgeRecipe = DEFAULTS,
    region: Region = object_mask,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Change the appearance of a region of an image, but not its content.

    Returns:
        Image, mask and drawn parameters, as of `splice`.

    Raises:
        ValueError: no effect is visible, as in an image of one colour.
    """
    feather = rng.uniform(*recipe.feather_range)
    for _ in range(ATTEMPTS):
        mask = region(image, recipe.area_range, rng)
        effect = str(rng.choice(EFFECTS))
        strength = float(rng.uniform(0.4, 1.0) * rng.choice((-1, 1)))
        changed = apply_effect(image, effect, strength)
        inside = mask > 0
        change = np.abs(changed[inside].astype(np.int16) - image[inside]).mean()
        if change >= LEAST_CHANGE:
            forged = blend(image, changed, soft_edge(mask, feather))
            drawn = {'effect': effect, 'strength': strength, 'feather': feather}
            return forged, mask, drawn
    raise ValueError(
        f'no effect changes a region of this image of {image.shape[:2]} by '
        f'{LEAST_CHANGE} levels; leave out images of a single colour'
    )


def apply_effect(image: np.ndarray, effect: str, strength: float) -> np.ndarray:
    """Apply one of `EFFECTS` to all pixels of an image (H, W, 3) uint8 BGR.

    The strength is in -1..1; its sign is the direction, where there are two.
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
        # warmer or colder
        pixels += strength * np.array([-22, 0, 22], np.float32)
    elif effect == 'blur':
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.6 + 1.6 * abs(strength))
    else:  # 'sharpen'
        soft = cv2.GaussianBlur(pixels, (0, 0), 1.5)
        pixels += abs(strength) * 1.2 * (pixels - soft)
    return np.rint(np.clip(pixels, 0, 255)).astype(np.uint8)
