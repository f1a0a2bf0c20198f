import json

import numpy as np
import pytest
import torch
from bright_is_forged import CONFIG, write_image
from mmengine.config import Config

from mpc_mmseg.apis.calibrate_checkpoint import read_features, store_calibration
from mpc_mmseg.apis.inferencer import ForgeryInferencer, expand, inference_steps
from mpc_mmseg.apis.prediction_files import result_line
from mpc_mmseg.evaluation.functional import binarize
from mpc_mmseg.evaluation.image_calibration import fit_calibration

FEATURES = ('max', 'top_0.1%', 'top_1%', 'mean')


def test_a_path_and_an_array_give_the_same(checkpoint, tmp_path):
    image = write_image(tmp_path / 'photo.png')
    inferencer = ForgeryInferencer(checkpoint, device='cpu')
    of_path, of_array = inferencer([tmp_path / 'photo.png', image])
    assert of_path.path == str(tmp_path / 'photo.png') and of_array.path is None
    assert of_path.error is None is of_array.error
    for result in (of_path, of_array):
        assert (result.image == image).all()
        assert result.prob.shape == (40, 50) and result.prob.dtype == np.float32
        assert result.mask.dtype == np.uint8
        assert (result.mask == binarize(result.prob)).all()
        assert result.mask[:, :23].all() and not result.mask[:, 27:].any()
        assert result.image_score == result.prob.max()
        assert result.forged_share == pytest.approx(0.5, abs=0.05)
    assert (of_path.prob == of_array.prob).all()
    # The array itself is left as it was, and a path works after an array.
    assert inferencer.predict(tmp_path / 'photo.png').error is None


def test_a_calibrated_checkpoint_gives_a_verdict(checkpoint, tmp_path):
    image = write_image(tmp_path / 'photo.png')
    plain = ForgeryInferencer(checkpoint, device='cpu').predict(image)
    assert plain.verdict is None is plain.forged_probability
    rng = np.random.default_rng(0)
    lines = [
        {'forged': i % 2 == 1, 'map_features': dict.fromkeys(FEATURES, level)}
        for i in range(80)
        for level in [float(rng.random() * 0.6 + 0.3 * (i % 2))]
    ]
    file = tmp_path / 'images.jsonl'
    file.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    fitted = fit_calibration(*read_features(file))
    store_calibration(checkpoint, fitted)
    assert not checkpoint.with_name(checkpoint.name + '.partial').exists()
    torch.load(checkpoint, weights_only=True)
    inferencer = ForgeryInferencer(checkpoint, device='cpu')
    result = inferencer.predict(image)
    assert (result.prob == plain.prob).all()
    assert result.verdict == 'forged' and result.forged_probability > 0.5
    dark = inferencer.predict(image // 40)
    assert dark.verdict == 'authentic' and dark.forged_probability < 0.1
    assert result_line(dark, 0.5, [])['verdict'] == 'authentic'
    file.write_text('{"forged": true}\n')
    with pytest.raises(ValueError, match=r'images\.jsonl, line 1'):
        read_features(file)


def test_a_folder_is_read_with_its_sub_folders(checkpoint, tmp_path):
    folder = tmp_path / 'photos'
    for name in ('b.png', 'a.jpg', 'deep/er/c.png'):
        write_image(folder / name)
    (folder / 'notes.txt').write_text('no image')
    results = list(ForgeryInferencer(checkpoint, device='cpu')(folder))
    assert sorted(r.path for r in results) == [
        str(folder / name) for name in ('a.jpg', 'b.png', 'deep/er/c.png')
    ]
    assert all(r.error is None for r in results)


def test_broken_images_are_reported_and_the_rest_goes_on(checkpoint, tmp_path):
    write_image(tmp_path / 'good.png')
    content = (tmp_path / 'good.png').read_bytes()
    (tmp_path / 'cut.png').write_bytes(content[: len(content) // 2])
    inputs = [
        tmp_path / 'cut.png',
        tmp_path / 'absent.png',
        np.zeros((5, 5), np.uint8),
        tmp_path / 'good.png',
    ]
    cut, absent, grey, good = ForgeryInferencer(checkpoint, device='cpu')(inputs)
    assert 'cut.png' in cut.error and cut.prob is None
    assert 'absent.png' in absent.error and absent.path.endswith('absent.png')
    assert '(H, W, 3)' in grey.error
    assert good.error is None and good.prob is not None


def test_a_nan_is_an_error_of_its_image(checkpoint, tmp_path):
    inferencer = ForgeryInferencer(checkpoint, device='cpu')
    inferencer.model.weight.data.fill_(float('nan'))
    write_image(tmp_path / 'photo.png')
    assert 'NaN' in inferencer.predict(tmp_path / 'photo.png').error


def test_a_segmentor_with_two_classes(config, tmp_path):
    image = write_image(tmp_path / 'photo.png')
    expected = ForgeryInferencer(config, device='cpu').predict(image)
    config.write_text(CONFIG + "\nmodel.update(gives='logits')")
    result = ForgeryInferencer(config, device='cpu').predict(image)
    assert result.prob == pytest.approx(expected.prob, abs=1e-5)


def test_threshold(config, tmp_path):
    image = write_image(tmp_path / 'photo.png')
    assert ForgeryInferencer(config, device='cpu').threshold == 0.5
    everywhere = ForgeryInferencer(config, device='cpu', threshold=0.0)
    assert everywhere.predict(image).forged_share == 1
    config.write_text(CONFIG + '\nmodel.update(test_cfg=dict(threshold=0.99))')
    own = ForgeryInferencer(config, device='cpu')
    assert own.threshold == 0.99 and own.predict(image).forged_share == 0
    assert ForgeryInferencer(config, device='cpu', threshold=0.4).threshold == 0.4
    with pytest.raises(ValueError, match=r'threshold.*1\.5'):
        ForgeryInferencer(config, threshold=1.5)


def test_stock_loaders_are_understood(config, tmp_path):
    write_image(tmp_path / 'photo.png')
    text = CONFIG.replace('LoadForgeryImage', 'LoadImageFromFile')
    config.write_text(
        text.replace('LoadForgeryMask', 'LoadAnnotations').replace(
            'PackForgeryInputs', 'PackSegInputs'
        )
    )
    inferencer = ForgeryInferencer(config, device='cpu')
    assert inferencer.predict(tmp_path / 'photo.png').error is None


def test_pipeline_without_the_mask():
    steps = inference_steps(Config.fromstring(CONFIG, '.py'))
    assert [step['type'] for step in steps] == [
        'LoadForgeryImage',
        'Resize',
        'PackForgeryInputs',
    ]
    with pytest.raises(ValueError, match=r'test_dataloader\.dataset\.pipeline'):
        inference_steps(Config({'model': {}}))


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        expand(tmp_path)
