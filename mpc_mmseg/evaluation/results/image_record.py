"""What is stored of one scored image, whatever its size."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from mpc_mmseg.datasets.lists.source_split import connected_groups, source_ids
from mpc_mmseg.evaluation.functional.confusion import Confusion, mpc_scores
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram


@dataclass
class ImageRecord:
    """One scored image.

    Attributes:
        dataset: Name of its data set.
        img_path: Its file.
        forged: Whether the image is forged.
        counts: Its pixels at the threshold.
        image_score: Score of the image as a whole; higher for forged ones.
        histogram: Its pixels by probability, to which those of other records
            of its data set and kind may have been added; None if moved away.
        seg_map_path: Its mask's file, if it has one.
        sample_idx: Its index in the data set, part of its map's file name.
        size: Native (height, width).
        scores: ``convention.score`` -> value; absent where undefined.
        bounds: Name of a score that is not exact -> its bounds.
        mpc_counts: ``counts`` by the MPC convention; None where they are equal.
        image_hash: Hash of the file's bytes; None if not computed, or no file.
        truth_hash: Hash of the ground truth's pixels; None if not computed.
        source_groups: Its source photographs, if its list names them.
        source: The group of images that share photographs; None if unknown.
        tags: Such as the kind of forgery.
        separation: How clearly it has two sources, if clusters are predicted.
    """

    dataset: str
    img_path: str
    forged: bool
    counts: Confusion
    image_score: float
    histogram: ScoreHistogram | None
    seg_map_path: str | None = None
    sample_idx: int | None = None
    size: tuple[int, int] | None = None
    scores: dict[str, float] = field(default_factory=dict)
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    mpc_counts: Confusion | None = None
    image_hash: str | None = None
    truth_hash: str | None = None
    source_groups: tuple[str, ...] = ()
    source: str | None = None
    tags: tuple[str, ...] = ()
    separation: float | None = None

    @property
    def f1_and_iou(self) -> tuple[float, float]:
        """F1 and IoU by the MPC convention."""
        return mpc_scores(self.mpc_counts or self.counts)

    def as_dict(self) -> dict:
        """The image's entry in files of results; F1 and IoU of forged images only."""
        scores = {}
        if self.forged:
            scores['F1'], scores['IoU'] = self.f1_and_iou
        counts, total = self.counts, self.counts.total
        height, width = self.size or (None, None)
        return {
            'img_path': self.img_path,
            'seg_map_path': self.seg_map_path,
            'dataset': self.dataset,
            'sample_idx': self.sample_idx,
            'forged': self.forged,
            'image_hash': self.image_hash,
            'truth_hash': self.truth_hash,
            'height': height,
            'width': width,
            **{name: getattr(counts, name) for name in ('tp', 'fp', 'fn', 'tn')},
            'forged_area': (counts.tp + counts.fn) / total if total else None,
            **scores,
            'image_score': self.image_score,
            'separation': self.separation,
            'source': self.source,
            'tags': list(self.tags),
            'scores': self.scores,
        }


def find_duplicate(
    records: list[ImageRecord],
) -> tuple[ImageRecord, ImageRecord] | None:
    """Two records of one image in one data set, by path or file content, if any.

    Records without a path count as different images.
    """
    seen: dict[tuple[str, str], ImageRecord] = {}
    for record in records:
        names = [record.image_hash]
        if not record.img_path.startswith('sample '):
            names.append(record.img_path)
        for name in names:
            if name is not None:
                other = seen.setdefault((record.dataset, name), record)
                if other is not record:
                    return other, record
    return None


def set_sources(records: Sequence[ImageRecord], pattern: str | None = None) -> None:
    """Sets ``source``, the group of images that share photographs, per data set.

    Args:
        records: Changed in place, if their sources are known.
        pattern: Of `source_ids`, matched with the files' names; None for the records'
            ``source_groups``.
    """
    for dataset in {record.dataset for record in records}:
        own = [record for record in records if record.dataset == dataset]
        sources = {
            r.img_path: frozenset(r.source_groups)
            if pattern is None
            else source_ids(PurePath(r.img_path).stem, pattern)
            for r in own
        }
        known = {path: ids for path, ids in sources.items() if ids}
        names = {
            path: min(known[group[0]])
            for group in connected_groups(known)
            for path in group
        }
        for record in own:
            record.source = names.get(record.img_path)
