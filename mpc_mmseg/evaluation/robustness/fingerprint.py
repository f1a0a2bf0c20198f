"""What scores depend on, as hashes: by these they are found again, or computed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
from mmengine.config import Config

from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.datasets.io.s3_backend import read_bytes
from mpc_mmseg.datasets.post_processing import Setting
from mpc_mmseg.hashing import sha256
from mpc_mmseg.version import __version__


def images_hash(samples: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of the images of a test set and their masks, in order, by content.

    Args:
        samples: As ``dataset.get_data_info(i)`` gives them.

    Raises:
        ValueError: If an image is listed twice in a data set: per-image scores
            could not be told apart. Names it.
    """
    digest = hashlib.sha256()
    seen = set()
    for sample in samples:
        key = sample.get('dataset_name'), sample['img_path']
        if key in seen:
            raise ValueError(f'data set {key[0]!r} lists {key[1]} twice')
        seen.add(key)
        digest.update(json.dumps(key).encode())
        for path in (sample['img_path'], sample.get('seg_map_path')):
            content = b'' if path is None else read_bytes(path)
            digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def config_hash(cfg: Config, metric: Mapping[str, Any]) -> str:
    """SHA-256 of what a config says about scores: model, pipelines, batch, metric."""
    loader = cfg.test_dataloader
    parts = {
        'model': cfg.model.to_dict(),
        'pipelines': [
            data['pipeline'] for data in innermost_datasets(loader.dataset.to_dict())
        ],
        'batch_size': loader.batch_size,
        'metric': dict(metric),
    }
    return sha256(json.dumps(parts, sort_keys=True, default=repr).encode())


def cache_key(hashes: Mapping[str, str], setting: Setting) -> str:
    """Gives the 16 digits that scores of a setting are kept under.

    The versions of this package and of OpenCV, whose codecs process the images,
    count as well.

    Args:
        hashes: Of weights, config and images.
        setting: What happens to the photographs.
    """
    parts = [dict(hashes), setting.chain, __version__, cv2.__version__]
    return sha256(json.dumps(parts, sort_keys=True).encode())[:16]
