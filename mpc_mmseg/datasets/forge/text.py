"""Text written into a photograph: a sign, a date, a number changed or added."""

import math

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .blend import blend
from .recipe import DEFAULTS, ForgeRecipe

CHARACTERS = 'ABCDEFGHIJKLMNOPRSTUVWXYZ0123456789'
LEAST_HEIGHT = 6  # pixels
POSITIONS = 12  # random positions to compare


def write_text(
    image: np.ndarray,
    rng: np.random.Generator,
    recipe: ForgeRecipe = DEFAULTS,
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Write a short text where the image is smooth, in a colour that is readable there.

    The letters are slightly blurred and slightly transparent, as if photographed.

    Returns:
        Image, mask of the strokes, and drawn parameters, as of `splice`.

    Raises:
        ValueError: the image is too small for text.
    """
    height, width = image.shape[:2]
    size = max(10, round(height * rng.uniform(*recipe.text_height_range)))
    text = _text(rng)
    strokes = _draw(text, size, rng)
    fit = min(1.0, 0.8 * width / strokes.shape[1], 0.8 * height / strokes.shape[0])
    if fit < 1:
        strokes = cv2.resize(
            strokes, None, fx=fit, fy=fit, interpolation=cv2.INTER_AREA
        )
    strokes = cv2.GaussianBlur(strokes, (0, 0), rng.uniform(0.3, 0.8))
    if min(strokes.shape) < LEAST_HEIGHT or strokes.max() < 0.2:
        raise ValueError(f'an image of {image.shape[:2]} is too small for text')
    strokes = strokes / strokes.max()  # thin strokes are pale
    top, left = _smooth_position(image, strokes.shape, rng)
    window = slice(top, top + strokes.shape[0]), slice(left, left + strokes.shape[1])
    colour = _readable_colour(image[window], rng)
    opacity = rng.uniform(0.75, 1.0)
    ink = np.broadcast_to(np.array(colour, np.uint8), image[window].shape)
    forged = image.copy()
    forged[window] = blend(image[window], ink, (opacity * strokes).astype(np.float32))
    mask = np.zeros((height, width), np.uint8)
    mask[window] = strokes > 0.5
    drawn = {
        'text': text,
        'place': [top, left],
        'height': size,
        'colour': colour.tolist(),
        'opacity': opacity,
    }
    return forged, mask, drawn


def _text(rng: np.random.Generator) -> str:
    """A date, a time, a price or some letters."""
    kind = int(rng.integers(4))
    if kind == 0:
        day, month, year = rng.integers((1, 1, 1990), (29, 13, 2026)).tolist()
        return f'{day:02}.{month:02}.{year}'
    if kind == 1:
        return f'{int(rng.integers(24)):02}:{int(rng.integers(60)):02}'
    if kind == 2:
        return f'{rng.uniform(1, 999):.2f}'
    letters = rng.choice(list(CHARACTERS), int(rng.integers(3, 9)))
    return ''.join(letters.tolist())


def _draw(text: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """The strokes of a text, slightly rotated: (h, w) float32 in 0..1."""
    font = ImageFont.load_default(2 * size)
    left, top, right, bottom = (round(each) for each in font.getbbox(text))
    margin = size // 2 + 4
    canvas = Image.new(
        'L', (right - left + 2 * margin, bottom - top + 2 * margin), color=0
    )
    ImageDraw.Draw(canvas).text((margin - left, margin - top), text, 255, font=font)
    angle = float(rng.uniform(-8, 8))
    turned = canvas.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    box = turned.getbbox() or (0, 0, *turned.size)
    # room for the blur
    turned = turned.crop((box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4))
    # drawn at twice the final size
    half = [max(1, math.ceil(side / 2)) for side in turned.size]
    strokes = cv2.resize(np.asarray(turned), half, interpolation=cv2.INTER_AREA)
    return strokes.astype(np.float32) / 255


def _smooth_position(
    image: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[int, int]:
    """The one of several random positions with the least variation in its window."""
    room = image.shape[0] - shape[0], image.shape[1] - shape[1]
    positions = [
        (int(rng.integers(room[0] + 1)), int(rng.integers(room[1] + 1)))
        for _ in range(POSITIONS)
    ]
    return min(
        positions,
        key=lambda at: image[at[0] : at[0] + shape[0], at[1] : at[1] + shape[1]].std(),
    )


def _readable_colour(ground: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dark on bright ground and bright on dark, tinted like the ground."""
    mean = ground.reshape(-1, 3).mean(axis=0)
    if mean.mean() > 127:
        return np.clip(mean * rng.uniform(0.1, 0.35), 0, 255).astype(np.uint8)
    return np.clip(255 - (255 - mean) * rng.uniform(0.0, 0.3), 0, 255).astype(np.uint8)
