"""The report of a whole run: curves, scores against baselines, embeddings, maps."""

from pathlib import Path

from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.evaluation.results.dataset_summary import MEAN
from mpc_mmseg.evaluation.results.results_file import read_per_image

from .embedding_plot import plot_embedding_file
from .image_rows import ProbabilityFiles, choose_images, image_row
from .overlay import colour_scale
from .pages import render
from .pictures import Picture
from .score_table import (
    read_baselines,
    read_scores,
    score_notes,
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
    embeddings = {
        'Before phase 1': embeddings_before,
        'After phase 1': embeddings_after,
    }
    page = render(
        'training.html',
        title=title,
        verdict=verdict(table, sum(image['forged'] for image in images)),
        scores=table,
        score_notes=score_notes(
            {name.split('/')[-1] for row in table.values() for name in row}
        ),
        curves=_curves(records),
        waiting=data_time_share(records),
        embeddings=[
            plot_embedding_file(path, when) for when, path in embeddings.items() if path
        ],
        images=[image_row(image, maps, threshold) for image in shown],
        n_images=len(images),
        colours=colour_scale() if maps else (),
        run=Path(work_dir).name,
        threshold=threshold,
    )
    path = Path(out)
    write_atomic(path, page)
    return path


def _curves(records: list[dict]) -> list[Picture]:
    stretches = split_by_losses(records)
    plots = []
    for number, stretch in enumerate(stretches, start=1):
        phase = f'Phase {number}: ' if len(stretches) > 1 else 'Losses: '
        plots += [plot_losses(stretch, phase + stretch.name), plot_similarity(stretch)]
    logged = {name for record in records for name in record if '/' in name}
    datasets = {name.split('/')[0] for name in logged} - {MEAN}
    groups = sorted(datasets) if len(datasets) == 1 else [MEAN]
    names = tuple(f'{g}/{s}' for g in groups for s in _VALIDATION)
    plots.append(plot_validation(records, names))
    return [Picture(plot) for plot in plots if plot is not None]
