"""All that is known of one image in a case, as plain data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer, Prediction
from mpc_mmseg.apis.inference.model_from_files import CONFIG_SUFFIXES
from mpc_mmseg.apis.inference.regions import find_regions
from mpc_mmseg.evaluation.image_calibration import ImageCalibration
from mpc_mmseg.forensics.evidence.file_metadata import FileMetadata, plain_text
from mpc_mmseg.hashing import file_sha256, sha256
from mpc_mmseg.requirements import installed_versions

FORMAT = 'mpc_mmseg case report 1'

LIMITS = (
    'The map shows where the image differs from itself in the way that the forgeries '
    'of the training data did. It does not show who changed it, when, or why.',
    'A bright region is a reason to look, no proof: text and logos, strong sharpening, '
    'reflections, blown highlights and stitched panoramas may look alike to the model.',
    'A dark map is no proof of authenticity: forgeries unlike those of the training '
    'data, changes to the whole image (colours, crop, generation as a whole) and '
    'images that were shrunk or compressed strongly may leave nothing to see.',
    'The probabilities of pixels are scores of the model, not frequencies. Only a '
    'calibrated score may be read as one, and only for images like those that the '
    'calibration was fitted on.',
    'Metadata can be removed and forged as easily as text.',
)


@dataclass(frozen=True)
class ModelIdentity:
    """Which model it was.

    Attributes:
        weights: The file name of the checkpoint, or of the ONNX file.
        weights_sha256: Of that file.
        config_sha256: Of the config's text, as MMEngine prints it.
        phase: Of the model, if it has any.
    """

    weights: str
    weights_sha256: str
    config_sha256: str
    phase: str | None


def model_identity(
    inferencer: ForgeryInferencer, model: str | Path, weights: str | Path | None
) -> ModelIdentity:
    """Identifies the model that an inferencer was built from.

    Args:
        inferencer: Built.
        model: Its argument ``model``.
        weights: Its argument ``weights``.

    Raises:
        ValueError: If there were no weights: nothing can be said of random ones.
    """
    checkpoint = Path(model if weights is None else weights)
    # A name without a file is that of a config.
    if checkpoint.suffix in CONFIG_SUFFIXES or not checkpoint.is_file():
        raise ValueError(
            f'{model} is a config: its weights are needed, a checkpoint of it'
        )
    return ModelIdentity(
        weights=plain_text(checkpoint.name),
        weights_sha256=file_sha256(checkpoint),
        config_sha256=sha256(inferencer.cfg.pretty_text.encode('utf-8')),
        phase=getattr(inferencer.model, 'phase', None),
    )


def case_content(
    name: str,
    content: bytes,
    metadata: FileMetadata,
    prediction: Prediction,
    calibration: ImageCalibration | None,
    identity: ModelIdentity,
    settings: Mapping[str, Any],
    reliability: Mapping[str, Any],
    notes: Mapping[str, str],
) -> dict[str, Any]:
    """Collects a case as plain data, the same for the same input.

    Args:
        name: Of the file.
        content: The file.
        metadata: Of the file.
        prediction: Without an error.
        calibration: The model's.
        identity: Of the model.
        settings: What else the result depends on.
        reliability: Cluster separation and what it means.
        notes: What the examiner adds, such as a date.

    Raises:
        ValueError: If the prediction has an error.
    """
    prob, mask = prediction.prob, prediction.mask
    if prob is None or mask is None:
        raise ValueError(f'{prediction.path}: no result: {prediction.error}')
    return {
        'format': FORMAT,
        'notes': {key: plain_text(value) for key, value in notes.items()},
        'file': {
            'name': plain_text(name),
            'bytes': len(content),
            'sha256': sha256(content),
            'format': metadata.format,
            'mode': metadata.mode,
            'stored_size': list(metadata.stored_size),
            'frames': metadata.frames,
            'jpeg': metadata.jpeg,
            'exif': metadata.exif,
            'other': metadata.other,
            'thumbnails': [
                {
                    'source': thumbnail.source,
                    'bytes': len(thumbnail.content),
                    'sha256': sha256(thumbnail.content),
                    'readable': thumbnail.png is not None,
                }
                for thumbnail in metadata.thumbnails
            ],
            'problems': list(metadata.problems),
        },
        'result': {
            'size': list(prob.shape),
            'verdict': prediction.verdict,
            'forged_probability': prediction.forged_probability,
            'image_score': prediction.image_score,
            'forged_share': prediction.forged_share,
            'meaning': score_in_words(prediction, calibration),
            'regions': [asdict(region) for region in find_regions(prob, mask)],
            'map_sha256': sha256(np.ascontiguousarray(prob, '<f4').tobytes()),
            'mask_sha256': sha256(np.packbits(mask).tobytes()),
        },
        'reliability': dict(reliability),
        'model': {
            'weights': identity.weights,
            'weights_sha256': identity.weights_sha256,
            'config_sha256': identity.config_sha256,
            'phase': identity.phase,
        },
        'settings': dict(settings),
        'versions': installed_versions(),
        'limits': list(LIMITS),
    }


def score_in_words(
    prediction: Prediction, calibration: ImageCalibration | None
) -> list[str]:
    """Says what the score of an image means, and what it does not."""
    score = f'{prediction.image_score:.3f}'
    if prediction.forged_probability is None:
        why = (
            'The model was not calibrated'
            if calibration is None
            else 'The calibration of the model is one of maps without tiles and '
            'test-time augmentation'
        )
        return [
            f'The highest value of the map is {score} (0 to 1). {why}, so this is not '
            'the probability that the image was forged, and there is no verdict: large '
            'images reach higher values by chance alone. It orders images; it does not '
            'judge one.'
        ]
    assert calibration is not None
    in_100 = round(100 * prediction.forged_probability)
    total = calibration.n_forged + calibration.n_authentic
    rate = f'{100 * calibration.false_alarm_rate:g} %'
    verdicts = {
        'forged': f'Forged: at most about {rate} of the authentic images of the '
        'calibration list score as high.',
        'authentic': f'Authentic: at most about {rate} of the forged images of the '
        'calibration list score as low. It means that nothing was found.',
        'inconclusive': 'Inconclusive: the score lies between those of authentic and '
        'of forged images; neither can be said at a rate of errors of '
        f'{rate}.',
    }
    return [
        verdicts[str(prediction.verdict)],
        f'Calibrated probability {prediction.forged_probability:.3f}: of 100 images '
        f'that score like this one about {in_100} were forged, among images like '
        f'the {total} of the calibration list, of which {calibration.n_forged} were '
        'forged. Where forgeries are rarer than there, it is lower.',
        f'Expected error of these probabilities: {calibration.ece_after:.3f} on '
        'average, measured on the images that they were fitted on; others may fare '
        'worse.',
        f'The highest value of the map is {score} (0 to 1).',
    ]


def as_json(case: Mapping[str, Any]) -> str:
    """Writes a case as JSON, the same text for the same case, ready for its seal."""
    text = json.dumps(case, indent=1, ensure_ascii=True, allow_nan=False)
    return '{"case": ' + text + ',\n'
