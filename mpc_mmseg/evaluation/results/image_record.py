"""What is kept of one scored image, whatever its size."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from mpc_mmseg.datasets.lists.source_split import connected_groups, source_ids
from mpc_mmseg.evaluation.functional.confusion import Confusion, mpc_scores
from mpc_mmseg.evaluation.functional.curves import ScoreHistogram


@dataclass
class ImageRecord:
    """One image's part in the scores of its data set.

    Attributes:
        dataset: Name of its data set.
        img_path: Its file.
        forged: Whether it is a forged image, as a whole.
        counts: Its pixels at the threshold.
        image_score: How sure the map is that the image was forged.
        histogram: Its pixels by probability, to which those of other records
            of its data set and kind may have been moved; None if moved away.
        seg_map_path: Its mask's file, if it has one.
        sample_idx: Its place in the data set, by which its map is found again.
        size: Native (height, width).
        scores: ``convention.score`` -> value; absent where undefined.
        bounds: Name of a score that is not exact -> between which values it lies.
        map_features: What calibration may sum the map up by.
        image_hash: Of the file's bytes; None if not asked for, or no file.
        truth_hash: Of the truth's pixels; None if not asked for.
        source_groups: The photographs that it was made of, as far as its list says.
        source: The group of images that share photographs; None if unknown.
        tags: Such as the kind of forgery.
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
    map_features: dict[str, float] = field(default_factory=dict)
    image_hash: str | None = None
    truth_hash: str | None = None
    source_groups: tuple[str, ...] = ()
    source: str | None = None
    tags: tuple[str, ...] = ()

    def as_dict(self) -> dict:
        """Gives the image as files hold it; F1 and IoU of forged images only."""
        scores = {}
        if self.forged:
            scores['F1'], scores['IoU'] = mpc_scores(self.counts)
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
            'map_features': self.map_features,
            'source': self.source,
            'tags': list(self.tags),
            'scores': self.scores,
        }


def find_duplicate(
    records: list[ImageRecord],
) -> tuple[ImageRecord, ImageRecord] | None:
    """Finds two records of one image in one data set: same path, or same file.

    Records without a path (named after their place) count as different images.
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
    """Names the group of images that share source photographs, per data set.

    Args:
        records: Whose ``source`` is set, where anything is known.
        pattern: Of `source_ids`, matched with the files' names; None for the records'
            ``source_groups``.
    """
    for dataset in {record.dataset for record in records}:
        own = [record for record in records if record.dataset == dataset]
        sources = {r.img_path: _sources_of(r, pattern) for r in own}
        known = {path: ids for path, ids in sources.items() if ids}
        names = {
            path: min(known[group[0]])
            for group in connected_groups(known)
            for path in group
        }
        for record in own:
            record.source = names.get(record.img_path)


def _sources_of(record: ImageRecord, pattern: str | None) -> frozenset[str]:
    if pattern is None:
        return frozenset(record.source_groups)
    return source_ids(PurePath(record.img_path).stem, pattern)
