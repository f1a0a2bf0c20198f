from __future__ import annotations

from mmcv.transforms import BaseTransform
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.io.image_io import (
    PIXEL_LIMIT,
    ImageReadError,
    jpeg_reduction,
    read_header,
    read_image,
)


@TRANSFORMS.register_module()
class LoadForgeryImage(BaseTransform):
    """Load an image of any common kind as 8-bit BGR, upright.

    Unlike ``LoadImageFromFile`` it refuses truncated files and handles any depth,
    palette and EXIF rotation; see :func:`mpc_mmseg.datasets.io.image_io.read_image`.

    Required Keys: img_path. Added Keys: img (H, W, 3) uint8, img_shape and ori_shape
    (H, W); img_reduction if ``reduce_to`` is given.

    Args:
        pixel_limit: Refuse images of more pixels than this.
        backend_args: Arguments of MMEngine's file backend; None: the backend of the
            path's prefix.
        reduce_to: For speed, decode large JPEGs at 1/2, 1/4 or 1/8 of their size that
            is at least this (H, W); ori_shape is that of the file. Pixels are close to
            means over squares and differ from those of a full decoding and a resize.
            Training then needs ``LoadForgeryMask(size='image')``. None: never.

    Raises:
        ImageReadError: If the image cannot be read; names the file.
    """

    def __init__(
        self,
        pixel_limit: int = PIXEL_LIMIT,
        backend_args: dict | None = None,
        reduce_to: tuple[int, int] | None = None,
    ) -> None:
        if pixel_limit < 1:
            raise ValueError(f'pixel_limit must be positive, not {pixel_limit}')
        self.pixel_limit = pixel_limit
        if reduce_to is not None and (len(reduce_to) != 2 or min(reduce_to) < 1):
            raise ValueError(f'reduce_to must be (height, width), not {reduce_to}')
        self.backend_args = backend_args
        self.reduce_to = None if reduce_to is None else (reduce_to[0], reduce_to[1])

    def transform(self, results: dict) -> dict:
        path = results['img_path']
        content = read_file(path, self.backend_args)
        image = read_image(content, path, self.pixel_limit, self.reduce_to)
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        if self.reduce_to is not None:
            size = results['ori_shape'] = read_header(content, path)
            reduced = size != image.shape[:2]  # only a JPEG can be
            results['img_reduction'] = (
                jpeg_reduction(size, self.reduce_to) if reduced else 1
            )
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(pixel_limit={self.pixel_limit}, '
            f'backend_args={self.backend_args}, reduce_to={self.reduce_to})'
        )


def read_file(path: str, backend_args: dict | None) -> bytes:
    """A file's content through MMEngine's file backends.

    Raises:
        ImageReadError: If the backend cannot read it; names the file.
    """
    try:
        content = fileio.get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise ImageReadError(f'{path}: there is no such file') from error
    except OSError as error:
        raise ImageReadError(f'{path}: cannot be opened ({error})') from error
    if content is None:  # MMEngine's LMDB returns it for a missing key
        raise ImageReadError(f'{path}: no such key in {backend_args}')
    return content
