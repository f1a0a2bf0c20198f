"""The authentic photographs that forgeries are generated from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.grey import is_grey
from mpc_mmseg.datasets.io.find_images import find_images
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_image

SHOWN = 10


@dataclass(frozen=True)
class Photograph:
    """A photograph on disk that has been read once and is usable.

    For records, its name is that of the folder and the path below it; its digest is the
    start of the file's SHA-256.
    """

    path: Path
    name: str
    grey: bool
    digest: str


def find_photographs(
    folders: Sequence[Path], size: tuple[int, int]
) -> list[Photograph]:
    """All photographs in folders and below, sorted within each, decoded as a check.

    Raises:
        FileNotFoundError: a folder is missing.
        ValueError: a folder holds no image, or files are damaged or smaller than a size
            (height, width); lists them.
    """
    found: list[Photograph] = []
    damaged, small = [], []
    for folder in dict.fromkeys(each.resolve() for each in folders):
        images, problems = find_images(str(folder))
        if problems:
            kind, name = problems[0]
            missing = kind == 'missing folder'
            raise (FileNotFoundError if missing else ValueError)(f'{kind}: {name}')
        for path in sorted(Path(each) for _, each in images):
            content = path.read_bytes()
            try:
                image = read_image(content, str(path))
            except ImageReadError as error:
                damaged.append(str(error))
                continue
            height, width = image.shape[:2]
            if height < size[0] or width < size[1]:
                small.append(f'{path} ({height} x {width})')
            digest = hashlib.sha256(content).hexdigest()[:16]
            name = f'{folder.name}/{path.relative_to(folder).as_posix()}'
            found.append(Photograph(path, name, is_grey(image), digest))
    lines = []
    for files, problem in (
        (damaged, 'cannot be read; repair or remove them'),
        (
            small,
            f'are smaller than {size[0]} x {size[1]} (height x width); remove them or '
            'choose a smaller size',
        ),
    ):
        if files:
            lines.append(f'{len(files)} photograph(s) {problem}:')
            lines += [f'  {each}' for each in files[:SHOWN]]
        if len(files) > SHOWN:
            lines.append(f'  and {len(files) - SHOWN} more')
    if lines:
        raise ValueError('\n'.join(lines))
    return found


def random_crop(
    photograph: np.ndarray,
    size: tuple[int, int],
    downscale: tuple[float, float],
    rng: np.random.Generator,
    block: int = 1,
) -> tuple[np.ndarray, dict]:
    """A random part of a photograph, downscaled and mirrored at random.

    Args:
        photograph: (H, W, 3) uint8, at least as large as `size`.
        size: (h, w) of the crop in pixels.
        downscale: range of the scale before cropping, at most 1; a photograph never
            becomes smaller than the crop.
        block: spacing of the grid that the crop's corner lies on; 16 keeps the blocks
            of a JPEG aligned that was not downscaled.

    Returns:
        The crop (h, w, 3), and what was drawn.
    """
    least = max(want / have for want, have in zip(size, photograph.shape))
    drawn: dict = {'downscale': max(rng.uniform(*downscale), least)}
    photograph = _shrink(photograph, size, drawn['downscale'], cv2.INTER_AREA)
    drawn['top'], drawn['left'] = (
        block * int(rng.integers((have - want) // block + 1))
        for have, want in zip(photograph.shape, size)
    )
    drawn['mirrored'] = bool(rng.random() < 0.5)
    return _cut(photograph, size, drawn), drawn


def repeat_crop(mask: np.ndarray, size: tuple[int, int], drawn: dict) -> np.ndarray:
    """Repeat a `random_crop`, which drew `drawn`, on the photograph's mask (H, W)."""
    small = _shrink(mask, size, drawn['downscale'], cv2.INTER_NEAREST)
    return _cut(small, size, drawn)


def _shrink(
    image: np.ndarray, least: tuple[int, int], scale: float, interpolation: int
) -> np.ndarray:
    """Downscale an image (H, W, ...), to no less than a size (h, w)."""
    if scale >= 1:
        return image
    height, width = (max(a, round(b * scale)) for a, b in zip(least, image.shape))
    return cv2.resize(image, (width, height), interpolation=interpolation)


def _cut(image: np.ndarray, size: tuple[int, int], drawn: dict) -> np.ndarray:
    """The window (h, w) of an image at a drawn corner, mirrored as drawn."""
    top, left = drawn['top'], drawn['left']
    crop = image[top : top + size[0], left : left + size[1]]
    return np.ascontiguousarray(crop[:, ::-1] if drawn['mirrored'] else crop)
