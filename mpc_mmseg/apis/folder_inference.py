"""Inference from files to files: what tools/infer.py does."""

import json
import sys
from pathlib import Path

from mmengine.utils import ProgressBar

from .inferencer import ForgeryInferencer, expand
from .prediction_files import output_names, result_line, write_prediction


def infer_folder(
    source: str | Path,
    out: str | Path,
    model: str | Path,
    weights: str | Path | None = None,
    device: str | None = None,
    threshold: float | None = None,
    save_prob: bool = False,
    trusted: bool = False,
    fold_batch_norm: bool = False,
) -> tuple[int, list[str]]:
    """Predicts an image or all images of a folder and writes what was found.

    Args:
        source: An image or a folder. Images below ``out`` are left out: they are
            results of an earlier run.
        out: Folder of the results: pictures as `write_prediction` names them, and
            ``results.jsonl``, written line by line.
        model: As of `ForgeryInferencer`, like the next ones.
        weights: A checkpoint, if ``model`` is none.
        device: As torch names it.
        threshold: Probability that a forged pixel exceeds; None for the model's own.
        save_prob: Whether to write the probabilities too.
        trusted: Whether checkpoints may hold Python objects.
        fold_batch_norm: Whether to make BatchNorm part of the convolutions.

    Returns:
        The number of images, and a message per image without a prediction.

    Raises:
        FileNotFoundError: If source, model or weights are missing.
        ValueError: If an argument or the config is wrong.
        RuntimeError: If a checkpoint cannot be read or does not fit.
    """
    source, out = Path(source), Path(out)
    if not source.exists():
        raise FileNotFoundError(f'no image or folder {source}')
    paths = [
        str(path)
        for path in expand(source)
        if not Path(str(path)).resolve().is_relative_to(out.resolve())
        or source.is_file()
    ]
    if not paths:
        raise FileNotFoundError(f'the folder {source} holds no image but results')
    root = source if source.is_dir() else source.parent
    inferencer = ForgeryInferencer(
        model, weights, device, threshold, trusted, fold_batch_norm
    )
    out.mkdir(parents=True, exist_ok=True)
    progress = ProgressBar(len(paths), file=sys.stderr)
    failures = []
    with (out / 'results.jsonl').open('w', encoding='utf-8') as lines:
        for name, prediction in zip(output_names(paths, root), inferencer(paths)):
            files = []
            if prediction.error is None:
                files = write_prediction(prediction, out, name, save_prob)
            else:
                reason = prediction.error
                named = str(prediction.path) in reason
                failures.append(reason if named else f'{prediction.path}: {reason}')
            line = result_line(prediction, inferencer.threshold, files)
            lines.write(json.dumps(line, ensure_ascii=False) + '\n')
            lines.flush()
            progress.update()
    sys.stderr.write('\n')
    return len(paths), failures
