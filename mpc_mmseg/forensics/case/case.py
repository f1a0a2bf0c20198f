"""The content of a case report as plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import Tensor

from mpc_mmseg.apis.inference.embedding_evidence import (
    cluster_separation,
    separation_in_words,
)
from mpc_mmseg.apis.inference.prediction import Prediction
from mpc_mmseg.forensics.evidence.file_metadata import FileMetadata
from mpc_mmseg.hashing import sha256
from mpc_mmseg.plain_text import plain_text
from mpc_mmseg.requirements import installed_versions

FORMAT = 'mpc_mmseg case report 1'

LIMITS = (
    'The map shows where the image differs from itself in the way that the forgeries '
    'of the training data did. It does not show who changed it, when, or why.',
    'A bright region is a reason to look, no proof: text and logos, strong sharpening, '
    'reflections, blown highlights and stitched panoramas may have the same effect.',
    'A dark map is no proof of authenticity: forgeries unlike those of the training '
    'data, changes to the whole image (colours, crop, generation as a whole) and '
    'images that were shrunk or compressed strongly may leave nothing to see.',
    'The probabilities of pixels are scores of the model, not frequencies. Only a '
    'calibrated score may be read as one, and only for images like those that the '
    'calibration was fitted on.',
    'Metadata can be removed and forged as easily as text.',
)


@dataclass(frozen=True)
class Analysis:
    """The results of one forward pass on an image, from which all pages are drawn.

    Attributes:
        name: Name of the file.
        content: Content of the file.
        metadata: Metadata of the file.
        prediction: One without an error.
        embeddings: (C, h, w); None if the model has none.
        reliability: See `reliability_of`.
    """

    name: str
    content: bytes
    metadata: FileMetadata
    prediction: Prediction
    embeddings: Tensor | None
    reliability: dict[str, Any]


def case_content(
    analysis: Analysis,
    model: Mapping[str, Any],
    settings: Mapping[str, Any],
    notes: Mapping[str, str],
) -> dict[str, Any]:
    """Collects a case as plain data, equal for equal input; see `Examiner`."""
    prediction, metadata = analysis.prediction, analysis.metadata
    prob, mask = prediction.prob, prediction.mask
    assert prob is not None and mask is not None
    return {
        'format': FORMAT,
        'notes': {key: plain_text(value) for key, value in notes.items()},
        'file': {
            'name': plain_text(analysis.name),
            'bytes': len(analysis.content),
            'sha256': sha256(analysis.content),
            **asdict(metadata),
            'thumbnails': [
                {
                    'source': thumbnail.source,
                    'bytes': len(thumbnail.content),
                    'sha256': sha256(thumbnail.content),
                    'readable': thumbnail.png is not None,
                }
                for thumbnail in metadata.thumbnails
            ],
        },
        'result': {
            'size': list(prob.shape),
            'verdict': prediction.verdict,
            'forged_probability': prediction.forged_probability,
            'image_score': prediction.image_score,
            'forged_share': prediction.forged_share,
            'meaning': meaning_of(prediction),
            'regions': [asdict(region) for region in prediction.regions or ()],
            'map_sha256': sha256(np.ascontiguousarray(prob, '<f4').tobytes()),
            'mask_sha256': sha256(np.packbits(mask).tobytes()),
        },
        'reliability': analysis.reliability,
        'model': dict(model),
        'settings': dict(settings),
        'versions': installed_versions(),
        'limits': list(LIMITS),
    }


def meaning_of(prediction: Prediction) -> list[str]:
    """Statement and caveats of a prediction, without another word."""
    return [str(prediction.statement), *prediction.caveats]


def reliability_of(embeddings: Tensor | None) -> dict[str, Any]:
    """How clearly the model separates two kinds of pixels, with an explanation.

    Args:
        embeddings: (C, h, w); None if the model has none.
    """
    if embeddings is None:
        return {
            'separation': None,
            'level': None,
            'meaning': 'This model has no embeddings from which reliability could be '
            'estimated.',
        }
    separation = round(cluster_separation(embeddings), 4)
    level = separation_in_words(separation)
    meanings = {
        'strong': 'The model separates two kinds of pixels clearly. A marked region is '
        'one of them, or part of one.',
        'reasonable': 'The model separates two kinds of pixels well.',
        'weak': 'The model hardly separates two kinds of pixels: treat a marked region '
        'with caution.',
        'none': 'The model finds only one kind of pixels: a marked region has little '
        'support, and the report should not be relied upon without other evidence.',
    }
    return {
        'separation': separation,
        'level': level,
        'meaning': f'Separation of two clusters of embeddings: {separation:.2f} of 2 '
        f'({level}). {meanings[level]} It does not show which of the two is forged, '
        'and authentic photographs can also contain two distinct kinds of pixels.',
    }
