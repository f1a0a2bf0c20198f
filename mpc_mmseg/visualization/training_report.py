"""The report of a whole run: curves, scores against baselines, embeddings, maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mpc_mmseg.atomic_files import write_whole
from mpc_mmseg.evaluation.results.dataset_summary import MEAN
from mpc_mmseg.evaluation.results.results_file import read_per_image

from .embedding_plot import plot_embeddings
from .html_report import Picture, Report, Section, render
from .image_rows import ProbabilityFiles, choose_images, image_row
from .overlay import colour_scale
from .score_table import (
    SCORE_NOTES,
    read_baselines,
    read_scores,
    scores_of_images,
    short_names,
    verdict,
)
from .training_curves import (
    data_time_share,
    plot_losses,
    plot_similarity,
    plot_validation,
    read_scalars,
    split_by_losses,
)

_VALIDATION = ('F1', 'IoU', 'pooled_AP')


def build_report(
    work_dir: str | Path,
    out: str | Path,
    per_image: str | Path | None = None,
    predictions: str | Path | None = None,
    scores: str | Path | None = None,
    baselines: str | Path | None = None,
    embeddings_before: str | Path | None = None,
    embeddings_after: str | Path | None = None,
    title: str = 'Image forgery localization',
    model_name: str = 'this model',
    threshold: float = 0.5,
    max_images: int = 40,
) -> Path:
    """Writes the report of a run as one HTML file; parts without a file are left out.

    Args:
        work_dir: The run's folder, with ``*/vis_data/scalars.json``.
        out: The page to write.
        per_image: JSON lines of ``ForgeryMetric(per_image_file=...)``.
        predictions: Folder with a probability map (grey PNG) per image.
        scores: JSON, score -> value; without it F1, IoU and the scores of
            authentic images are computed from ``per_image``.
        baselines: JSON, name -> score -> value; score names as of ``scores``.
        embeddings_before: NPZ with ``embeddings`` (N, C) and ``labels`` (N,), 1 forged
            and 0 authentic, taken before phase 1.
        embeddings_after: The same, after it.
        title: Of the page.
        model_name: What the table calls the model.
        threshold: What the masks were made with.
        max_images: Images shown at most, evenly from the best to the worst.

    Returns:
        ``out``.

    Raises:
        FileNotFoundError: If a file that is named is missing.
        ValueError: If a file is not what it should be. Names it.
    """
    images = read_per_image(per_image) if per_image else []
    table = {}
    if scores or images:
        own = read_scores(scores) if scores else scores_of_images(images)
        table[model_name] = short_names(own)
    table.update(read_baselines(baselines) if baselines else {})
    shown = choose_images(images, max_images) if images else []
    maps = ProbabilityFiles(predictions) if predictions else None
    records = read_scalars(work_dir)
    sections = [_training_section(records)]
    files = {'before phase 1': embeddings_before, 'after phase 1': embeddings_after}
    if any(files.values()):
        sections.append(_embedding_section(files))
    report = Report(
        title=title,
        verdict=verdict(table, sum(image['forged'] for image in images)),
        scores=table,
        score_notes=SCORE_NOTES,
        sections=sections,
        images=[image_row(image, maps, threshold) for image in shown],
        images_note=_images_note(len(shown), images),
        colour_scale=colour_scale() if maps else (),
        footer=f'Run: {Path(work_dir).name}. Threshold {threshold:g}.',
    )
    path = Path(out)
    write_whole(path, render(report))
    return path


def _training_section(records: list[dict]) -> Section:
    stretches = split_by_losses(records)
    pictures = []
    for number, stretch in enumerate(stretches, start=1):
        phase = f'Phase {number}: ' if len(stretches) > 1 else 'Losses: '
        pictures.append(Picture(plot_losses(stretch, phase + stretch.name)))
        if (similarity := plot_similarity(stretch)) is not None:
            pictures.append(Picture(similarity))
    logged = {name for record in records for name in record if '/' in name}
    datasets = {name.split('/')[0] for name in logged} - {MEAN}
    groups = sorted(datasets) if len(datasets) == 1 else [MEAN]
    names = tuple(f'{g}/{s}' for g in groups for s in _VALIDATION)
    validation = plot_validation(records, names)
    if validation is not None:
        pictures.append(Picture(validation))
    share = data_time_share(records)
    text = f'Training steps waited for data {share:.1%} of their time.' if share else ''
    return Section('Training', text, pictures)


def _embedding_section(files: Mapping[str, str | Path | None]) -> Section:
    pictures = []
    for when, path in files.items():
        if path is None:
            continue
        try:
            with np.load(path) as arrays:
                embeddings, labels = arrays['embeddings'], arrays['labels']
            plot = plot_embeddings(embeddings, labels, when.capitalize())
        except (ValueError, KeyError, BadZipFile) as error:
            raise ValueError(f'{path}: {error}') from error
        pictures.append(Picture(plot))
    text = (
        'Each point is a pixel of a test image: its normalised embedding, projected '
        'onto the two directions of largest spread. The contrast of phase 1 is there '
        'to part forged from authentic pixels.'
    )
    return Section('Pixel embeddings', text, pictures)


def _images_note(n_shown: int, images: Sequence[dict]) -> str:
    if not images:
        return ''
    which = 'All' if n_shown == len(images) else f'{n_shown} of'
    return (
        f'{which} {len(images)} test images, forged ones from the best F1 to the '
        'worst, authentic ones last.'
    )
