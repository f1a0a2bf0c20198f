"""Post-processing of the image, for robustness tests."""

from __future__ import annotations

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mpc_mmseg.datasets.post_processing.setting import parse_setting


@TRANSFORMS.register_module()
class PostProcessImage(BaseTransform):
    """Post-process the image at its native size.

    Follows LoadForgeryImage, before any resizing for the network. ``ori_shape`` does
    not change with the image's size: the map is resized to the native size, so that
    every severity is scored on the same ground truth. For a crop, `CropMaskToImage`
    after LoadForgeryMask crops the ground truth.

    Required Keys: img. Modified Keys: img, img_shape. Added Keys: crop_box, of a crop.

    Args:
        setting: As `parse_setting` reads it, for instance ``jpeg_quality=70`` or
            ``resize_factor=0.5+jpeg_quality=70``.
    """

    def __init__(self, setting: str) -> None:
        self.setting = parse_setting(setting)

    def transform(self, results: dict) -> dict:
        results['img'], box = self.setting.apply(results['img'])
        results['img_shape'] = results['img'].shape[:2]
        if box is not None:
            results['crop_box'] = box
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(setting={self.setting.chain!r})'


@TRANSFORMS.register_module()
class CropMaskToImage(BaseTransform):
    """Crop the native mask as PostProcessImage cropped the image.

    An image whose forged pixels are all cut off counts as authentic.

    Required Keys: gt_seg_map, ori_shape. Optional: crop_box, without which nothing
    changes. Modified Keys: gt_seg_map, ori_shape, forged.

    Raises:
        ValueError: If the mask does not have the native size; names the image.
    """

    def transform(self, results: dict) -> dict:
        box = results.get('crop_box')
        if box is None:
            return results
        mask, size = results['gt_seg_map'], tuple(results['ori_shape'][:2])
        if mask.shape != size:
            raise ValueError(
                f'{results.get("img_path", "image")}: its mask is {mask.shape} but the '
                f'image was {size} (height, width): scores count at native size, so '
                'LoadForgeryMask must follow Resize in the test pipeline'
            )
        results['gt_seg_map'] = box.cut(mask)
        results['ori_shape'] = results['gt_seg_map'].shape
        if 'forged' in results:
            results['forged'] = bool((results['gt_seg_map'] == 1).any())
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
