"""Embedding maps and masks of a data set on disk, for training heads on them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.datasets.transforms.pack_forgery_inputs import PackForgeryInputs
from mpc_mmseg.file_lock import locked
from mpc_mmseg.hashing import sha256

_PRINT, _DONE, _MASKS = 'fingerprint.json', 'done.npy', 'masks.npy'


def weights_hash(state: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, types and values of weights."""
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(f'{name} {value.dtype} {tuple(value.shape)}'.encode())
        plain = value.detach().cpu().contiguous().flatten()
        digest.update(plain.view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def files_hash(paths: Iterable[str]) -> str:
    """SHA-256 of names, sizes and modification times of files, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        stat = os.stat(path)
        digest.update(f'{path}\n{stat.st_size} {stat.st_mtime_ns}\n'.encode())
    return digest.hexdigest()


class FeatureCache:
    """Maps of several scales and a mask per image, memory-mapped.

    Each fingerprint has a folder of its own, which is written atomically, by one run at
    a time; an interrupted run is resumed. Maps are stored in half precision, channels
    last, masks in 8 bits; masks do not depend on the weights.

    Args:
        root: Where the folder is, or will be; runs may share it.
        names: The images' names, distinct.
        fingerprint: What the maps depend on, by name; any JSON.
    """

    def __init__(
        self, root: str | Path, names: Sequence[str], fingerprint: Mapping[str, str]
    ) -> None:
        self.root = Path(root)
        self.rows = {name: row for row, name in enumerate(names)}
        self.fingerprint = dict(fingerprint)
        of_masks = {k: v for k, v in self.fingerprint.items() if k != 'weights'}
        key, mask_key = (
            sha256(json.dumps([each, list(names)]).encode())[:16]
            for each in (self.fingerprint, of_masks)
        )
        self.folder, self.partial = self.root / key, self.root / f'{key}.partial'
        self.mask_file = self.root / f'masks_{mask_key}.npy'
        self.maps: list[np.ndarray] = []
        self.masks: np.ndarray | None = None

    def open(self) -> bool:
        """Map the files into memory; False if they are not there yet."""
        if not self.folder.is_dir():
            return False
        files = sorted(self.folder.glob('map_*.npy'))
        self.maps = [np.load(file, mmap_mode='r') for file in files]
        return self.open_masks()

    def open_masks(self) -> bool:
        """As ``open`` for the masks alone, which do not depend on the weights."""
        with suppress(FileNotFoundError):
            self.masks = np.load(self.mask_file, mmap_mode='r')
        return self.masks is not None

    def begin(
        self, shapes: Sequence[tuple[int, int, int]], mask_size: tuple[int, int]
    ) -> None:
        """Create the files, or resume with those of an interrupted run.

        Args:
            shapes: (C, H_i, W_i) of each map.
            mask_size: (H, W).
        """
        if (self.partial / _DONE).exists():
            return
        shutil.rmtree(self.partial, ignore_errors=True)
        self.partial.mkdir(parents=True)
        create, rows = np.lib.format.open_memmap, len(self.rows)
        for i, (c, h, w) in enumerate(shapes):
            create(self.partial / f'map_{i}.npy', 'w+', np.float16, (rows, h, w, c))
        create(self.partial / _MASKS, 'w+', np.uint8, (rows, *mask_size))
        (self.partial / _PRINT).write_text(json.dumps(self.fingerprint, indent=1))
        # Last: a folder with this file has all the others.
        with atomic_path(self.partial / _DONE) as temporary:
            create(temporary, 'w+', bool, (rows,))

    def done(self) -> np.memmap:
        """Which rows of an unfinished folder are written, (N,)."""
        return np.lib.format.open_memmap(self.partial / _DONE, 'r+')

    def write(
        self, names: Sequence[str], maps: Sequence[Tensor], masks: Tensor
    ) -> None:
        """Store the maps (B, C, H_i, W_i) and masks (B, H, W) of images.

        Raises:
            FloatingPointError, ValueError: If they do not fit half precision, or the
                sizes of the other images.
        """
        rows = [self.rows[name] for name in names]
        files = {
            f'map_{i}.npy': batch.detach().permute(0, 2, 3, 1).half().cpu().numpy()
            for i, batch in enumerate(maps)
        }
        files[_MASKS] = masks.cpu().numpy()
        for name, values in files.items():
            if not np.isfinite(values).all():
                raise FloatingPointError(
                    f'embeddings of {", ".join(names)} do not fit half precision'
                )
            file = np.lib.format.open_memmap(self.partial / name, 'r+')
            if values.shape[1:] != file.shape[1:]:
                raise ValueError(
                    f'{", ".join(names)}: {values.shape[1:3]} pixels in {name}, other '
                    f'images have {file.shape[1:3]}: all images must have one size to '
                    'store embeddings; resize or pad them in the pipeline'
                )
            file[rows] = values
            file.flush()
        done = self.done()
        done[rows] = True
        done.flush()

    def finish(self) -> None:
        """Give the complete masks and the complete folder their names."""
        with atomic_path(self.mask_file) as temporary:
            shutil.copyfile(self.partial / _MASKS, temporary)
        os.replace(self.partial, self.folder)

    def read(self, names: Sequence[str]) -> list[Tensor]:
        """Maps (B, C, H_i, W_i) of images in float32, channels last."""
        rows = [self.rows[name] for name in names]
        return [
            torch.from_numpy(file[rows]).float().permute(0, 3, 1, 2)
            for file in self.maps
        ]

    def read_mask(self, name: str) -> np.ndarray:
        """Mask (H, W) of an image."""
        assert self.masks is not None
        return np.array(self.masks[self.rows[name]])


def build(
    cache: FeatureCache,
    compute: Callable[[Sequence[str]], tuple[list[Tensor], Tensor]],
    batch_size: int,
    rank: int = 0,
    world_size: int = 1,
    progress: Callable[[Iterable], Iterable] = lambda batches: batches,
    barrier: Callable[[], None] = lambda: None,
) -> None:
    """Fill a cache with the missing images, shared between processes of a run.

    Another run that fills the same cache is waited for; what it filled is used.

    Args:
        cache: The cache.
        compute: Names of images -> their maps (B, C, H_i, W_i) and masks (B, H, W).
        batch_size: Images at a time.
        rank, world_size: This process, and their number.
        progress: Wraps the loop over batches.
        barrier: Waits for all processes.
    """
    names = list(cache.rows)
    with ExitStack() as stack:
        if rank == 0:
            waiting = f'another run is writing {cache.folder}: waiting for it'
            stack.enter_context(locked(cache.folder.with_suffix('.lock'), waiting))
            if not cache.folder.exists():
                maps, masks = compute(names[:1])
                height, width = masks.shape[1:]
                cache.begin([tuple(m.shape[1:]) for m in maps], (height, width))
        barrier()
        if cache.folder.exists():
            return
        missing = [n for n, d in zip(names, cache.done()) if not d]
        # No process writes before all have read what is missing.
        barrier()
        own = missing[rank::world_size]
        batches = [own[i : i + batch_size] for i in range(0, len(own), batch_size)]
        for batch in progress(batches):
            cache.write(batch, *compute(batch))
        barrier()
        if rank == 0:
            cache.finish()
        barrier()


class StoredSamples(Dataset):
    """A data set's samples with masks from a cache and blank images.

    Training on stored embeddings reads no image: once the cache exists, nothing is
    decoded. Until then samples come from the data set. Each worker process checks by
    itself. The names in the cache are the images' paths.
    """

    def __init__(self, dataset: Any, cache: FeatureCache) -> None:
        self.dataset = dataset
        self.cache = cache
        self._pack = PackForgeryInputs()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict:
        if self.cache.masks is None and not self.cache.open_masks():
            return self.dataset[index]
        info = self.dataset.get_data_info(index)
        mask = self.cache.read_mask(info['img_path'])
        blank = np.zeros((*mask.shape, 3), np.uint8)
        content = {'img': blank, 'img_shape': mask.shape, 'gt_seg_map': mask}
        return self._pack({**info, **content})
