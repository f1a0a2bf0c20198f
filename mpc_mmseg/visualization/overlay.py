"""Pictures of a forgery map: heat map, legend, and the mask on the photograph.

All are functions of arrays; pictures are (H, W, 3) uint8 in BGR, as OpenCV has them.
"""

import cv2
import numpy as np

# Dark to bright in even steps of lightness: readable in grey and by the colour-blind.
_COLOURS = cv2.COLORMAP_INFERNO
FORGED_COLOUR = (60, 40, 230)
TRUTH_COLOUR = (220, 130, 0)
_BACKGROUND, _TEXT = (255, 255, 255), (40, 40, 40)


def heat_map(prob: np.ndarray) -> np.ndarray:
    """Colours probabilities: dark is authentic, bright is forged.

    Args:
        prob: (H, W) in 0..1.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        ValueError: If the map is not 2-D, or has a NaN or a value outside 0..1.
    """
    if prob.ndim != 2:
        raise ValueError(f'prob must be (H, W), got {prob.shape}')
    if not (prob.min() >= 0 and prob.max() <= 1):
        raise ValueError('prob has values outside 0..1 or NaN')
    # Rounds half to even, as np.round does, without a float map of the levels.
    levels = cv2.convertScaleAbs(prob.astype(np.float32, copy=False), alpha=255)
    return cv2.applyColorMap(levels, _COLOURS)


def colour_scale(steps: int = 11) -> list[str]:
    """Gives the colours of `heat_map` from 0 to 1 as ``#rrggbb``."""
    ramp = np.linspace(0, 1, steps, dtype=np.float32)[None]
    return ['#{2:02x}{1:02x}{0:02x}'.format(*bgr) for bgr in heat_map(ramp)[0]]


def add_legend(picture: np.ndarray) -> np.ndarray:
    """Puts the colour scale of `heat_map`, 0 to 1, on the right of a picture.

    Args:
        picture: (H, W, 3) uint8, BGR.

    Returns:
        (H', W', 3): the picture is its top left corner, unchanged. H' exceeds H
        only where the scale would not be readable.
    """
    scale = max(0.4, min(picture.shape[:2]) / 800)
    thickness = max(1, round(scale))
    labels = ('1.0', '0.5', '0.0')
    (text_width, text_height), _ = cv2.getTextSize(
        labels[0], cv2.FONT_HERSHEY_SIMPLEX, scale, thickness
    )
    gap = text_height
    height = max(picture.shape[0], 7 * text_height)
    bar_height, bar_width = height - 2 * gap, 2 * text_height
    left = picture.shape[1] + gap
    width = left + bar_width + gap + text_width + gap
    canvas = np.full((height, width, 3), _BACKGROUND, np.uint8)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    ramp = np.linspace(1, 0, bar_height, dtype=np.float32)[:, None]
    canvas[gap : gap + bar_height, left : left + bar_width] = heat_map(
        ramp.repeat(bar_width, axis=1)
    )
    for label, position in zip(labels, (0.0, 0.5, 1.0)):
        y = round(gap + position * bar_height + text_height / 2)
        cv2.putText(
            canvas,
            label,
            (left + bar_width + gap, y),
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            _TEXT,
            thickness,
            cv2.LINE_AA,
        )
    return canvas


def add_key(
    picture: np.ndarray, text: str, colour: tuple[int, int, int] = FORGED_COLOUR
) -> np.ndarray:
    """Puts a strip below a picture that says what a colour in it means.

    Args:
        picture: (H, W, 3) uint8, BGR.
        text: In ASCII, which is all that OpenCV draws.
        colour: BGR.

    Returns:
        (H', W', 3): the picture is its top left corner, unchanged. W' exceeds W only
        where the text would not fit.
    """
    scale = max(0.4, min(picture.shape[:2]) / 1200)
    thickness = max(1, round(scale))
    font = cv2.FONT_HERSHEY_SIMPLEX
    (text_width, line), _ = cv2.getTextSize(text, font, scale, thickness)
    height, width = picture.shape[:2]
    right = max(0, text_width + 4 * line - width)
    canvas = cv2.copyMakeBorder(
        picture, 0, 3 * line, 0, right, cv2.BORDER_CONSTANT, value=_BACKGROUND
    )
    canvas[height + line : height + 2 * line, line : 2 * line] = colour
    place = (3 * line, height + 2 * line)
    cv2.putText(canvas, text, place, font, scale, _TEXT, thickness, cv2.LINE_AA)
    return canvas


def outline(
    image: np.ndarray,
    mask: np.ndarray,
    colour: tuple[int, int, int] = FORGED_COLOUR,
    opacity: float = 0.0,
) -> np.ndarray:
    """Draws the edge of a mask onto a photograph.

    Args:
        image: (H, W, 3) uint8, BGR.
        mask: (H, W) booleans or integers; nonzero is inside.
        colour: BGR.
        opacity: How much the inside is tinted, in 0..1.

    Returns:
        A picture like ``image``, which stays as it is.

    Raises:
        ValueError: If the shapes do not fit, or ``opacity`` is not in 0..1.
    """
    if image.shape[:2] != mask.shape or image.ndim != 3:
        raise ValueError(
            f'image {image.shape} and mask {mask.shape} must be (H, W, 3) and (H, W)'
        )
    if not 0 <= opacity <= 1:
        raise ValueError(f'opacity must be in 0..1, got {opacity}')
    inside = (mask != 0).view(np.uint8)
    picture = image.copy()
    if opacity:
        levels = np.arange(256)[:, None] * (1 - opacity) + np.array(colour) * opacity
        table = np.round(levels).astype(np.uint8)[:, None]
        # In bands: the tinted copy of a large photograph is large, too.
        for top in range(0, len(image), 256):
            band = picture[top : top + 256]
            cv2.copyTo(cv2.LUT(band, table), inside[top : top + 256], band)
    contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    thickness = max(1, round(min(mask.shape) / 200))
    # A white rim keeps the edge visible on red and on dark ground.
    cv2.drawContours(picture, contours, -1, (255, 255, 255), thickness + 2)
    cv2.drawContours(picture, contours, -1, colour, thickness)
    return picture
