"""An exported model with 8-bit weights, and what that costs."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.runner import Runner

from mpc_mmseg.apis.inference.onnx_engine import (
    METADATA_KEY,
    OnnxEngine,
    read_description,
)
from mpc_mmseg.apis.inference.onnx_segmentor import OnnxSegmentor
from mpc_mmseg.atomic_files import atomic_path
from mpc_mmseg.engine.launch import load_config


def quantise(file: str | Path, out: str | Path) -> None:
    """Stores weights in 8 bits; activations are quantised as they come.

    Args:
        file: ONNX file of `export_onnx`.
        out: The quantised file, written aside and renamed; its description has
            ``int8`` true.

    Raises:
        ImportError: If onnx or onnxruntime is missing.
        ValueError: If the file has no description.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with atomic_path(out) as temporary:
        # On a CPU, onnxruntime's integer convolution wants unsigned weights.
        quantize_dynamic(str(file), str(temporary), weight_type=QuantType.QUInt8)
        graph = onnx.load(temporary)
        metadata = {entry.key: entry.value for entry in graph.metadata_props}
        description = read_description(metadata, file)
        onnx.helper.set_model_props(
            graph, {METADATA_KEY: json.dumps({**description, 'int8': True})}
        )
        onnx.save(graph, temporary)


def probability_differences(
    file: str | Path, other: str | Path, size: int = 256, n_images: int = 4
) -> tuple[float, float]:
    """Mean and largest difference of two models' probabilities, on seeded noise.

    Noise is no photograph: this tells a broken model from a sound one, and nothing
    about scores.

    Args:
        file: An ONNX file.
        other: Another.
        size: Side of the images, a multiple of the models' size_divisor.
        n_images: How many.
    """
    engines = OnnxEngine(file), OnnxEngine(other)
    generator = np.random.default_rng(0)
    differences = []
    for _ in range(n_images):
        image = generator.random((1, 3, size, size), np.float32)
        one, two = (engine.run(image) for engine in engines)
        differences.append(np.abs(one - two))
    return float(np.mean(differences)), float(np.max(differences))


def scores_on_validation(
    config: str,
    file: str | Path,
    options: Sequence[str] = (),
    data_root: str | None = None,
) -> dict[str, float]:
    """Scores an exported model on its config's validation data.

    Args:
        config: Config file.
        file: The ONNX file.
        options: ``KEY=VALUE`` overrides.
        data_root: Folder for every data set, or None.

    Returns:
        The scores of ForgeryMetric.
    """
    with tempfile.TemporaryDirectory() as folder:
        cfg = load_config(config, options, data_root, 'none', folder)
        threads = torch.get_num_threads()
        cfg.model = dict(type=OnnxSegmentor.__name__, file=str(file), threads=threads)
        # MMEngine tells runs apart by name and second; two files take less.
        cfg.experiment_name = Path(folder).name
        # A visualizer that the config names would be the first run's, and write to its
        # folder, which is gone.
        cfg.pop('visualizer', None)
        cfg.load_from, cfg.resume, cfg.custom_hooks = None, False, []
        cfg.test_dataloader, cfg.test_cfg = cfg.val_dataloader, dict(type='TestLoop')
        cfg.test_evaluator = cfg.val_evaluator
        for key in list(cfg):
            if key.startswith(('train_', 'val_')) or key in (
                'optim_wrapper',
                'param_scheduler',
            ):
                cfg.pop(key)
        return Runner.from_cfg(cfg).test()
