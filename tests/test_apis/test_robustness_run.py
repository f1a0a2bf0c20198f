import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mpc_mmseg.apis import robustness_run
from mpc_mmseg.apis.robustness_run import measure_robustness
from mpc_mmseg.datasets.post_processing import parse_grid

GRID = {'jpeg_quality': [30], 'crop_side_share': [0.5], 'resize_factor': [0.5]}


@pytest.fixture
def weights(tiny_config, tmp_path):
    torch.manual_seed(0)
    path = tmp_path / 'w.pth'
    model = MODELS.build(tiny_config.model)
    torch.save(
        {'meta': {'mpc_phase': 'localize'}, 'state_dict': model.state_dict()}, path
    )
    return path


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_scores_of_each_setting(tiny_config, weights, tmp_path):
    out = tmp_path / 'out'
    results = measure_robustness(tiny_config, weights, parse_grid(GRID), out, 'cpu')
    assert json.loads((out / 'robustness.json').read_text()) == results
    names = [entry['name'] for entry in results['settings']]
    assert names == [
        'clean', 'jpeg_quality=30', 'crop_side_share=0.5', 'resize_factor=0.5'
    ]  # fmt: skip
    by_name = {e['name']: lines(out / e['per_image']) for e in results['settings']}
    assert all(len(records) == 8 for records in by_name.values())
    pixels = {
        name: [r['tp'] + r['fp'] + r['fn'] + r['tn'] for r in records]
        for name, records in by_name.items()
    }
    # A resized photograph is scored on its native pixels, a cropped one on its own.
    assert pixels['resize_factor=0.5'] == pixels['clean']
    assert sum(pixels['crop_side_share=0.5']) == sum(pixels['clean']) / 4
    clean = results['settings'][0]
    f1s = [record['F1'] for record in by_name['clean'] if record['forged']]
    assert clean['scores']['data']['F1']['value'] == pytest.approx(np.mean(f1s))


def test_clean_scores_are_those_of_the_test_tool(tiny_config, weights, tmp_path):
    from mmengine.runner import Runner

    results = measure_robustness(tiny_config, weights, [], tmp_path / 'out', 'cpu')
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper'):
        tiny_config.pop(key)
    tiny_config.load_from = str(weights)
    scores = Runner.from_cfg(tiny_config).test()
    ours = results['settings'][0]['scores']['data']
    assert ours['F1']['value'] == pytest.approx(scores['data/F1'])
    assert ours['false_alarm_area']['value'] == pytest.approx(
        scores['data/false_alarm_area']
    )


def test_an_interrupted_run_is_resumed(tiny_config, weights, tmp_path, monkeypatch):
    out, score, scored = tmp_path / 'out', robustness_run.score_setting, []

    def interrupted(model, cfg, setting, *args):
        if setting.name.startswith('crop') and 'stop' not in scored:
            scored.append('stop')
            raise KeyboardInterrupt
        scored.append(setting.name)
        return score(model, cfg, setting, *args)

    monkeypatch.setattr(robustness_run, 'score_setting', interrupted)
    settings = parse_grid(GRID)
    with pytest.raises(KeyboardInterrupt):
        measure_robustness(tiny_config, weights, settings, out, 'cpu')
    assert not (out / 'robustness.json').exists()
    first = measure_robustness(tiny_config, weights, settings, out, 'cpu')
    assert scored == [
        'clean', 'jpeg_quality=30', 'stop', 'crop_side_share=0.5', 'resize_factor=0.5'
    ]  # fmt: skip
    # Nothing is left to score; another grid shares what fits.
    assert measure_robustness(tiny_config, weights, settings, out, 'cpu') == first
    more = parse_grid({'jpeg_quality': [30], 'gamma': [1.3]})
    measure_robustness(tiny_config, weights, more, out, 'cpu')
    assert scored[5:] == ['gamma=1.3']
    # A changed image is another test set.
    cv2.imwrite(str(tmp_path / 'data/images/0.png'), np.zeros((64, 40, 3), np.uint8))
    measure_robustness(tiny_config, weights, [], out, 'cpu')
    assert scored[6:] == ['clean']


def test_a_damaged_image_is_named_with_the_setting(tiny_config, weights, tmp_path):
    tiny_config.test_dataloader.dataset.check = 'none'
    path = tmp_path / 'data/images/0.png'
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(OSError, match=r'0\.png'):
        measure_robustness(tiny_config, weights, [], tmp_path / 'out', 'cpu')


def test_a_config_without_the_metric(tiny_config, weights, tmp_path):
    tiny_config.test_evaluator = [dict(type='IoUMetric')]
    with pytest.raises(ValueError, match='no ForgeryMetric'):
        measure_robustness(tiny_config, weights, [], tmp_path / 'out', 'cpu')
    assert isinstance(tiny_config, Config)
