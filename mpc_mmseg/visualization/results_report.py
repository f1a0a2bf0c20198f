"""The page of results: what tools/report.py writes."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from mpc_mmseg.atomic_files import write_whole

from .area_plot import plot_by_area
from .embedding_plot import plot_embeddings
from .html_elements import (
    ImageRow,
    Picture,
    Section,
    definitions,
    heat_map_legend,
    image_article,
    page,
    paragraph,
    section,
)
from .image_rows import ProbabilityFiles, image_row
from .overlay import colour_scale
from .results_files import Run, read_files
from .results_tables import images_table, robustness_tables, score_tables
from .robustness_curves import plot_family, robustness_families
from .score_table import SCORE_NOTES

_CURVES = ('F1', 'image_AUC')


def build_results_report(
    results: Sequence[str | Path],
    out: str | Path,
    names: Sequence[str] | None = None,
    maps: str | Path | None = None,
    embeddings: Sequence[str | Path] = (),
    title: str = 'Image forgery localization: results',
    threshold: float = 0.5,
    max_images: int = 16,
) -> Path:
    """Writes one self-contained HTML page of any number of results.

    Args:
        results: Files as of `read_files`.
        out: The page to write.
        names: What the page calls them.
        maps: Folder with probability maps of the first run (grey PNG).
        embeddings: NPZ files with ``embeddings`` (N, C) and ``labels`` (N,).
        title: Of the page.
        threshold: What the masks were made with.
        max_images: Images of the first run that are shown: the best and the worst.

    Returns:
        ``out``.

    Raises:
        FileNotFoundError: If a file that is named is missing.
        ValueError: If a file is not what it should be, or ``max_images`` is
            negative. Names it.
    """
    if max_images < 0:
        raise ValueError(f'max_images must not be negative, got {max_images}')
    runs, robustness = read_files(results, names)
    parts = []
    if any(run.datasets for run in runs):
        parts.append(_scores(runs))
    for name, content in robustness.items():
        heading = f'Robustness: {name}' if len(robustness) > 1 else 'Robustness'
        parts.append(_robustness(heading, content))
    parts.append(_by_area(runs))
    if runs and max_images:
        found = ProbabilityFiles(maps) if maps else None
        parts += _images(runs[0], found, threshold, max_images)
    if embeddings:
        parts.append(_embeddings(embeddings))
    if any(run.images for run in runs):
        parts += [
            '<h2>All images</h2>',
            '<p class="screen">A click on a heading sorts, a second one the other way '
            'round.</p>',
            images_table(runs),
        ]
    sources = ', '.join(str(path) for path in results)
    parts.append(f'<footer>From {escape(sources)}.</footer>')
    path = Path(out)
    write_whole(path, page(title, parts))
    return path


def best_and_worst(images: Sequence[dict], limit: int) -> dict[str, list[dict]]:
    """Chooses the images to look at.

    Args:
        images: Lines of per-image results.
        limit: At most this many in all.

    Returns:
        'best' and 'worst' forged images by F1, and 'alarms', the authentic ones of
        which the largest share is called forged; no image twice.
    """
    forged = sorted(
        (image for image in images if image['forged']),
        key=lambda image: (-image['F1'], image['img_path']),
    )
    authentic = sorted(
        (image for image in images if not image['forged']),
        key=lambda image: (-_called_forged(image), image['img_path']),
    )
    n_alarms = min(len(authentic), limit // 4) if forged else min(len(authentic), limit)
    n_forged = min(len(forged), limit - n_alarms)
    n_best = (n_forged + 1) // 2
    n_worst = n_forged - n_best
    return {
        'best': forged[:n_best],
        'worst': forged[len(forged) - n_worst :][::-1],
        'alarms': authentic[:n_alarms],
    }


def _scores(runs: Sequence[Run]) -> str:
    shown = {score for run in runs for d in run.datasets.values() for score in d}
    # 'trufor.F1' is explained by its convention: it is not what 'F1' is.
    shown |= {'image' for score in shown if score.startswith('image.')}
    notes = {
        name.replace('_', ' '): text
        for name, text in SCORE_NOTES.items()
        if name in shown
    }
    conventions: dict[str, str] = {}
    for run in runs:
        for name, explained in run.conventions.items():
            if conventions.setdefault(name, explained) != explained:
                # Of other settings, so no number of one compares with the other's.
                conventions[f'{name} ({run.name})'] = explained
    text = (
        'In brackets: 95 % bootstrap intervals over images. Where a score comes from a '
        'histogram of the pixels, the line below says between which values the one of '
        'the pixels themselves lies.'
    )
    return (
        f'<section><h2>Scores</h2>{paragraph(text)}{score_tables(runs)}'
        f'{definitions(notes)}{_what_differs(conventions)}</section>'
    )


def _what_differs(conventions: Mapping[str, str]) -> str:
    if not conventions:
        return ''
    text = (
        'Numbers of different conventions, which the words before the dot name, cannot '
        'be compared with one another:'
    )
    return f'<h3>Conventions</h3>{paragraph(text)}{definitions(conventions)}'


def _robustness(title: str, content: dict) -> str:
    settings = content['settings']
    curves = [
        Picture(plot_family(settings, family, score), family)
        for family in robustness_families(settings)
        for score in _CURVES
        if all(score in scores for s in settings for scores in s['scores'].values())
    ]
    text = (
        'Photographs were processed at native size, before any resizing for the '
        'network. Bands and brackets: 95 % bootstrap intervals over images; '
        'differences are those of each image from itself when clean. What ends in '
        '"like" is an imitation: its parameters are stated, no service was measured.'
    )
    heading = section(Section(title, text, curves, broad=True))
    chains = {
        s['name']: s['chain'] for s in settings if s['chain'] not in ('', s['name'])
    }
    return heading + robustness_tables(content) + definitions(chains)


def _by_area(runs: Sequence[Run]) -> str:
    points = {}
    for run in runs:
        forged = [image for image in run.images if image['forged']]
        pixels = np.array(
            [[image['tp'] + image['fn'], image['fp'] + image['tn']] for image in forged]
        )
        if len(forged):
            areas = pixels[:, 0] / np.maximum(pixels.sum(axis=1), 1)
            points[run.name] = areas, np.array([image['F1'] for image in forged])
    if not points:
        return ''
    text = 'A point is a forged image; bars are means of groups with 95 % intervals.'
    plot = Picture(plot_by_area(points), 'F1 against the forged share of the image')
    return section(Section('Score against forged area', text, [plot], broad=True))


def _images(
    run: Run, maps: ProbabilityFiles | None, threshold: float, limit: int
) -> list[str]:
    titles = {
        'best': 'Best images',
        'worst': 'Worst images',
        'alarms': 'Authentic images, most called forged first',
    }
    parts = ['<h2>Images</h2>', paragraph(f'Of {run.name}, by F1.')]
    if maps is not None:
        parts.append(heat_map_legend(colour_scale()))
    parts.append(
        paragraph(
            'Overlay: the truth outlined in blue'
            + ('; what was found, in red.' if maps is not None else '.')
        )
    )
    for kind, images in best_and_worst(run.images, limit).items():
        if images:
            parts.append(f'<h3>{titles[kind]}</h3>')
        for image in images:
            try:
                row = image_row(image, maps, threshold, overlay=True)
            except OSError as error:
                # Results may be read where the photographs are not.
                row = ImageRow(Path(image['img_path']).name, {}, f'no picture: {error}')
            parts.append(image_article(row))
    return parts


def _embeddings(paths: Sequence[str | Path]) -> str:
    pictures = []
    for path in paths:
        try:
            with np.load(path) as arrays:
                embeddings, labels = arrays['embeddings'], arrays['labels']
            plot = plot_embeddings(embeddings, labels, Path(path).stem)
        except (ValueError, KeyError, BadZipFile) as error:
            raise ValueError(f'{path}: {error}') from error
        pictures.append(Picture(plot))
    text = (
        'Each point is a pixel of a test image: its normalised embedding, projected '
        'onto the two directions of largest spread.'
    )
    return section(Section('Pixel embeddings', text, pictures))


def _called_forged(image: dict) -> float:
    total = sum(image[name] for name in ('tp', 'fp', 'fn', 'tn'))
    return (image['tp'] + image['fp']) / total if total else 0.0
