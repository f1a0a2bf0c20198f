"""Inference from files to files: what tools/infer.py does."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.utils import ProgressBar
from torch import Tensor

from .embedding_evidence import cluster_separation, separation_in_words, similarity_map
from .image_inputs import expand
from .inferencer import ForgeryInferencer, Prediction
from .prediction_files import (
    KINDS,
    PICTURES,
    output_names,
    result_line,
    similarity_picture,
    write_png,
    write_prediction,
)
from .result_lines import FILE, as_text, keep_finished


def infer_folder(
    source: str | Path,
    out: str | Path,
    model: str | Path,
    kinds: Sequence[str] = KINDS,
    resume: bool = False,
    similarity: tuple[int, int] | None = None,
    **settings: Any,
) -> tuple[int, list[str]]:
    """Predicts an image or all images of a folder and writes what was found.

    Args:
        source: An image, a folder or a pattern. Images below ``out`` are left out:
            they are results of an earlier run.
        out: Folder of the results: pictures as `write_prediction` names them,
            ``results.jsonl``, written line by line, and ``settings.json``.
        model: As of `ForgeryInferencer`.
        kinds: Pictures to write, of `PICTURES`.
        resume: Whether to leave what an earlier run of the same settings finished.
        similarity: (x, y) of a pixel whose embedding is compared with all others, of
            every image; also gives the image's cluster separation.
        **settings: Further arguments of `ForgeryInferencer`.

    Returns:
        The number of images, and a message per image without a prediction.

    Raises:
        FileNotFoundError: If source, model or weights are missing.
        ValueError: If an argument or the config is wrong, or an earlier run to be
            resumed had other settings.
        RuntimeError: If a checkpoint cannot be read or does not fit.
    """
    source, out = Path(source), Path(out)
    for kind in kinds:
        if kind not in PICTURES:
            raise ValueError(f'kinds must be of {PICTURES}, got {kind!r}')
    paths = _images(source, out)
    root = source if source.is_dir() else _fixed_part(source)
    inferencer = ForgeryInferencer(model, **settings)
    decides = dict(model=model, kinds=list(kinds), similarity=similarity, **settings)
    done = keep_finished(out, {k: _plain(v) for k, v in decides.items()}, resume)
    names = {
        path: name
        for path, name in zip(paths, output_names(paths, root))
        if path not in done
    }
    progress = ProgressBar(len(names), file=sys.stderr)
    failures = []
    with (out / FILE).open('a', encoding='utf-8') as lines:
        found = _predictions(inferencer, list(names), similarity is not None)
        for name, (prediction, embeddings) in zip(names.values(), found):
            line: dict[str, object] = {}
            if prediction.error is None:
                files = write_prediction(
                    prediction, out, name, inferencer.threshold, kinds
                )
                if similarity is not None:
                    prediction, line = _evidence(
                        embeddings, prediction, similarity, out, name
                    )
            if prediction.error is None:
                files += line.pop('files', [])  # type: ignore[arg-type]
                line = {**result_line(prediction, inferencer.threshold, files), **line}
            else:
                reason = prediction.error
                named = str(prediction.path) in reason
                failures.append(reason if named else f'{prediction.path}: {reason}')
                line = result_line(prediction, inferencer.threshold, [])
            lines.write(as_text(line))
            lines.flush()
            progress.update()
    sys.stderr.write('\n')
    return len(paths), failures


def _predictions(
    inferencer: ForgeryInferencer, paths: Sequence[str], with_embeddings: bool
) -> Iterator[tuple[Prediction, Tensor | None]]:
    """Batch by batch without embeddings, one by one with them."""
    if with_embeddings:
        yield from map(inferencer.predict_with_embeddings, paths)
    else:
        yield from ((prediction, None) for prediction in inferencer(paths))


def _evidence(
    embeddings: Tensor | None,
    prediction: Prediction,
    pixel: tuple[int, int],
    out: Path,
    name: str,
) -> tuple[Prediction, dict[str, object]]:
    """Writes the similarity to a pixel; gives what the image's line says of it."""
    assert prediction.image is not None
    try:
        if embeddings is None:
            raise ValueError('this model has no embeddings that could be compared')
        similar = similarity_map(embeddings, pixel, prediction.image.shape[:2])
    except ValueError as error:
        return replace(prediction, error=str(error), prob=None), {}
    file = f'{name}_similarity.png'
    write_png(similarity_picture(similar, pixel), out / file)
    score = cluster_separation(embeddings)
    return prediction, {
        'files': [file],
        'cluster_separation': score,
        'cluster_separation_in_words': separation_in_words(score),
    }


def _images(source: Path, out: Path) -> list[str]:
    if source.is_file():
        return [str(source)]
    paths = [str(path) for path in expand(source)]
    if not source.is_dir() and paths == [str(source)]:
        raise FileNotFoundError(f'no image or folder {source}')
    results = out.resolve()
    paths = [p for p in paths if not Path(p).resolve().is_relative_to(results)]
    if not paths:
        raise FileNotFoundError(f'{source} holds no image but results')
    return paths


def _fixed_part(source: Path) -> Path:
    """The folder above an image, or the one above a pattern's first wildcard."""
    parts = list(source.parts[:-1])
    wild = [i for i, part in enumerate(parts) if any(c in part for c in '*?[')]
    return Path(*parts[: wild[0]] if wild else parts)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
