"""Synthetic forgeries, generated from authentic photographs during training."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from mmseg.registry import DATASETS
from torch.utils.data import Dataset

from mpc_mmseg.datasets.grey import is_grey

from .forge import PRESETS, Forgery, forge, keep_authentic, override
from .forge.photographs import random_crop, repeat_crop
from .io.find_images import find_images
from .io.image_io import read_image
from .lists.coco_annotations import draw_segmentation, read_annotations
from .ranges import check_range
from .transforms.loading import read_file

ATTEMPTS = 8  # photographs tried for a forgery before giving up
LEAST_SIZE = 64


@DATASETS.register_module()
class ForgeOnTheFly(Dataset):
    """Generates a new forgery from a photograph of a data set at each access.

    Random numbers come from NumPy's global generator, which MMEngine seeds in each
    worker; where the samples of a run are seeded one by one, a draw gives the same
    forgery for any number of workers and after a resume. With ``seed`` the forgery
    depends on the index alone: a fixed set, for validation.

    Args:
        dataset: Config of authentic photographs, such as a ``ForgeryDataset`` with
            ``authentic_path`` only.
        pipeline: Augmentation and packing; image and mask are already loaded.
        preset: Name of the recipe; see ``mpc_mmseg.datasets.forge.PRESETS``.
        recipe_options: Values that replace the recipe's, such as
            ``{'kinds': ['splice'], 'part.noise_sigma': [0, 2]}``.
        size: (height, width) of the forgeries; larger photographs are cropped at
            random, smaller ones are not cropped.
        downscale: Photographs are first downscaled by a factor from this range, as
            far as the crop allows.
        block: Spacing of the grid that crops' corners lie on; 16, without downscaling,
            keeps the blocks of the camera's JPEG aligned.
        authentic_share: Share of the samples that stay authentic, with one history.
        annotations: An annotation file in COCO's format with the ``file_name`` of the
            photographs: its objects are preferred as parts.
        patches: A folder of AI-generated pictures, for the kind 'ai_patch'.
        seed: See above.

    Raises:
        ValueError: If an argument is out of range, or there are too few photographs.
        FileNotFoundError: If a file or folder is missing.
    """

    def __init__(
        self,
        dataset: Any,
        pipeline: Sequence = (),
        preset: str = 'varied',
        recipe_options: Mapping[str, Any] | None = None,
        size: tuple[int, int] = (512, 512),
        downscale: tuple[float, float] = (0.5, 1.0),
        block: int = 1,
        authentic_share: float = 0.0,
        annotations: str | None = None,
        patches: str | None = None,
        seed: int | None = None,
    ) -> None:
        if preset not in PRESETS:
            raise ValueError(f'preset must be one of {list(PRESETS)}, not {preset!r}')
        if len(size) != 2 or min(size) < LEAST_SIZE:
            raise ValueError(
                f'size must be two numbers of at least {LEAST_SIZE}, got {size}'
            )
        if not 0 <= authentic_share <= 1:
            raise ValueError(f'authentic_share must be in 0..1, not {authentic_share}')
        check_range('downscale', downscale, 0.01, 1)
        if not isinstance(block, int) or block < 1:
            raise ValueError(f'block must be a positive integer, not {block!r}')
        self.recipe = override(PRESETS[preset], recipe_options or {})
        self.size, self.downscale, self.block = size, downscale, block
        self.authentic_share, self.seed = authentic_share, seed
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.dataset.full_init()
        self.pipeline = Compose(pipeline)
        self._check_photographs()
        self._objects = _objects_by_name(annotations) if annotations else {}
        self.patches = _patches(patches) if patches else []
        if 'ai_patch' in self.recipe.kinds and not self.patches:
            raise ValueError("patches must name a folder for the kind 'ai_patch'")

    @property
    def metainfo(self) -> dict:
        """The metainfo of the data set."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Does nothing: the data set is read at construction."""

    def get_data_info(self, index: int) -> dict:
        """Information on a photograph, from the data set."""
        return self.dataset.get_data_info(index)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        rng = self._generator(index)
        for attempt in range(ATTEMPTS):
            chosen = index if not attempt else int(rng.integers(len(self)))
            try:
                forgery = self._make(chosen, rng)
                break
            except _NoPartFits as error:
                failure = error
        else:
            raise ValueError(
                f'no forgery could be generated from {ATTEMPTS} photographs, the last: '
                f'{failure}'
            )
        info = self.get_data_info(chosen)
        return self.pipeline(
            {
                **info,
                'img': forgery.image,
                'img_shape': forgery.image.shape[:2],
                'ori_shape': forgery.image.shape[:2],
                'gt_seg_map': forgery.mask,
                'seg_fields': ['gt_seg_map'],
                'seg_map_path': None,
                'forged': forgery.kind != 'authentic',
                'forgery_kind': forgery.kind,
                'sample_idx': int(index),
            }
        )

    def _generator(self, index: int) -> np.random.Generator:
        if self.seed is not None:
            return np.random.default_rng([self.seed, int(index)])
        return np.random.default_rng(np.random.randint(0, 2**32, 4, np.uint32))

    def _make(self, index: int, rng: np.random.Generator) -> Forgery:
        scene, objects = self._scene(index, rng)
        if rng.random() < self.authentic_share:
            return keep_authentic(scene, self.recipe, rng)
        kind, donor = str(rng.choice(self.recipe.kinds)), None
        known: list[np.ndarray] = []
        if kind == 'splice':
            # a grey part is obvious in a coloured picture
            for _ in range(ATTEMPTS):
                other = (index + int(rng.integers(1, len(self)))) % len(self)
                donor, known = self._scene(other, rng)
                if is_grey(scene) or not is_grey(donor):
                    break
        elif kind == 'ai_patch':
            path = self.patches[int(rng.integers(len(self.patches)))]
            donor = self._crop(read_image(path), rng)[0]
        try:
            return forge(scene, donor, self.recipe, rng, kind, objects, known)
        except ValueError as error:
            path = self.get_data_info(index)['img_path']
            raise _NoPartFits(f'{path}: {error}') from error

    def _scene(
        self, index: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """A crop of a photograph, and the masks of annotated objects in it."""
        path = self.get_data_info(index)['img_path']
        photograph = read_image(read_file(path, None), path)
        crop, size, drawn = self._crop(photograph, rng)
        objects = [
            repeat_crop(draw_segmentation(each, photograph.shape[:2]), size, drawn)
            for each in self._objects.get(os.path.basename(path), ())
        ]
        return crop, objects

    def _crop(
        self, photograph: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, tuple[int, int], dict]:
        """A random crop of at most the wanted size, its size, and what was drawn."""
        height, width = (min(pair) for pair in zip(self.size, photograph.shape))
        crop, drawn = random_crop(
            photograph, (height, width), self.downscale, rng, self.block
        )
        return crop, (height, width), drawn

    def _check_photographs(self) -> None:
        for info in map(self.get_data_info, range(len(self))):
            if info.get('seg_map_path'):
                raise ValueError(
                    'dataset must hold authentic photographs only, and '
                    f'{info["img_path"]} has a mask'
                )
        if len(self) < 2:
            raise ValueError(f'dataset must hold two photographs, not {len(self)}')


class _NoPartFits(ValueError):
    """A kind of forgery cannot be generated from a photograph."""


def _objects_by_name(annotations: str) -> dict[str, list]:
    """File name of an image -> the segmentations of its objects, crowds left out."""
    content = read_annotations(annotations)
    names = {
        number: os.path.basename(image['file_name'])
        for number, image in content['images'].items()
    }
    return {
        names[number]: [
            each['segmentation'] for each in entries if not each.get('iscrowd')
        ]
        for number, entries in content['annotations'].items()
        if number in names
    }


def _patches(folder: str) -> list[Path]:
    found, problems = find_images(folder)
    if problems:
        raise FileNotFoundError(f'{problems[0][0]}: {problems[0][1]}')
    return [Path(path) for _, path in found]
