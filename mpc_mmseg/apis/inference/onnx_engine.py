"""An exported model run by onnxruntime: from an image to its probability map.

This file depends on NumPy, OpenCV and onnxruntime only, on nothing else of this
package. It can be copied together with a model to a machine without torch:

    from onnx_engine import OnnxEngine
    prob = OnnxEngine('model.onnx').probability(cv2.imread('photo.png'))
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np

#: Key of the ONNX metadata under which the description is stored, as JSON.
METADATA_KEY = 'mpc_mmseg'
#: Version of that description.
FORMAT = 1
_PROVIDERS = {'cpu': 'CPUExecutionProvider', 'cuda': 'CUDAExecutionProvider'}


class OnnxEngine:
    """Runs a file of tools/export_onnx.py.

    Args:
        path: The file.
        device: ``cpu`` or ``cuda``; None for the GPU if onnxruntime has one.
        threads: Threads per operator on the CPU; None for one per core.

    Attributes:
        description: Stored in the file: how an image is prepared, ``threshold``,
            ``calibration``, ``needs``, hashes of config and weights.
        sha256: Hash of the bytes that were loaded.
        measures: Number of statistics of the whole photograph that the model uses.

    Raises:
        FileNotFoundError, ImportError: If the file or onnxruntime is missing.
        RuntimeError: If it is not an ONNX model, or differs from the file that a zoo
            verified.
        ValueError: If its description is missing or invalid, or onnxruntime does not
            support the device.
    """

    def __init__(
        self, path: str | Path, device: str | None = None, threads: int | None = None
    ) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(
                f'{path} needs onnxruntime: pip install onnxruntime'
            ) from error
        if not Path(path).is_file():
            raise FileNotFoundError(f'no ONNX file {path}')
        available = onnxruntime.get_available_providers()
        kinds = [k for k in ('cuda', 'cpu') if _PROVIDERS[k] in available]
        kind, _, number = (device or kinds[0]).partition(':')
        if kind not in kinds:
            raise ValueError(
                f'device must be one of {kinds} with this onnxruntime, got {device!r}'
            )
        provider = (_PROVIDERS[kind], {'device_id': number} if number else {})
        options = onnxruntime.SessionOptions()
        if threads is not None:
            options.intra_op_num_threads = threads
        if Path(path).stat().st_size > 2**31:  # the format's own limit
            raise RuntimeError(f'{path} is no ONNX model: it has more than 2 GiB')
        content = Path(path).read_bytes()  # once: the file may be replaced meanwhile
        self.sha256 = hashlib.sha256(content).hexdigest()
        if getattr(path, 'sha256', self.sha256) not in (self.sha256, None):
            raise RuntimeError(f'{path} was replaced after it had been verified')
        # Errors only: it warns of constants that it folds.
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(content, options, [provider])
        except Exception as error:  # its errors have no common base class
            raise RuntimeError(f'{path} is no ONNX model: {error}') from error
        inputs = {each.name: each.shape for each in self.session.get_inputs()}
        self.measures: int = inputs.get('statistics', [1, 0])[1]
        self.description = read_description(
            self.session.get_modelmeta().custom_metadata_map, path
        )

    def run(
        self,
        images: np.ndarray,
        sizes: Any = None,
        statistics: np.ndarray | None = None,
    ) -> np.ndarray:
        """Probabilities (B, 1, h, w) for images (B, 3, H, W) float32 from `prepare`.

        Args:
            images: (B, 3, H, W).
            sizes: (B, 2), height and width of each without the padding.
            statistics: (1, S) of the photograph whose tiles the images are, from
                `measured`; None for those of each image.

        Raises:
            ValueError: If the graph cannot be run, or gives something else.
        """
        try:
            prob = self.session.run(['prob'], self._feed(images, sizes, statistics))[0]
        except Exception as error:  # its errors have no common base class
            raise ValueError(f'the ONNX model cannot be run: {error}') from error
        if prob.dtype != np.float32 or prob.shape[:2] != (len(images), 1):
            raise ValueError(f'the ONNX model gives {prob.dtype} {prob.shape}')
        return prob

    def measured(self, image: np.ndarray) -> np.ndarray | None:
        """Statistics (1, S) that tiles of an image (H, W, 3) share; None if none."""
        if not self.measures:
            return None
        total, blocks = np.zeros((1, self.measures)), np.zeros((1, 1))
        for top in range(0, len(image), 512):
            strip, size = prepare(
                image[top : top + 512], {**self.description, 'resize': None}
            )
            own, number = self.own_statistics(strip, [size])
            total, blocks = total + own * number, blocks + number
        return (total / np.maximum(blocks, 1)).astype(np.float32)

    def own_statistics(
        self, images: np.ndarray, sizes: Any = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Statistics (B, S) and numbers of blocks (B, 1) of images, see `run`."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True
        own, number = self.session.run(
            ['own_statistics', 'blocks'], self._feed(images, sizes, None), options
        )
        return own, number

    def _feed(
        self, images: np.ndarray, sizes: Any, statistics: np.ndarray | None
    ) -> dict[str, np.ndarray]:
        feed = {'image': images}
        if self.measures:
            known = [images.shape[2:]] * len(images) if sizes is None else sizes
            feed['sizes'] = np.asarray(known, np.int64)
            if statistics is None:
                statistics = np.full((1, self.measures), np.nan, np.float32)
            feed['statistics'] = statistics
        return feed

    def probability(self, image: np.ndarray) -> np.ndarray:
        """The probability (H, W) float32 in 0..1 that each pixel is forged.

        Args:
            image: (H, W, 3) uint8 BGR, as OpenCV reads it.

        Raises:
            ValueError: If the image has another shape or dtype, or the model needs
                preparation steps that are not implemented here.
        """
        prepared, (height, width) = prepare(image, self.description)
        prob = self.run(prepared, [(height, width)])[0, 0]
        if (height, width) != prepared.shape[2:]:
            prob = _resize(prob, prepared.shape[2:])[:height, :width]
        return np.clip(_resize(prob, image.shape[:2]), 0, 1)


def read_description(metadata: dict[str, str], path: str | Path) -> dict[str, Any]:
    """Reads the description of an exported model from the metadata of its file.

    Raises:
        ValueError: If there is none, it has another version, or a value that `prepare`
            cannot use; names it and the file.
    """
    try:
        description = json.loads(metadata[METADATA_KEY])
        version = description['format']
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f'{path} has no description of how images are prepared: export the model '
            'with tools/export_onnx.py'
        ) from error
    if version != FORMAT:
        raise ValueError(
            f'{path} has a description of version {version!r}, version {FORMAT} is '
            'supported: export the model again'
        )
    wrong = [key for key, valid in _VALID.items() if not valid(description.get(key))]
    if wrong:
        shown = ', '.join(f'{key}={description.get(key)!r:.60}' for key in wrong)
        raise ValueError(f'{path} has an invalid description: {shown}')
    return description


def _numbers(value: Any, n: int, low: float, high: float, kind: type = float) -> bool:
    values = [value] if n == 1 else value
    return (
        isinstance(values, list)
        and len(values) == n
        and all(
            type(x) in (int, kind) and math.isfinite(x) and low <= x <= high
            for x in values
        )
    )


_NEEDS = {
    'grid': lambda x: _numbers(x, 1, 1, 2**10, int),
    'multiple': lambda x: _numbers(x, 1, 1, 2**10, int),
    'native_size': lambda x: isinstance(x, bool),
    'tta': lambda x: isinstance(x, list) and all(isinstance(kind, str) for kind in x),
}
#: Entry of a description -> whether a value is valid.
_VALID = {
    'resize': lambda x: x in (None, 'other') or _numbers(x, 2, 1, 2**14, int),
    'channel_order': lambda x: x in ('RGB', 'BGR'),
    'mean': lambda x: _numbers(x, 3, -1e6, 1e6),
    'std': lambda x: _numbers(x, 3, 1e-6, 1e6),
    'pad_value': lambda x: _numbers(x, 1, -1e6, 1e6),
    'size_divisor': lambda x: _numbers(x, 1, 1, 2**10, int),
    'threshold': lambda x: _numbers(x, 1, 0, 1),
    'calibration': lambda x: x is None or isinstance(x, dict),
    'pipeline': lambda x: (
        isinstance(x, list) and all(isinstance(s, dict) and 'type' in s for s in x)
    ),
    'data_preprocessor': lambda x: isinstance(x, dict) and 'type' in x,
    'needs': lambda x: (
        x is None
        or (
            (isinstance(x, dict) and x.keys() <= _NEEDS.keys())
            and all(_NEEDS[key](x[key]) for key in x)
        )
    ),
}


def prepare(
    image: np.ndarray, description: dict[str, Any]
) -> tuple[np.ndarray, tuple[int, int]]:
    """Resizes, normalises and pads an image (H, W, 3) uint8 BGR as described.

    Returns:
        (1, 3, H', W') float32, and (height, width) without the padding.

    Raises:
        ValueError: See `OnnxEngine.probability`.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f'an image must be (H, W, 3) uint8, got {image.shape} {image.dtype}'
        )
    resize = description['resize']
    if resize == 'other':
        raise ValueError(
            'images are prepared for this model by steps that only ForgeryInferencer '
            f'supports: {description["pipeline"]}'
        )
    if resize is not None:
        image = _resize(image, resize)
    if description['channel_order'] == 'RGB':
        image = image[..., ::-1]
    mean, std = (np.array(description[key], np.float32) for key in ('mean', 'std'))
    pixels = (image.astype(np.float32) - mean) / std
    height, width = pixels.shape[:2]
    divisor = description['size_divisor']
    pixels = np.pad(
        pixels,
        ((0, -height % divisor), (0, -width % divisor), (0, 0)),
        constant_values=description['pad_value'],
    )
    batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
    return batch, (height, width)


def _resize(x: np.ndarray, size: tuple[int, ...] | list[int]) -> np.ndarray:
    if x.shape[:2] == tuple(size):
        return x
    return cv2.resize(x, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
