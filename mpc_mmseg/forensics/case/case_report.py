"""From an image's file to its sealed case report; nothing is written to disk."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.zoo.zoo import CONFIG_SUFFIXES, model_file
from mpc_mmseg.datasets.io.file_kind import file_kind
from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT, read_image
from mpc_mmseg.evaluation.results.origin import config_sha256, difference_lines
from mpc_mmseg.forensics.evidence.file_metadata import file_metadata
from mpc_mmseg.hashing import sha256
from mpc_mmseg.plain_text import plain_text
from mpc_mmseg.visualization.pages import render
from mpc_mmseg.visualization.pictures import Picture, case_pictures, colour_scale

from .case import Analysis, case_content, reliability_of
from .seal import sealed


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
        model: Identity of the model: file name and SHA-256 of its ``weights`` (of the
            ONNX file), SHA-256 of the config, its differences from the one in the
            weights, and phase.
    """

    def __init__(self, inferencer: ForgeryInferencer, model: Mapping[str, Any]) -> None:
        self.inferencer, self.model = inferencer, model
        self._network = threading.Lock()

    @classmethod
    def load(
        cls,
        model: str | Path,
        weights: str | Path | None = None,
        device: str | None = None,
        **settings: Any,
    ) -> 'Examiner':
        """Loads a model; arguments and errors as for `ForgeryInferencer`.

        Raises:
            ValueError: Also if there are no weights: a report on random ones would
                mean nothing.
        """
        model = model_file(model, weights)
        inferencer = ForgeryInferencer(model, weights, device, **settings)
        checkpoint = Path(model if weights is None else weights)
        # A name that is not a file is that of a config.
        if checkpoint.suffix in CONFIG_SUFFIXES or not checkpoint.is_file():
            raise ValueError(
                f'{model} is a config: its weights are needed, a checkpoint of it'
            )
        differences = inferencer.model.config_differences
        return cls(
            inferencer,
            {
                'weights': plain_text(checkpoint.name),
                'weights_sha256': inferencer.model.weights_sha256,
                'config_sha256': config_sha256(inferencer.cfg),
                'config_differences': ['unknown: the weights contain no config']
                if differences is None
                else difference_lines(differences),
                'phase': getattr(inferencer.model, 'phase', None),
            },
        )

    def analyse(
        self, content: bytes, name: str, pixel_limit: int = PIXEL_LIMIT
    ) -> Analysis:
        """Reads a file and runs the model.

        Raises:
            ImageReadError: If it is not an image, is damaged, or has too many pixels.
            ValueError: If the model fails on it.
        """
        image = read_image(content, name, pixel_limit)
        metadata = file_metadata(content, name)
        with self._network:
            prediction, embeddings = self.inferencer.predict_with_embeddings(
                image, file_kind(content)
            )
        if prediction.error is not None:
            raise ValueError(f'{name}: {prediction.error}')
        return Analysis(
            name, content, metadata, prediction, embeddings, reliability_of(embeddings)
        )

    def report(
        self, analysis: Analysis, notes: Mapping[str, str] | None = None
    ) -> CaseReport:
        """Writes the sealed report of an analysis.

        Args:
            analysis: Analysis of the image.
            notes: Additions by the examiner, such as a date. Nothing else in a report
                depends on the time at which it was made.
        """
        found, metadata = analysis.prediction, analysis.metadata
        image, prob, mask = found.image, found.prob, found.mask
        assert image is not None and prob is not None and mask is not None
        case = case_content(analysis, self.model, self.settings(), notes or {})
        text = json.dumps(case, indent=1, ensure_ascii=True, allow_nan=False)
        json_text, json_seal = sealed('{"case": ' + text + ',\n', 'json')
        page = render(
            'case.html',
            case=case,
            pictures=case_pictures(image, prob, mask),
            thumbnails=[
                Picture(thumbnail.png, f'{thumbnail.source} thumbnail')
                for thumbnail in metadata.thumbnails
                if thumbnail.png is not None
            ],
            colours=colour_scale(),
            json_seal=json_seal,
        )
        html, html_seal = sealed(page, 'html')
        return CaseReport(html, html_seal, json_text, json_seal)

    def settings(self) -> dict[str, Any]:
        """Everything besides file and model that determines a result."""
        inferencer = self.inferencer
        tiling = inferencer.tiling
        # A model run by onnxruntime has no parameters in torch.
        parameter = next(inferencer.model.parameters(), None)
        if parameter is None:
            session = inferencer.model.engine.session
            engine, device = 'onnxruntime', session.get_providers()[0]
        else:
            engine, device = 'torch', parameter.device.type
        return {
            'threshold': inferencer.threshold,
            **inferencer.frame,
            'tile': tiling and tiling.tile,
            'overlap': tiling and tiling.overlap,
            'tta': list(inferencer.tta),
            'calibration_sha256': inferencer.calibration
            and sha256(json.dumps(inferencer.calibration.as_meta()).encode()),
            'batch_size': inferencer.batch_size,
            'amp': inferencer.network.amp,
            'engine': engine,
            'device': device,
            'threads': torch.get_num_threads(),
        }
