"""Inference from files to files, the body of tools/infer.py."""

import errno
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import track  # MMEngine's ProgressBar would import torch

from mpc_mmseg.apis.zoo.zoo import CONFIG_SUFFIXES, model_file

from .image_by_image import ImageByImage, lacks_memory
from .image_inputs import expand
from .prediction import Prediction
from .prediction_files import (
    FILE,
    KINDS,
    PICTURES,
    as_text,
    output_names,
    prepare_folder,
    result_line,
    similarity_picture,
    write_png,
    write_prediction,
)

if TYPE_CHECKING:
    from torch import Tensor

#: A prediction, and the embeddings (C, h, w) of its image if they are needed.
Result = tuple[Prediction, 'Tensor | None']
Line = dict[str, Any]

# Threads that write while the network runs, and the pixels that may wait for them.
_WRITERS = 2
_WAITING = 2**25
# The file system refuses the name that an image's results would have.
_OF_A_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)


def infer_folder(
    sources: str | Path | Sequence[str | Path],
    out: str | Path,
    model: str | Path | ImageByImage,
    kinds: Sequence[str] = KINDS,
    resume: bool = False,
    similarity: tuple[int, int] | None = None,
    cluster_sources: bool = False,
    **settings: Any,
) -> tuple[int, list[str]]:
    """Predicts images, or all images of folders, and writes the results.

    Args:
        sources: One or more images, folders, patterns or lists, see `expand`. Images in
            ``out`` are skipped as results of an earlier run.
        out: Folder of the results: pictures (see `write_prediction`),
            ``results.jsonl``, written line by line, and ``settings.json``.
        model: See `ForgeryInferencer`; or an inferencer, whose settings are not
            compared when a run is resumed.
        kinds: Pictures to write, of `PICTURES`.
        resume: Whether to skip images that an earlier run with the same settings
            finished.
        similarity: (x, y) of a pixel of every image, whose embedding is compared with
            all others; also adds the image's cluster separation.
        cluster_sources: Whether to also write a map of any number of sources, see
            `find_sources`; for contrast-phase checkpoints.
        **settings: Further arguments of `ForgeryInferencer`.

    Returns:
        The number of images, and a message per image that failed.

    Raises:
        FileNotFoundError: If a source, model or weights are missing.
        ValueError: If an argument or the config is wrong, or the run to be resumed
            had other settings.
        RuntimeError: If a checkpoint cannot be read or does not fit the model.
    """
    sources = [sources] if isinstance(sources, str | Path) else sources
    out = Path(out)
    for kind in kinds:
        if kind not in PICTURES:
            raise ValueError(f'kinds must be of {PICTURES}, got {kind!r}')
    paths = _images(sources, out)
    root = _root([Path(source) for source in sources], paths)
    if isinstance(model, ImageByImage):
        inferencer, model = model, type(model).__name__
    else:
        # The file: before a --resume another one may be published under the name.
        model = model_file(model, settings.get('weights'))
        if str(model).endswith(CONFIG_SUFFIXES) and settings.get('weights') is None:
            raise ValueError(f'{model} is a config: its weights are needed, too')
        if settings.get('weights') is not None:
            settings['weights'] = model_file(settings['weights'])
        embedded = cluster_sources or similarity is not None
        inferencer = _inferencer(model, embedded, settings)
        settings.pop('trust_config', None)  # no result depends on it
    phase = getattr(getattr(inferencer, 'model', None), 'phase', None)
    if cluster_sources and phase != 'contrast':
        raise ValueError(f'sources are clustered in phase contrast, got phase {phase}')
    with_evidence = similarity is not None or phase == 'contrast'
    compared = dict(
        model=model,
        kinds=list(kinds),
        similarity=similarity,
        cluster_sources=cluster_sources,
        **settings,
    )
    done = prepare_folder(out, compared, resume)
    names = {
        path: name
        for path, name in zip(paths, output_names(paths, root))
        if path not in done
    }

    def write(name: str, result: Result) -> Line:
        try:
            return write_files(name, result)
        except Exception as error:
            # Any other error of the disk, such as a full one, ends the run.
            if not (lacks_memory(error) or getattr(error, 'errno', 0) in _OF_A_NAME):
                raise
            reason = f'the results cannot be written: {error or type(error).__name__}'
            return {'path': result[0].path, 'error': reason}

    def write_files(name: str, result: Result) -> Line:
        prediction, embeddings = result
        line: Line = {}
        files: list[str] = []
        if prediction.error is None:
            files = write_prediction(prediction, out, name, inferencer.threshold, kinds)
            if with_evidence:
                prediction, line = _evidence(
                    embeddings, prediction, similarity, cluster_sources, out, name
                )
                line['phase'] = phase
        files += line.pop('files', [])
        return {**result_line(prediction, inferencer.threshold, files), **line}

    results: Iterable[Result]
    if with_evidence:
        results = map(inferencer.predict_with_embeddings, names)  # type: ignore[attr-defined] # a ForgeryInferencer
    else:
        results = ((found, None) for found in inferencer(list(names), read_ahead=True))
    written = _in_threads(write, zip(names.values(), results))
    failures = []
    with (out / FILE).open('a', encoding='utf-8') as lines:
        for line in track(written, 'images', len(names), console=Console(stderr=True)):
            if 'error' in line:
                path, reason = str(line['path']), str(line['error'])
                failures.append(reason if path in reason else f'{path}: {reason}')
            lines.write(as_text(line))
            lines.flush()
            if not _is_at(lines.fileno(), out / FILE):
                failures.append(f'{out} was removed or replaced during the run')
                break
    return len(paths), failures


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def _inferencer(
    model: str | Path, with_embeddings: bool, settings: Mapping[str, Any]
) -> ImageByImage:
    """The model; an ONNX file without torch unless an option requires it."""
    rest = dict(settings)
    # BatchNorm of an exported model is always folded.
    rest.pop('fold_batch_norm', None)
    rest.pop('trust_config', None)
    for_torch = [rest.pop(key, None) for key in ('weights', 'amp', 'tta')]
    if Path(model).suffix == '.onnx' and not (with_embeddings or any(for_torch)):
        from .onnx_inferencer import NeedsTorch, OnnxInferencer

        with suppress(NeedsTorch):
            return OnnxInferencer(model, **rest)
    from .inferencer import ForgeryInferencer

    return ForgeryInferencer(model, **settings)


def _in_threads(
    write: Callable[[str, Result], Line], predictions: Iterable[tuple[str, Result]]
) -> Iterator[Line]:
    """Writes predictions while the next ones are computed; yields lines in order.

    An error in a thread is raised in place of its line.
    """
    with ThreadPoolExecutor(_WRITERS) as pool:
        jobs = deque[tuple[Future[Line], int]]()
        for name, result in predictions:
            prob = result[0].prob
            pixels = 0 if prob is None else prob.size
            jobs.append((pool.submit(write, name, result), pixels))
            # Several large images would not fit into memory.
            while jobs and (
                len(jobs) > _WRITERS or sum(size for _, size in jobs) > _WAITING
            ):
                yield jobs.popleft()[0].result()
        while jobs:
            yield jobs.popleft()[0].result()


def _evidence(
    embeddings: 'Tensor | None',
    prediction: Prediction,
    pixel: tuple[int, int] | None,
    cluster_sources: bool,
    out: Path,
    name: str,
) -> tuple[Prediction, Line]:
    """Writes the similarity to a pixel, and returns the entries of the image's line."""
    # It imports torch.
    from .embedding_evidence import (
        cluster_separation,
        separation_in_words,
        similarity_map,
    )

    assert prediction.image is not None
    try:
        if embeddings is None:
            raise ValueError('this model has no embeddings to compare')
        size = prediction.image.shape[:2]
        pictures: dict[str, np.ndarray] = {}
        if pixel is not None:
            similar = similarity_map(embeddings, pixel, size)
            pictures[f'{name}_similarity.png'] = similarity_picture(similar, pixel)
    except ValueError as error:
        return replace(prediction, error=str(error), prob=None), {}
    counted: Line = {}
    if cluster_sources:
        from .source_clusters import find_sources, sources_picture

        found = find_sources(embeddings)
        pictures[f'{name}_sources.png'] = sources_picture(found, size)
        counted['n_sources'] = int(found.max()) + 1
    for file, picture in pictures.items():
        write_png(picture, out / file)
    score = cluster_separation(embeddings)
    return prediction, {
        'files': list(pictures),
        **counted,
        'cluster_separation': score,
        'cluster_separation_in_words': separation_in_words(score),
    }


def _images(sources: Sequence[str | Path], out: Path) -> list[str]:
    """The images of the sources, each once; those that a user names are kept."""
    named, results = {str(source) for source in sources}, out.resolve()
    paths = list(dict.fromkeys(str(path) for path in expand(sources)))
    for path in paths:
        if path in named and not Path(path).is_file():
            raise FileNotFoundError(f'no image or folder {path}')
    paths = [
        path
        for path in paths
        if path in named or not Path(path).resolve().is_relative_to(results)
    ]
    if not paths:
        named_so = ', '.join(sorted(named))
        raise FileNotFoundError(
            f'{named_so}: only results of earlier runs. If it is also the folder of '
            'the results (--out), choose another one for them'
        )
    return paths


def _root(sources: Sequence[Path], paths: Sequence[str]) -> Path:
    """The folder to which the names of the results are relative."""
    if len(sources) > 1 or sources[0].suffix == '.txt':
        folders = {Path(path).parent for path in paths}
        if len({folder.is_absolute() for folder in folders}) > 1:
            return Path()
        return Path(os.path.commonpath(folders))
    [source] = sources
    if source.is_dir():
        return source
    # The folder of an image, or the one above a pattern's first wildcard.
    parts = list(source.parts[:-1])
    wild = [i for i, part in enumerate(parts) if any(c in part for c in '*?[')]
    return Path(*parts[: wild[0]] if wild else parts)
