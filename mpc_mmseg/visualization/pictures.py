"""Pictures of forgery maps: heat map, legend, outlined mask; and picture files of them.

Arrays of pictures are (H, W, 3) uint8 in BGR, as OpenCV has them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# Even steps of lightness: readable in grey and for the colour-blind.
_COLOURS = cv2.COLORMAP_INFERNO
FORGED_COLOUR = (60, 40, 230)
GROUND_TRUTH_COLOUR = (255, 90, 0)
_BACKGROUND, _TEXT = (255, 255, 255), (40, 40, 40)
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)
_IN_A_ROW, _ON_A_SHEET = 320, 1400  # longer side in pixels


def heat_map(prob: np.ndarray) -> np.ndarray:
    """Maps probabilities to colours: dark is authentic, bright is forged.

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
    # Rounds half to even like np.round, without a float copy.
    levels = cv2.convertScaleAbs(prob.astype(np.float32, copy=False), alpha=255)
    return cv2.applyColorMap(levels, _COLOURS)


def colour_scale(steps: int = 11) -> list[str]:
    """The colours of `heat_map` from 0 to 1 as ``#rrggbb``."""
    ramp = np.linspace(0, 1, steps, dtype=np.float32)[None]
    return ['#{2:02x}{1:02x}{0:02x}'.format(*bgr) for bgr in heat_map(ramp)[0]]


def add_legend(picture: np.ndarray) -> np.ndarray:
    """Adds the colour scale of `heat_map`, 0 to 1, on the right of a picture.

    Args:
        picture: (H, W, 3) uint8, BGR.

    Returns:
        (H', W', 3) with the picture, unchanged, as top left corner. H' exceeds H only
        if the scale would not be readable.
    """
    scale = max(0.4, min(picture.shape[:2]) / 800)
    thickness = max(1, round(scale))
    labels = ('1.0', '0.5', '0.0')
    font = cv2.FONT_HERSHEY_SIMPLEX
    (text_width, text_height), _ = cv2.getTextSize(labels[0], font, scale, thickness)
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
        corner = (left + bar_width + gap, y)
        cv2.putText(canvas, label, corner, font, scale, _TEXT, thickness, cv2.LINE_AA)
    return canvas


def add_key(
    picture: np.ndarray, text: str, colour: tuple[int, int, int] = FORGED_COLOUR
) -> np.ndarray:
    """Adds a strip below a picture that explains a colour in it.

    Args:
        picture: (H, W, 3) uint8, BGR.
        text: In ASCII, the only characters that OpenCV draws.
        colour: BGR.

    Returns:
        (H', W', 3) with the picture, unchanged, as top left corner. W' exceeds W only
        if the text would not fit.
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
    corner = (3 * line, height + 2 * line)
    cv2.putText(canvas, text, corner, font, scale, _TEXT, thickness, cv2.LINE_AA)
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
        opacity: Opacity of the tint of the inside, in 0..1.

    Returns:
        A picture like ``image``, which is not changed.

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
        # In bands, which saves a tinted copy of the photograph.
        for top in range(0, len(image), 256):
            band = picture[top : top + 256]
            cv2.copyTo(cv2.LUT(band, table), inside[top : top + 256], band)
    contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    thickness = max(2, round(min(mask.shape) / 120))
    # A white rim keeps the edge visible on areas of its colour and dark ones.
    cv2.drawContours(picture, contours, -1, (255, 255, 255), thickness + 2)
    cv2.drawContours(picture, contours, -1, colour, thickness)
    return picture


def overlay(
    image: np.ndarray, gt: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """A small photograph with ground truth and prediction, and a key below it.

    Args:
        image: (H, W, 3) uint8, BGR.
        gt: (H, W); nonzero is forged, drawn as an outline.
        mask: (H, W); nonzero is predicted forged, tinted. None if there is no map.
    """
    picture = shrunk(image, _IN_A_ROW)
    if mask is not None:
        picture = outline(picture, shrunk_mask(mask, _IN_A_ROW), opacity=0.45)
    picture = outline(picture, shrunk_mask(gt == 1, _IN_A_ROW), GROUND_TRUTH_COLOUR)
    picture = add_key(picture, 'ground truth', GROUND_TRUTH_COLOUR)
    return picture if mask is None else add_key(picture, 'predicted forged')


@dataclass(frozen=True)
class Picture:
    """A picture file, PNG or JPEG, with its caption."""

    data: bytes
    caption: str = ''


def shrunk(image: np.ndarray, long_side: int) -> np.ndarray:
    """An image, (H, W) or (H, W, 3), reduced to at most ``long_side`` pixels a side."""
    factor = long_side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = [max(1, round(side * factor)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def shrunk_mask(mask: np.ndarray, long_side: int) -> np.ndarray:
    """A mask of 0 and 1 reduced likewise: what is set in half of a pixel or more."""
    return shrunk(mask.astype(np.float32), long_side) >= 0.5


def jpeg_picture(
    image: np.ndarray, long_side: int = _IN_A_ROW, caption: str = ''
) -> Picture:
    """A small copy of a photograph, (H, W, 3) BGR."""
    small = shrunk(image, long_side)
    return Picture(cv2.imencode('.jpg', small, _JPEG)[1].tobytes(), caption)


def png_picture(mask: np.ndarray) -> Picture:
    """A small copy of a mask of 0 and 1."""
    small = shrunk(mask.astype(np.uint8) * 255, _IN_A_ROW)
    return Picture(cv2.imencode('.png', small)[1].tobytes())


def case_pictures(
    image: np.ndarray, prob: np.ndarray, mask: np.ndarray
) -> list[Picture]:
    """Photograph, overlay and heat map of a case, as JPEG files that fit on a sheet.

    Args:
        image: (H, W, 3) uint8, BGR.
        prob: (H, W) in 0..1.
        mask: (H, W) of 0 and 1.
    """
    image, prob = (shrunk(array, _ON_A_SHEET) for array in (image, prob))
    inside = shrunk_mask(mask, _ON_A_SHEET)
    shown = {
        'Photograph': image,
        'Predicted forged': outline(image, inside, opacity=0.35),
        'Probability map': heat_map(prob.clip(0, 1)),
    }
    return [jpeg_picture(each, _ON_A_SHEET, caption) for caption, each in shown.items()]
