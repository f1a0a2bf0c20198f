"""Inference from files to files: what tools/infer.py does."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpc_mmseg.apis.zoo.zoo import model_file

from .image_by_image import ImageByImage
from .image_inputs import expand
from .prediction import Prediction
from .prediction_files import (
    KINDS,
    PICTURES,
    output_names,
    result_line,
    similarity_picture,
    write_png,
    write_prediction,
)
from .progress_line import ProgressLine
from .result_lines import FILE, as_text, keep_finished

if TYPE_CHECKING:
    from torch import Tensor

#: A prediction, and the embeddings (C, h, w) of its image where they are asked for.
Found = tuple[Prediction, 'Tensor | None']

# Threads that write while the network runs, and the pixels that may wait for them.
_WRITERS = 2
_WAITING = 2**25


def infer_folder(
    source: str | Path,
    out: str | Path,
    model: str | Path | ImageByImage,
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
        model: As of `ForgeryInferencer`; or an inferencer that is ready, whose settings
            nobody checks when a run is resumed.
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
    if isinstance(model, ImageByImage):
        inferencer, model = model, type(model).__name__
    else:
        # Its file, as another one may be published under the name before a --resume.
        model = model_file(model, settings.get('weights'))
        inferencer = _inferencer(model, similarity is not None, settings)
    decides = dict(model=model, kinds=list(kinds), similarity=similarity, **settings)
    done = keep_finished(out, {k: _plain(v) for k, v in decides.items()}, resume)
    names = {
        path: name
        for path, name in zip(paths, output_names(paths, root))
        if path not in done
    }

    def written(name: str, found: Found) -> dict[str, object]:
        prediction, embeddings = found
        line: dict[str, object] = {}
        files: list[str] = []
        if prediction.error is None:
            files = write_prediction(prediction, out, name, inferencer.threshold, kinds)
            if similarity is not None:
                prediction, line = _evidence(
                    embeddings, prediction, similarity, out, name
                )
        if prediction.error is not None:
            return result_line(prediction, inferencer.threshold, [])
        files += line.pop('files', [])  # type: ignore[arg-type]
        return {**result_line(prediction, inferencer.threshold, files), **line}

    progress = ProgressLine(len(names), sys.stderr)
    failures = []
    with (out / FILE).open('a', encoding='utf-8') as lines:
        found = _predictions(inferencer, list(names), similarity is not None)
        for line in _in_threads(written, zip(names.values(), found)):
            if 'error' in line:
                path, reason = str(line['path']), str(line['error'])
                failures.append(reason if path in reason else f'{path}: {reason}')
            lines.write(as_text(line))
            lines.flush()
            progress.update()
    sys.stderr.write('\n')
    return len(paths), failures


def _inferencer(
    model: str | Path, with_embeddings: bool, settings: Mapping[str, Any]
) -> ImageByImage:
    """The model; an ONNX file without torch where nothing asks for that."""
    rest = dict(settings)
    # Of an exported model BatchNorm is folded already.
    rest.pop('fold_batch_norm', None)
    for_torch = [rest.pop(key, None) for key in ('weights', 'amp', 'tta')]
    if Path(model).suffix == '.onnx' and not (with_embeddings or any(for_torch)):
        from .onnx_inferencer import NeedsTorch, OnnxInferencer

        with suppress(NeedsTorch):
            return OnnxInferencer(model, **rest)
    from .inferencer import ForgeryInferencer

    return ForgeryInferencer(model, **settings)


def _predictions(
    inferencer: ImageByImage, paths: Sequence[str], with_embeddings: bool
) -> Iterator[Found]:
    """Batch by batch without embeddings, one by one with them."""
    if with_embeddings:
        one: Callable[[str], Found] = inferencer.predict_with_embeddings  # type: ignore[attr-defined] # a ForgeryInferencer
        yield from map(one, paths)
    else:
        yield from ((found, None) for found in inferencer(paths, read_ahead=True))


def _in_threads(
    write: Callable[[str, Found], dict[str, object]],
    predictions: Iterable[tuple[str, Found]],
) -> Iterator[dict[str, object]]:
    """Writes predictions while the next ones are made; gives lines in their order.

    Whatever goes wrong is raised when the line's turn comes.
    """
    with ThreadPoolExecutor(_WRITERS) as pool:
        jobs = deque[tuple[Future[dict[str, object]], int]]()
        for name, found in predictions:
            prob = found[0].prob
            pixels = 0 if prob is None else prob.size
            jobs.append((pool.submit(write, name, found), pixels))
            # Large images would not fit beside each other.
            while jobs and (
                len(jobs) > _WRITERS or sum(size for _, size in jobs) > _WAITING
            ):
                yield jobs.popleft()[0].result()
        while jobs:
            yield jobs.popleft()[0].result()


def _evidence(
    embeddings: 'Tensor | None',
    prediction: Prediction,
    pixel: tuple[int, int],
    out: Path,
    name: str,
) -> tuple[Prediction, dict[str, object]]:
    """Writes the similarity to a pixel; gives what the image's line says of it."""
    # Only asked for by --similarity.
    from .embedding_evidence import (
        cluster_separation,
        separation_in_words,
        similarity_map,
    )

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
