from __future__ import annotations

from mmcv.transforms import BaseTransform
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from ..image_io import PIXEL_LIMIT, ImageReadError, read_image


@TRANSFORMS.register_module()
class LoadForgeryImage(BaseTransform):
    """Load an image of any common kind as 8-bit BGR, upright.

    Unlike ``LoadImageFromFile`` it raises for a truncated file, and an image is the
    same whatever its depth, palette or EXIF rotation; see
    :func:`mpc_mmseg.datasets.image_io.read_image`.

    Required Keys: img_path. Added Keys: img (H, W, 3) uint8, img_shape and ori_shape
    (H, W).

    Args:
        pixel_limit: Refuse images of more pixels than this.
        backend_args: Which MMEngine file backend reads the file, and how; None: the
            one that the path's prefix names.

    Raises:
        ImageReadError: If the image cannot be read; names the file.
    """

    def __init__(
        self, pixel_limit: int = PIXEL_LIMIT, backend_args: dict | None = None
    ) -> None:
        if pixel_limit < 1:
            raise ValueError(f'pixel_limit must be positive, not {pixel_limit}')
        self.pixel_limit = pixel_limit
        self.backend_args = backend_args

    def transform(self, results: dict) -> dict:
        path = results['img_path']
        image = read_image(
            read_file(path, self.backend_args), path, pixel_limit=self.pixel_limit
        )
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(pixel_limit={self.pixel_limit}, '
            f'backend_args={self.backend_args})'
        )


def read_file(path: str, backend_args: dict | None) -> bytes:
    """A file's content through MMEngine's file backends.

    Raises:
        ImageReadError: If the backend cannot give it; names the file.
    """
    try:
        return fileio.get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise ImageReadError(f'{path}: there is no such file') from error
    except OSError as error:
        raise ImageReadError(f'{path}: cannot be opened ({error})') from error
