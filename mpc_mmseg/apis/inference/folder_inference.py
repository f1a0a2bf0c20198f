"""Inference from files to files, the body of tools/infer.py."""

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track  # MMEngine's ProgressBar would import torch

from mpc_mmseg.apis.zoo.zoo import CONFIG_SUFFIXES, model_file
from mpc_mmseg.json_files import json_line

from .image_by_image import ImageByImage, lacks_memory
from .image_inputs import expand
from .in_threads import in_threads
from .prediction import Prediction
from .prediction_files import (
    FILE,
    KINDS,
    PICTURES,
    output_names,
    prepare_folder,
    result_line,
    write_png,
    write_prediction,
)

if TYPE_CHECKING:
    from torch import Tensor

#: A prediction, and the embeddings (C, h, w) of its image if they are needed.
Result = tuple[Prediction, 'Tensor | None']

# Threads that write while the network runs.
_WRITERS = 2
# The file system refuses the name that an image's results would have.
_OF_A_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
# Settings that only ForgeryInferencer supports.
_FOR_TORCH = ('weights', 'amp', 'tta')


def infer_folder(
    sources: str | Path | Sequence[str | Path],
    out: str | Path,
    model: str | Path | ImageByImage,
    kinds: Sequence[str] = KINDS,
    resume: bool = False,
    cluster_sources: bool = False,
    **settings: Any,
) -> tuple[int, list[str]]:
    """Predicts images, or all images of folders, and writes the results.

    Args:
        sources: See `expand`. Images in ``out`` are skipped as results of an earlier
            run.
        out: Folder of the results: pictures (see `write_prediction`),
            ``results.jsonl``, written line by line, and ``settings.json``.
        model: See `ForgeryInferencer`; or an inferencer, whose settings are not
            compared when a run is resumed.
        kinds: Pictures to write, of `PICTURES`.
        resume: Whether to skip images that an earlier run with the same settings
            finished.
        cluster_sources: Whether to also write a map of any number of sources, see
            `find_sources`; for contrast-phase checkpoints.
        **settings: Further arguments of `ForgeryInferencer`.

    Returns:
        The number of images, and a message per image that failed.

    Raises:
        FileNotFoundError, RuntimeError, ValueError: See `ForgeryInferencer` and
            `expand`; ValueError also if the run to be resumed had other settings.
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
        if settings.get('weights') is not None:
            settings['weights'] = model_file(settings['weights'])
        elif str(model).endswith(CONFIG_SUFFIXES):
            raise ValueError(f'{model} is a config: its weights are needed, too')
        inferencer = _inferencer(model, settings)
        settings.pop('trust_config', None)  # no result depends on it
    phase = getattr(getattr(inferencer, 'model', None), 'phase', None)
    if cluster_sources and phase != 'contrast':
        raise ValueError(f'sources are clustered in phase contrast, got phase {phase}')
    compared = dict(
        model=model, kinds=list(kinds), cluster_sources=cluster_sources, **settings
    )
    done = prepare_folder(out, compared, resume)
    names = {
        path: name
        for path, name in zip(paths, output_names(paths, root))
        if path not in done
    }

    def write(item: tuple[str, Result]) -> dict[str, Any]:
        name, (prediction, embeddings) = item
        threshold = inferencer.threshold
        try:
            if prediction.error is not None:
                return result_line(prediction, threshold, [])
            files = write_prediction(prediction, out, name, threshold, kinds)
            found = {}
            if embeddings is not None:
                found = _evidence(embeddings)
                if cluster_sources:
                    files.append(f'{name}_sources.png')
                    found |= _sources(embeddings, prediction, out / files[-1])
            return {**result_line(prediction, threshold, files), **found}
        except Exception as error:
            # Any other error of the disk, such as a full one, ends the run.
            if not (lacks_memory(error) or getattr(error, 'errno', 0) in _OF_A_NAME):
                raise
            reason = f'the results cannot be written: {error or type(error).__name__}'
            return {'path': prediction.path, 'error': reason}

    def pixels(item: tuple[str, Result]) -> int:
        prob = item[1][0].prob
        return 0 if prob is None else prob.size

    results: Iterable[Result]
    if phase == 'contrast':
        results = map(inferencer.predict_with_embeddings, names)  # type: ignore[attr-defined] # a ForgeryInferencer
    else:
        results = ((found, None) for found in inferencer(list(names)))
    written = in_threads(write, zip(names.values(), results), pixels, _WRITERS)
    failures = []
    with (out / FILE).open('a', encoding='utf-8') as lines:
        for line in track(written, 'images', len(names), console=Console(stderr=True)):
            if 'error' in line:
                path, reason = str(line['path']), str(line['error'])
                failures.append(reason if path in reason else f'{path}: {reason}')
            lines.write(json_line(line))
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


def _inferencer(model: str | Path, settings: Mapping[str, Any]) -> ImageByImage:
    """The model; an ONNX file without torch unless an option requires it."""
    if Path(model).suffix == '.onnx' and not any(map(settings.get, _FOR_TORCH)):
        from .onnx_inferencer import NeedsTorch, OnnxInferencer

        unused = (*_FOR_TORCH, 'trust_config')
        with suppress(NeedsTorch):
            return OnnxInferencer(
                model, **{k: v for k, v in settings.items() if k not in unused}
            )
    from .inferencer import ForgeryInferencer

    return ForgeryInferencer(model, **settings)


def _evidence(embeddings: 'Tensor') -> dict[str, Any]:
    # It imports torch.
    from .embedding_evidence import cluster_separation, separation_in_words

    score = cluster_separation(embeddings)
    return {
        'phase': 'contrast',
        'cluster_separation': score,
        'cluster_separation_in_words': separation_in_words(score),
    }


def _sources(
    embeddings: 'Tensor', prediction: Prediction, file: Path
) -> dict[str, int]:
    from .source_clusters import find_sources, sources_picture

    assert prediction.prob is not None
    found = find_sources(embeddings)
    write_png(sources_picture(found, prediction.prob.shape), file)
    return {'n_sources': int(found.max()) + 1}


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
