"""Embedding maps and masks of a data set on disk, for training heads on them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

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
    last, masks in 8 bits.

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
        key = sha256(json.dumps([self.fingerprint, list(names)]).encode())[:16]
        self.folder, self.partial = self.root / key, self.root / f'{key}.partial'
        self.maps: list[np.ndarray] = []
        self.masks: np.ndarray | None = None

    def mismatch(self, folder: Path) -> list[str] | None:
        """Names of the entries that differ from a folder's; None: no such folder."""
        try:
            found = json.loads((folder / _PRINT).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return [
            key
            for key in sorted(found.keys() | self.fingerprint.keys())
            if found.get(key) != self.fingerprint.get(key)
        ]

    def open(self) -> bool:
        """Map the files into memory; False if they are missing or of other data."""
        if self.mismatch(self.folder) != []:
            return False
        files = sorted(self.folder.glob('map_*.npy'))
        self.maps = [np.load(file, mmap_mode='r') for file in files]
        self.masks = np.load(self.folder / _MASKS, mmap_mode='r')
        return True

    def open_masks(self) -> bool:
        """As ``open`` for the masks alone, which do not depend on the weights."""
        for file in sorted(self.root.glob(f'*/{_PRINT}')):
            changed = self.mismatch(file.parent)
            if file.parent.suffix or changed is None or set(changed) - {'weights'}:
                continue
            try:
                self.masks = np.load(file.with_name(_MASKS), mmap_mode='r')
            except FileNotFoundError:  # being deleted at this moment
                continue
            return True
        return False

    def begin(
        self, shapes: Sequence[tuple[int, int, int]], mask_size: tuple[int, int]
    ) -> None:
        """Create the files, or resume with those of an interrupted run.

        Args:
            shapes: (C, H_i, W_i) of each map.
            mask_size: (H, W).
        """
        if self.mismatch(self.partial) != []:
            shutil.rmtree(self.partial, ignore_errors=True)
            self.partial.mkdir(parents=True)
            for i, (c, h, w) in enumerate(shapes):
                np.lib.format.open_memmap(
                    self.partial / f'map_{i}.npy', 'w+', np.float16,
                    (len(self.rows), h, w, c),
                )  # fmt: skip
            np.lib.format.open_memmap(
                self.partial / _MASKS, 'w+', np.uint8, (len(self.rows), *mask_size)
            )
            np.save(self.partial / _DONE, np.zeros(len(self.rows), bool))
            # Last: a folder with a fingerprint has all its files.
            (self.partial / _PRINT).write_text(json.dumps(self.fingerprint, indent=1))

    def done(self) -> np.memmap:
        """Which rows of an unfinished folder are written, (N,)."""
        return np.lib.format.open_memmap(self.partial / _DONE, 'r+')

    def write(
        self, names: Sequence[str], maps: Sequence[Tensor], masks: Tensor
    ) -> None:
        """Store the maps (B, C, H_i, W_i) and masks (B, H, W) of images.

        Raises:
            FloatingPointError: If a value is not finite in half precision.
            ValueError: If the sizes are not those of the other images.
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
        """Give the complete folder its name."""
        shutil.rmtree(self.folder, ignore_errors=True)  # a damaged one: see `build`
        os.replace(self.partial, self.folder)

    def read(self, names: Sequence[str]) -> list[Tensor]:
        """Maps (B, C, H_i, W_i) of images in float32, channels last.

        Raises:
            KeyError: If an image is not in the cache.
        """
        rows = [self.rows[name] for name in names]
        return [
            torch.from_numpy(file[rows]).float().permute(0, 3, 1, 2)
            for file in self.maps
        ]

    def read_mask(self, name: str) -> np.ndarray:
        """Mask (H, W) of an image.

        Raises:
            KeyError: If the image is not in the cache.
        """
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
        rank: This process.
        world_size: Number of processes.
        progress: Wraps the loop over batches.
        barrier: Waits for all processes.
    """
    names = list(cache.rows)
    with ExitStack() as stack:
        if rank == 0:
            waiting = f'another run is writing {cache.folder}: waiting for it'
            stack.enter_context(locked(cache.folder.with_suffix('.lock'), waiting))
            if cache.mismatch(cache.folder) != []:
                maps, masks = compute(names[:1])
                height, width = masks.shape[1:]
                cache.begin([tuple(m.shape[1:]) for m in maps], (height, width))
        barrier()
        if cache.mismatch(cache.folder) == []:
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
    itself.

    Args:
        dataset: The data set.
        cache: A cache of its images; the names are their paths.
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
