"""ForgeryMetric: how well maps of forgeries match the truth, per data set."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from mpc_mmseg.evaluation.functional.confusion import count_confusion
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram
from mpc_mmseg.evaluation.functional.mpc_convention import binarize
from mpc_mmseg.evaluation.functional.summary import ImageRecord, summarize
from mpc_mmseg.evaluation.probability_map import (
    image_name,
    image_score,
    probability_map,
)

_AUTHENTIC = ('apart', 'as-zero')
_IMAGE_SCORES = ('max', 'top_mean')


@METRICS.register_module()
class ForgeryMetric(BaseMetric):
    """F1, IoU and threshold-free scores of localized forgeries.

    F1 and IoU of the forged class per image under the MPC convention, then the
    plain mean over a data set's forged images. ``mean/score``, the mean of F1 and
    IoU over data sets, is what the paper's released code selects checkpoints by.
    Maps are compared at the images' own size. Of each image only counts are kept.

    Scores, each as ``{data set}/{score}``, undefined ones left out:
        F1, IoU: Mean over images, at ``threshold``.
        pooled_AP, pooled_AUC: Average precision and ROC AUC of all pixels.
        best_F1, best_threshold: F1 of all pixels at the threshold that suits
            them best, and that threshold.
        image_AUC: ROC AUC of telling forged from authentic images.
        false_alarm_area: Mean share of authentic images called forged.

    Args:
        threshold: Probability that a forged pixel exceeds. 0.5 stands for the
            MPC rule, 127 of 255.
        authentic: 'apart' counts authentic images in image_AUC and
            false_alarm_area alone; 'as-zero' also averages each in as F1 = 0 and
            IoU = 0, as some benchmarks do.
        image_score: What says whether an image was forged: 'max' of the map,
            or 'top_mean', the mean of its highest pixels.
        top_share: The share of pixels that 'top_mean' takes.
        per_image_file: JSON lines to write, one per image. Optional.
        collect_device: 'cpu' or 'gpu'; how the ranks' results are brought together.
        prefix: Put before the names of all scores. Optional.

    Raises:
        ValueError: If an argument is not one of those, or while evaluating, naming
            the image, if map or truth is absent, of the wrong size, or a map holds a
            NaN.
    """

    # Not None, with which MMEngine warns of a missing prefix.
    default_prefix = ''

    def __init__(
        self,
        threshold: float = 0.5,
        authentic: str = 'apart',
        image_score: str = 'max',
        top_share: float = 0.01,
        per_image_file: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        if not 0 <= threshold <= 1:
            raise ValueError(f'threshold must be in 0..1, got {threshold}')
        if authentic not in _AUTHENTIC:
            raise ValueError(f'authentic must be one of {_AUTHENTIC}, got {authentic}')
        if image_score not in _IMAGE_SCORES:
            raise ValueError(
                f'image_score must be one of {_IMAGE_SCORES}, got {image_score}'
            )
        if not 0 < top_share <= 1:
            raise ValueError(f'top_share must be in (0, 1], got {top_share}')
        self.threshold = threshold
        self.authentic_as_zero = authentic == 'as-zero'
        self.top_share = top_share if image_score == 'top_mean' else None
        self.per_image_file = per_image_file
        self._first: dict[tuple[str, bool], ImageRecord] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Reduces each image of a batch to counts.

        Args:
            data_batch: Not used.
            data_samples: With ``forgery_prob`` (or ``seg_logits``) and
                ``gt_sem_seg``, each (1, H, W), and the image's metainfo.
        """
        # One record per sample, in order: by that MMEngine drops exactly the
        # samples with which the sampler evened out the ranks.
        for sample in data_samples:
            record = self._record(sample)
            if self.results:
                self._move_histogram(self.results[-1])
            else:
                self._first.clear()
            self.results.append(record)
            self._first.setdefault((record.dataset, record.forged), record)

    def compute_metrics(self, results: list[ImageRecord]) -> dict[str, float]:
        """Turns the records of all images into scores, on the main process."""
        if self.per_image_file is not None:
            _write_lines(Path(self.per_image_file), results)
        return summarize(results, self.authentic_as_zero)

    def _move_histogram(self, record: ImageRecord) -> None:
        """Moves it to the first record of its kind, to keep memory constant.

        A rank's last record is left whole: that alone may be dropped.
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
        if prob.shape != gt.shape:
            raise ValueError(
                f'{image_name(sample)}: the map is {prob.shape} but the truth is '
                f'{gt.shape} (height, width)'
            )
        try:
            counts = count_confusion(binarize(prob, self.threshold), gt)
        except ValueError as error:
            raise ValueError(f'{image_name(sample)}: {error}') from error
        return ImageRecord(
            dataset=str(sample.get('dataset_name', 'dataset')),
            img_path=image_name(sample),
            forged=bool(sample.get('forged', counts.tp + counts.fn > 0)),
            counts=counts,
            image_score=image_score(prob, self.top_share),
            histogram=ScoreHistogram.of_map(prob, gt),
            seg_map_path=sample.get('seg_map_path'),
            sample_idx=sample.get('sample_idx'),
        )


def _write_lines(path: Path, records: Sequence[ImageRecord]) -> None:
    """Writes the file whole or not at all, so that a reader never meets half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + '.partial')
    with partial.open('w', encoding='utf-8') as file:
        for record in records:
            file.write(json.dumps(record.as_dict(), ensure_ascii=False) + '\n')
    os.replace(partial, path)
