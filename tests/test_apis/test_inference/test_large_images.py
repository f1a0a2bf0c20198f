"""Large photographs with a real network: exactness, seams, memory."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate

from mpc_mmseg.apis.inference.image_inputs import as_loaded
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer
from mpc_mmseg.apis.inference.tiling import tile_starts
from mpc_mmseg.evaluation.probability_map import probability_map

INFER = Path(__file__).parents[3] / 'tools' / 'infer.py'


@pytest.fixture
def saved(tiny_config, tmp_path):
    """A checkpoint of the tiny network, whose maps vary, and its config."""
    config, weights = tmp_path / 'config.py', tmp_path / 'model.pth'
    tiny_config.dump(config)
    torch.manual_seed(0)
    model = ForgeryInferencer(config, device='cpu').model
    model.set_phase('localize')
    with torch.no_grad():
        logits = model._forward(torch.rand(1, 3, 128, 128))
        last = model.decode_head.conv_seg
        last.weight *= 2 / logits.std()
        last.bias.sub_(logits.mean()).mul_(2 / logits.std())
    meta = {'mpc_phase': 'localize'}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, weights)
    return config, weights


def photograph(height, width, seed=0):
    """Smooth shapes and fine noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 24 + 2, width // 24 + 2, 3), np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.add(smooth, rng.integers(0, 12, smooth.shape, np.uint8))


def test_without_tiles_it_is_the_model_of_the_whole_image(saved):
    image = photograph(150, 200)
    inferencer = ForgeryInferencer(*saved, device='cpu')
    packed = inferencer.network.transform(as_loaded(image, None))
    with torch.no_grad():
        [sample] = inferencer.model.test_step(pseudo_collate([packed]))
    assert (inferencer.predict(image).prob == probability_map(sample.to_dict())).all()


def test_one_tile_that_holds_the_image_changes_nothing(saved, tiny_config):
    config, weights = saved
    steps = tiny_config.test_dataloader.dataset.pipeline
    tiny_config.test_dataloader.dataset.pipeline = [
        step for step in steps if step['type'] != 'Resize'
    ]
    tiny_config.dump(config)
    image = photograph(128, 160)
    whole = ForgeryInferencer(config, weights, device='cpu')
    tiled = ForgeryInferencer(config, weights, device='cpu', tile=160)
    assert (tiled.predict(image).prob == whole.predict(image).prob).all()
    # Embeddings are of the image as a whole, no larger than a tile.
    tiled = ForgeryInferencer(config, weights, device='cpu', tile=64, overlap=0)
    prediction, embeddings = tiled.predict_with_embeddings(image)
    assert prediction.prob.shape == (128, 160)
    # 64 x 51 pixels, of which the network makes a quarter.
    assert embeddings.shape == (32, 13, 16)
    same, embeddings = whole.predict_with_embeddings(image)
    assert (same.prob == whole.predict(image).prob).all()
    assert embeddings.shape == (32, 32, 40)


def test_no_seam_is_seen_between_tiles(saved):
    image = photograph(320, 320)

    def across_and_within(overlap):
        """Mean step of the map at the tiles' borders, and elsewhere."""
        tiled = ForgeryInferencer(*saved, device='cpu', tile=128, overlap=overlap)
        prob, starts = tiled.predict(image).prob, tile_starts(320, tiled.tiling)
        assert prob.std() > 0.1
        borders = [edge for s in starts for edge in (s, s + 128) if 0 < edge < 320]
        at = np.isin(np.arange(1, 320), borders)
        steps = [np.abs(np.diff(prob, axis=0)), np.abs(np.diff(prob, axis=1)).T]
        return [np.mean([s[where].mean() for s in steps]) for where in (at, ~at)]

    across, within = across_and_within(32)
    assert across <= within
    # It would be seen: without an overlap the same network leaves seams.
    across, within = across_and_within(0)
    assert across > 1.5 * within


@pytest.mark.slow
def test_100_megapixels_fit_in_2_5_gib(saved, tmp_path):
    tile = photograph(1000, 1000)
    photo = tmp_path / 'photo.jpg'
    cv2.imwrite(str(photo), np.tile(tile, (10, 10, 1)))
    del tile
    command = [sys.executable, INFER, photo, '--out', tmp_path / 'out', '--tile', 1024]
    command += ['--model', saved[0], '--weights', saved[1], '--device', 'cpu']
    done = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True
    )
    assert 'Warning' not in done.stderr
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    [line] = (tmp_path / 'out/results.jsonl').read_text().splitlines()
    assert json.loads(line)['size'] == [10000, 10000]
    print(f'{peak:.2f} GiB')
    assert peak < 2.5
