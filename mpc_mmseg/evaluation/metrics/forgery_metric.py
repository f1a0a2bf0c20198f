"""ForgeryMetric: scores of forgery maps against the ground truth, per data set."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from PIL import Image

from mpc_mmseg.evaluation.conventions import build_conventions
from mpc_mmseg.evaluation.conventions.convention import ScoredImage
from mpc_mmseg.evaluation.probability_map import image_name, probability_map
from mpc_mmseg.evaluation.results.dataset_summary import (
    pooled_bounds,
    summarize,
    summarize_dataset,
)
from mpc_mmseg.evaluation.results.image_record import (
    ImageRecord,
    find_duplicate,
    set_sources,
)
from mpc_mmseg.evaluation.results.results_file import (
    image_hash,
    list_hash,
    truth_hash,
    write_images,
    write_results,
)
from mpc_mmseg.evaluation.results.text_tables import results_table
from mpc_mmseg.probability import binarize

# Scores of a data set's pooled pixels.
_POOLED = ('pooled_AP', 'pooled_AUC', 'best_F1', 'best_threshold')


@METRICS.register_module()
class ForgeryMetric(BaseMetric):
    """F1, IoU and threshold-free scores of localized forgeries.

    Maps are compared at the images' native size, and only counts are kept of each. The
    paper's released code selects checkpoints by ``mean/score``, the mean of F1 and IoU
    over data sets.

    Scores, each as ``{data set}/{score}``, without undefined ones:
        F1, IoU: Of the forged class by the MPC convention, mean over forged images.
        pooled_AP, pooled_AUC: Average precision and ROC AUC of all pixels.
        best_F1, best_threshold: F1 of all pixels at the best threshold for them.
        image_AUC: ROC AUC of forged against authentic images.
        false_alarm_area: Mean share of authentic images predicted forged.
        {convention}.{score}: Scores of ``conventions`` for the same maps.
        image.{score}: With conventions: `image_level_scores`.

    Args:
        threshold: A pixel is predicted forged above this probability. In F1 and IoU of
            the MPC convention 0.5 stands for 127 of 255.
        conventions: As of `build_conventions`: scored side by side on the same maps.
        source_pattern: As of `set_sources`: images that share a source photograph are
            drawn together for the intervals.
        n_resamples: Number of bootstrap samples for the intervals; 0 for no intervals.
        seed: Seed of the bootstrap.
        per_image_file: JSON lines to write, one per image, or CSV by its suffix.
        results_file: JSON of all results (docs/evaluation.md) to write.
        origin: What was run, as of `origin_of_scores`, stored in both files.
        allow_duplicates: Whether an image may be in a data set twice.
        output_dir: Folder for a mask per image, NAME.png with 1 where it is predicted
            forged, as of mmseg's IoUMetric: mmseg's test.py --out sets it.
        keep_results: Set by the same option; not used.
        collect_device: As of MMEngine's ``BaseMetric``.
        prefix: Likewise.
        collect_dir: Likewise.

    Raises:
        ValueError: If an argument is not one of those; while evaluating, with the
            image, if map or ground truth is absent or of the wrong size, a map has a
            NaN, or an image occurs twice; or if there was no image.
    """

    # Not None, with which MMEngine warns of a missing prefix.
    default_prefix = ''

    def __init__(
        self,
        threshold: float = 0.5,
        conventions: str | Sequence[str | dict[str, Any]] = (),
        source_pattern: str | None = None,
        n_resamples: int = 1000,
        seed: int = 0,
        per_image_file: str | None = None,
        results_file: str | None = None,
        origin: dict[str, Any] | None = None,
        allow_duplicates: bool = False,
        output_dir: str | None = None,
        keep_results: bool = False,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        if not 0 <= threshold <= 1:
            raise ValueError(f'threshold must be in 0..1, got {threshold}')
        if n_resamples < 0:
            raise ValueError(f'n_resamples must not be negative, got {n_resamples}')
        self.conventions = build_conventions(conventions)
        self.source_pattern = source_pattern
        self.n_resamples, self.seed = n_resamples, seed
        self.results_file = results_file
        self.origin = None if origin is None else {**origin, 'threshold': threshold}
        self.allow_duplicates = allow_duplicates
        self.threshold = threshold
        self.per_image_file = per_image_file
        self.output_dir = output_dir
        self._first: dict[tuple[str, bool], ImageRecord] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Reduces each image of a batch to counts.

        Args:
            data_batch: Not used.
            data_samples: With ``forgery_prob`` (or ``seg_logits``) and
                ``gt_sem_seg``, each (1, H, W), and the image's metainfo.
        """
        # One record per sample, in order, so that MMEngine drops exactly the samples
        # with which the sampler padded the ranks.
        for sample in data_samples:
            record = self._record(sample)
            if self.output_dir is not None:
                self._write_mask(sample)
            if self.results:
                self._move_histogram(self.results[-1])
            else:
                self._first.clear()
            self.results.append(record)
            self._first.setdefault((record.dataset, record.forged), record)

    def compute_metrics(self, results: list[ImageRecord]) -> dict[str, float]:
        """Turns the records of all images into scores, on the main process."""
        if not results:
            raise ValueError('no image was evaluated: the data set is empty')
        if not self.allow_duplicates and (pair := find_duplicate(results)):
            raise ValueError(
                f'data set {pair[0].dataset!r} holds an image twice: '
                f'{pair[0].img_path} and {pair[1].img_path}; remove one, or set '
                'allow_duplicates=True'
            )
        scores = summarize(results)
        set_sources(results, self.source_pattern)
        if self.per_image_file is not None:
            images = [record.as_dict() for record in results]
            origin = self.origin or {'versions': {}}
            flat = {k: v for k, v in origin.items() if not isinstance(v, dict)}
            ran = {'list_hash': list_hash(images), **flat, **origin['versions']}
            write_images(self.per_image_file, [{**image, **ran} for image in images])
        if not (self.conventions or self.results_file):
            return scores
        datasets = {}
        for name in dict.fromkeys(record.dataset for record in results):
            own = [record for record in results if record.dataset == name]
            pooled = {k: scores[n] for k in _POOLED if (n := f'{name}/{k}') in scores}
            datasets[name] = summarize_dataset(
                own,
                self.conventions,
                pooled,
                pooled_bounds(own),
                self.threshold,
                self.n_resamples,
                self.seed,
            )
            for score, summary in datasets[name]['scores'].items():
                scores[f'{name}/{score}'] = summary['value']
        explanations = {c.name: c.explanation for c in self.conventions}
        print_log(results_table(datasets, explanations), logger='current')
        if self.results_file is not None:
            write_results(
                self.results_file,
                [record.as_dict() for record in results],
                datasets,
                explanations,
                self.n_resamples,
                self.seed,
                self.origin,
            )
        return scores

    def _write_mask(self, sample: dict) -> None:
        mask = binarize(probability_map(sample), self.threshold)
        path = Path(str(self.output_dir), f'{Path(image_name(sample)).stem}.png')
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask.astype('uint8')).save(path)

    def _move_histogram(self, record: ImageRecord) -> None:
        """Adds it to the first record of its kind, to keep memory constant.

        A rank's last record keeps its own: that alone may be dropped.
        """
        pooled = self._first[record.dataset, record.forged].histogram
        moved = record.histogram
        if pooled is not None and moved is not None and moved is not pooled:
            pooled += moved
            record.histogram = None

    def _record(self, sample: dict) -> ImageRecord:
        prob = probability_map(sample)
        if 'gt_sem_seg' not in sample:
            raise ValueError(
                f'{image_name(sample)}: no ground truth; the test pipeline needs '
                'LoadForgeryMask'
            )
        gt = torch.as_tensor(sample['gt_sem_seg']['data']).cpu().numpy()[0]
        frame = tuple(sample.get('img_shape', gt.shape))[:2]
        forged = sample.get('forged')
        marked = bool((gt == 1).any())
        if forged and not marked and not sample.get('allow_empty_truth'):
            raise ValueError(
                f'{image_name(sample)}: the ground truth of a forged image marks no '
                'pixel as forged; correct its mask, or set allow_empty_truth=True on '
                'the data set'
            )
        try:
            if forged is None:
                forged = marked
            image = ScoredImage(prob, gt, bool(forged), frame, self.threshold)
            return self._record_of(image, sample)
        except ValueError as error:
            raise ValueError(f'{image_name(sample)}: {error}') from error

    def _record_of(self, image: ScoredImage, sample: dict) -> ImageRecord:
        writes = self.per_image_file is not None or self.results_file is not None
        return ImageRecord(
            dataset=str(sample.get('dataset_name', 'dataset')),
            img_path=image_name(sample),
            forged=image.forged,
            counts=image.counts,
            mpc_counts=image.mpc_counts,
            image_score=float(image.prob.max()),
            histogram=image.histogram,
            seg_map_path=sample.get('seg_map_path'),
            sample_idx=sample.get('sample_idx'),
            size=image.gt.shape,
            scores={
                f'{convention.name}.{name}': value
                for convention in self.conventions
                for name, value in convention.score_image(image).items()
            },
            bounds={
                f'{convention.name}.{name}': ends
                for convention in self.conventions
                for name, ends in convention.score_bounds(image).items()
            },
            image_hash=image_hash(sample.get('img_path')) if writes else None,
            truth_hash=truth_hash(image.gt) if writes else None,
            source_groups=tuple(sample.get('source_groups', ())),
            tags=tuple(sample.get('tags', ())),
            separation=sample.get('separation'),
        )
