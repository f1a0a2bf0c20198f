"""From an image's file to its sealed case report; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mpc_mmseg.apis.inference.embedding_evidence import (
    cluster_separation,
    separation_in_words,
)
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer, Prediction
from mpc_mmseg.apis.zoo.zoo import model_file
from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT, read_image
from mpc_mmseg.forensics.evidence.file_metadata import FileMetadata, file_metadata
from mpc_mmseg.visualization.pages import render
from mpc_mmseg.visualization.pictures import Picture, case_pictures, colour_scale

from .case import ModelIdentity, as_json, case_content, model_identity
from .seal import sealed


@dataclass(frozen=True)
class Analysis:
    """What one forward pass gave of an image; all pages are drawn from it.

    Attributes:
        name: Of the file.
        content: The file.
        metadata: Of the file.
        prediction: Without an error.
        embeddings: (C, h, w); None if the model has none.
        reliability: What `reliability` says of them.
    """

    name: str
    content: bytes
    metadata: FileMetadata
    prediction: Prediction
    embeddings: Tensor | None
    reliability: dict[str, Any]


@dataclass(frozen=True)
class CaseReport:
    """A case as two sealed texts."""

    html: str
    html_seal: str
    json: str
    json_seal: str


class Examiner:
    """Examines images with one model.

    Args:
        inferencer: With the model.
        identity: Of that model.
    """

    def __init__(self, inferencer: ForgeryInferencer, identity: ModelIdentity) -> None:
        self.inferencer = inferencer
        self.identity = identity

    @classmethod
    def load(
        cls,
        model: str | Path,
        weights: str | Path | None = None,
        device: str | None = None,
        **settings: Any,
    ) -> 'Examiner':
        """Loads a model; arguments and errors as of `ForgeryInferencer`.

        Raises:
            ValueError: Also if there are no weights.
        """
        model = model_file(model, weights)
        inferencer = ForgeryInferencer(model, weights, device, **settings)
        return cls(inferencer, model_identity(inferencer, model, weights))

    def analyse(
        self, content: bytes, name: str, pixel_limit: int = PIXEL_LIMIT
    ) -> Analysis:
        """Reads a file and runs the model.

        Raises:
            ImageReadError: If it is no image, damaged, or has too many pixels.
            ValueError: If the model fails on it.
        """
        image = read_image(content, name, pixel_limit)
        metadata = file_metadata(content, name)
        prediction, embeddings = self.inferencer.predict_with_embeddings(image)
        if prediction.error is not None:
            raise ValueError(f'{name}: {prediction.error}')
        return Analysis(
            name, content, metadata, prediction, embeddings, reliability(embeddings)
        )

    def report(
        self, analysis: Analysis, notes: Mapping[str, str] | None = None
    ) -> CaseReport:
        """Writes the sealed report of an analysis.

        Args:
            analysis: Of the image.
            notes: What the examiner adds, such as a date. Nothing else in a report
                depends on when it was made.
        """
        prediction = analysis.prediction
        image, prob, mask = prediction.image, prediction.prob, prediction.mask
        if image is None or prob is None or mask is None:
            raise ValueError(f'{analysis.name}: no result: {prediction.error}')
        case = case_content(
            analysis.name,
            analysis.content,
            analysis.metadata,
            prediction,
            self.inferencer.model.image_calibration,
            self.identity,
            self.settings(),
            analysis.reliability,
            notes or {},
        )
        json_text, json_seal = sealed(as_json(case), 'json')
        thumbnails = [
            Picture(thumbnail.png, f'{thumbnail.source} thumbnail')
            for thumbnail in analysis.metadata.thumbnails
            if thumbnail.png is not None
        ]
        page = render(
            'case.html',
            case=case,
            pictures=case_pictures(image, prob, mask),
            thumbnails=thumbnails,
            colours=colour_scale(),
            json_seal=json_seal,
        )
        html, html_seal = sealed(page, 'html')
        return CaseReport(html, html_seal, json_text, json_seal)

    def settings(self) -> dict[str, Any]:
        """Gives what a result depends on besides file and model."""
        inferencer = self.inferencer
        tiling = inferencer.tiling
        # A network in an ONNX file has no parameters here.
        parameter = next(inferencer.model.parameters(), None)
        if parameter is None:
            session = inferencer.model.engine.session
            engine, device = 'onnxruntime', session.get_providers()[0]
        else:
            engine, device = 'torch', parameter.device.type
        return {
            'threshold': inferencer.threshold,
            'tile': tiling and tiling.tile,
            'overlap': tiling and tiling.overlap,
            'tta': list(inferencer.tta),
            'batch_size': inferencer.batch_size,
            'amp': inferencer.network.amp,
            'fold_batch_norm': inferencer.fold_batch_norm,
            'engine': engine,
            'device': device,
            'threads': torch.get_num_threads(),
        }


def reliability(embeddings: Tensor | None) -> dict[str, Any]:
    """Says how clearly two kinds of pixels part in the model's eyes.

    Args:
        embeddings: (C, h, w); None if the model has none.
    """
    if embeddings is None:
        return {
            'separation': None,
            'level': None,
            'meaning': 'This model has no embeddings to be judged by.',
        }
    separation = round(cluster_separation(embeddings), 4)
    level = separation_in_words(separation)
    meanings = {
        'strong': 'The image holds two kinds of pixels that the model tells apart '
        'clearly. A marked region is one of them, or part of one.',
        'reasonable': 'The model sees two kinds of pixels that part well.',
        'weak': 'The model hardly sees two kinds of pixels: treat a marked region '
        'with caution.',
        'none': 'The model sees one kind of pixels: a marked region rests on little, '
        'and the report should not be relied upon without other evidence.',
    }
    return {
        'separation': separation,
        'level': level,
        'meaning': f'Separation of two clusters of embeddings: {separation:.2f} of 1 '
        f'({level}). {meanings[level]} It does not say which of the two was forged, '
        'and authentic photographs can hold two clear kinds of pixels, too.',
    }
