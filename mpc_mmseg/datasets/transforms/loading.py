"""Steps that load an image and its mask through MMEngine's file backends."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.io.image_io import (
    PIXEL_LIMIT,
    ImageReadError,
    jpeg_reduction,
    read_header,
    read_image,
    read_mask,
)


class _Loading(BaseTransform):
    def __init__(self, pixel_limit: int, backend_args: dict | None) -> None:
        if pixel_limit < 1:
            raise ValueError(f'pixel_limit must be positive, not {pixel_limit}')
        self.pixel_limit = pixel_limit
        self.backend_args = backend_args

    def __repr__(self) -> str:
        arguments = ', '.join(f'{key}={value!r}' for key, value in vars(self).items())
        return f'{type(self).__name__}({arguments})'


@TRANSFORMS.register_module()
class LoadForgeryImage(_Loading):
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
    """

    def __init__(
        self,
        pixel_limit: int = PIXEL_LIMIT,
        backend_args: dict | None = None,
        reduce_to: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(pixel_limit, backend_args)
        if reduce_to is not None and (len(reduce_to) != 2 or min(reduce_to) < 1):
            raise ValueError(f'reduce_to must be (height, width), not {reduce_to}')
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


def read_file(path: str, backend_args: dict | None) -> bytes:
    """A file's content through MMEngine's file backends, or an ImageReadError."""
    try:
        content = fileio.get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise ImageReadError(f'{path}: there is no such file') from error
    except OSError as error:
        raise ImageReadError(f'{path}: cannot be opened ({error})') from error
    if content is None:  # MMEngine's LMDB returns it for a missing key
        raise ImageReadError(f'{path}: no such key in {backend_args}')
    return content


@TRANSFORMS.register_module()
class LoadForgeryMask(_Loading):
    """Load the mask of an image: 1 forged, 0 authentic, 255 ignored.

    The mask has the image's original size. So in training this step is placed before
    the steps that change image and mask together, and in a test pipeline after Resize,
    since scores count at the original size. A sample whose ``seg_map_path`` is None is
    authentic: all 0. A sample without that key has no ground truth (inference) and
    passes unchanged.

    Required Keys: ori_shape, seg_map_path. Optional: mask_coding, allow_empty_truth, as
    ForgeryDataset sets them. Added Keys: gt_seg_map (H, W) uint8, and its
    name in seg_fields.

    Args:
        pixel_limit: As of LoadForgeryImage.
        backend_args: As of LoadForgeryImage.
        size: 'original', or 'image': the size at which a JPEG was decoded by
            ``LoadForgeryImage(reduce_to=...)``. Of each square of pixels that became
            one, the mask's central pixel is kept.

    Raises:
        ImageReadError: If the mask cannot be read, or its levels do not fit the
            coding; names the file.
        ValueError: If mask and image differ in size, or a mask marks no pixel; names
            the files.
    """

    def __init__(
        self,
        pixel_limit: int = PIXEL_LIMIT,
        backend_args: dict | None = None,
        size: str = 'original',
    ) -> None:
        super().__init__(pixel_limit, backend_args)
        if size not in ('original', 'image'):
            raise ValueError(f"size must be 'original' or 'image', not {size!r}")
        self.size = size

    def transform(self, results: dict) -> dict:
        if 'seg_map_path' not in results:
            return results
        path, size = results['seg_map_path'], tuple(results['ori_shape'][:2])
        if path is None:
            mask = np.zeros(size, np.uint8)
        else:
            mask = read_mask(
                read_file(path, self.backend_args),
                path,
                self.pixel_limit,
                results.get('mask_coding', 'auto'),
            )
            if not results.get('allow_empty_truth') and not (mask == 1).any():
                raise ValueError(
                    f'{path}: the mask of a forged image marks no pixel as forged. '
                    'Correct the mask, declare mask_coding of the data set, list the '
                    'image as authentic, or set allow_empty_truth=True'
                )
            if mask.shape != size:
                image = results.get('img_path', 'image')
                raise ValueError(size_mismatch(image, size, path, mask.shape))
        if self.size == 'image':
            mask = reduce_mask(mask, results.get('img_reduction', 1))
            if mask.shape != results['img'].shape[:2]:
                raise ValueError(
                    "LoadForgeryMask(size='image') must directly follow "
                    f'LoadForgeryImage: the image is {results["img"].shape[:2]}, the '
                    f'mask {mask.shape}'
                )
        results['gt_seg_map'] = mask
        fields = results.setdefault('seg_fields', [])
        if 'gt_seg_map' not in fields:
            fields.append('gt_seg_map')
        return results


def reduce_mask(mask: np.ndarray, reduction: int) -> np.ndarray:
    """The mask of an image that was decoded at a fraction of its size.

    Args:
        mask: (H, W).
        reduction: s, the side of the squares that became one pixel each.

    Returns:
        (ceil(H / s), ceil(W / s)): the central pixel of each square.
    """
    if reduction == 1:
        return mask
    rows, columns = (
        np.minimum(np.arange(0, n, reduction) + reduction // 2, n - 1)
        for n in mask.shape
    )
    return mask[np.ix_(rows, columns)]


def size_mismatch(
    image: str, image_size: tuple[int, ...], mask: str, mask_size: tuple[int, ...]
) -> str:
    """An error for an image and a mask of other sizes (H, W), with a likely cause."""
    height, width = image_size
    mask_height, mask_width = mask_size
    text = (
        f'{image} is {width} wide and {height} high, its mask {mask} is {mask_width} '
        f'wide and {mask_height} high'
    )
    if mask_size == image_size[::-1]:
        text += (
            '. A quarter turn would make them fit: was the mask drawn on the image '
            'before its EXIF rotation? Turn the mask upright'
        )
    elif height * mask_width == width * mask_height:
        text += '. They have the same proportions: one of them was resized'
    return text
