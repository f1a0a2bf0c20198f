"""The authentic photographs that forgeries are made from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mpc_mmseg.datasets.grey import is_grey
from mpc_mmseg.datasets.io.image_io import ImageReadError, read_image

SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
SHOWN = 10


@dataclass(frozen=True)
class Photograph:
    """A photograph on disk that has been read once and found good.

    Args:
        path: the file.
        name: the folder given and the path below it, for records.
        grey: whether it has no colour.
        digest: start of the file's SHA-256.
    """

    path: Path
    name: str
    grey: bool
    digest: str


def find_photographs(
    folders: Sequence[Path], size: tuple[int, int]
) -> list[Photograph]:
    """All photographs in some folders and below, each read in full to see that it can.

    Args:
        folders: where to look.
        size: (height, width) that each must at least have, in pixels.

    Returns:
        The photographs, sorted within each folder.

    Raises:
        FileNotFoundError: a folder is missing.
        ValueError: a folder holds no image, or files are damaged or too small; names
            them.
    """
    found: list[Photograph] = []
    damaged, small = [], []
    for folder in dict.fromkeys(each.resolve() for each in folders):
        if not folder.is_dir():
            raise FileNotFoundError(f'no folder of photographs at {folder}')
        paths = sorted(
            path
            for path in folder.rglob('*')
            if path.suffix.lower() in SUFFIXES
            and not path.name.startswith('.')
            and path.is_file()
        )
        if not paths:
            raise ValueError(
                f'no photograph in {folder} or below; looked for names ending in '
                f'{", ".join(SUFFIXES)}'
            )
        for path in paths:
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
    complaints = []
    if damaged:
        complaints.append(_list('cannot be read; repair or remove them', damaged))
    if small:
        complaints.append(
            _list(
                f'are smaller than {size[0]} x {size[1]} (height x width); remove '
                'them or choose a smaller size',
                small,
            )
        )
    if complaints:
        raise ValueError('\n'.join(complaints))
    return found


def _list(complaint: str, files: Sequence[str]) -> str:
    """A complaint about files, naming the first few."""
    lines = [f'{len(files)} photograph(s) {complaint}:']
    lines += [f'  {each}' for each in files[:SHOWN]]
    if len(files) > SHOWN:
        lines.append(f'  and {len(files) - SHOWN} more')
    return '\n'.join(lines)


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
        downscale: range of the scale before cropping, at most 1; a photograph is never
            made smaller than the crop.
        rng: source of randomness.
        block: spacing of the grid that the crop's corner lies on; 16 leaves all blocks
            of a JPEG that was not downscaled whole.

    Returns:
        The crop (h, w, 3), and what was drawn.
    """
    height, width = size
    least = max(height / photograph.shape[0], width / photograph.shape[1])
    scale = max(rng.uniform(*downscale), least)
    if scale < 1:
        photograph = cv2.resize(
            photograph,
            (
                max(width, round(photograph.shape[1] * scale)),
                max(height, round(photograph.shape[0] * scale)),
            ),
            interpolation=cv2.INTER_AREA,
        )
    top, left = (
        block * int(rng.integers((have - want) // block + 1))
        for have, want in zip(photograph.shape, size)
    )
    crop = photograph[top : top + height, left : left + width]
    mirrored = bool(rng.random() < 0.5)
    crop = np.ascontiguousarray(crop[:, ::-1] if mirrored else crop)
    return crop, {
        'downscale': scale,
        'top': top,
        'left': left,
        'mirrored': mirrored,
    }


def repeat_crop(mask: np.ndarray, size: tuple[int, int], drawn: dict) -> np.ndarray:
    """What `random_crop` did to a photograph, done to a mask of it.

    Args:
        mask: (H, W) uint8 of 0 and 1.
        size: (h, w) of the crop in pixels.
        drawn: what `random_crop` returned beside the crop.

    Returns:
        (h, w) uint8.
    """
    height, width = size
    scale = drawn['downscale']
    if scale < 1:
        mask = cv2.resize(
            mask,
            (
                max(width, round(mask.shape[1] * scale)),
                max(height, round(mask.shape[0] * scale)),
            ),
            interpolation=cv2.INTER_NEAREST,
        )
    top, left = drawn['top'], drawn['left']
    crop = mask[top : top + height, left : left + width]
    return np.ascontiguousarray(crop[:, ::-1] if drawn['mirrored'] else crop)
