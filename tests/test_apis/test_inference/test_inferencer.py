import shutil

import cv2
import numpy as np
import pytest
import torch
from bright_is_forged import CONFIG, write_image
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS

from mpc_mmseg.apis.calibrate_checkpoint import (
    calibration_images,
    labelled_folders,
    labelled_lists,
    store_calibration,
)
from mpc_mmseg.apis.inference import in_threads
from mpc_mmseg.apis.inference.inferencer import ForgeryInferencer, inference_steps
from mpc_mmseg.apis.inference.prediction_files import result_line
from mpc_mmseg.evaluation.image_calibration import fit_calibration, write_calibration
from mpc_mmseg.hashing import file_sha256
from mpc_mmseg.probability import binarize, resize_probability


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


def calibration_folders(root):
    """Twelve dark photographs, and twelve with a region that is bright to a degree."""
    rng = np.random.default_rng(0)
    for i in range(12):
        for kind, level in (('authentic', 0), ('forged', 150 + 8 * i)):
            image = rng.integers(0, 40, (40, 50, 3), dtype=np.uint8)
            image[8:30, 10:30] += np.uint8(level)
            (root / kind).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(root / kind / f'{i}.png'), image)
    return root


def test_a_calibration_gives_a_verdict_and_leaves_the_checkpoint(checkpoint, tmp_path):
    root, content = calibration_folders(tmp_path / 'own'), checkpoint.read_bytes()
    plain = ForgeryInferencer(checkpoint, device='cpu')
    labelled = labelled_folders(root / 'forged', root / 'authentic')
    fitted = fit_calibration(calibration_images(plain, labelled), 0.2)
    assert (fitted.n_fit_forged + fitted.n_forged, fitted.auc) == (12, 1.0)
    write_calibration(tmp_path / 'c.json', fitted, file_sha256(checkpoint))
    with pytest.raises(ValueError, match='the checkpoint itself'):
        store_calibration(checkpoint, fitted, checkpoint)
    store_calibration(checkpoint, fitted, tmp_path / 'copy.pth')
    assert checkpoint.read_bytes() == content
    torch.load(tmp_path / 'copy.pth', weights_only=True)
    photo = write_image(tmp_path / 'photo.png')
    write_image(tmp_path / 'photo.jpg')
    write_image(tmp_path / 'large.png', shape=(80, 50))
    assert cv2.imwrite(str(tmp_path / 'dark.png'), photo // 40)
    for inferencer in (
        ForgeryInferencer(checkpoint, device='cpu', calibration=tmp_path / 'c.json'),
        ForgeryInferencer(tmp_path / 'copy.pth', device='cpu'),
    ):
        result = inferencer.predict(tmp_path / 'photo.png')
        assert (result.prob == plain.predict(photo).prob).all()
        assert result.verdict == 'forged' and result.forged_probability > 0.5
        dark = inferencer.predict((tmp_path / 'dark.png').read_bytes())
        assert dark.verdict == 'authentic' and dark.forged_probability < 0.3
        assert result_line(dark, 0.5, [])['verdict'] == 'authentic'
        for item, reason in (
            ('photo.jpg', 'JPEG'), ('large.png', '4,000 pixels'),
        ):  # fmt: skip
            found = inferencer.predict(tmp_path / item)
            assert found.verdict is None and reason in found.statement
        assert 'given as pixels' in inferencer.predict(photo).statement
    tiled = ForgeryInferencer(tmp_path / 'copy.pth', device='cpu', tta=['flip'])
    assert 'tta' in tiled.predict(tmp_path / 'photo.png').statement
    other = tmp_path / 'other.pth'
    torch.save({**torch.load(checkpoint), 'more': 1}, other)
    with pytest.raises(ValueError, match='of other weights'):
        ForgeryInferencer(other, device='cpu', calibration=tmp_path / 'c.json')


def test_copies_and_images_of_one_source_are_one_group(checkpoint, tmp_path):
    root = calibration_folders(tmp_path / 'own')
    shutil.copy(root / 'forged/0.png', root / 'forged/copy.png')
    inferencer = ForgeryInferencer(checkpoint, device='cpu')
    folders = root / 'forged', root / 'authentic'
    images = calibration_images(inferencer, labelled_folders(*folders))
    assert len(images) == 25 and len({image.group for image in images}) == 24
    # Forged and authentic 0.png, 1.png, ... share their names.
    by_name = labelled_folders(*folders, source_pattern=r'\d+')
    groups = [image.group for image in calibration_images(inferencer, by_name)]
    assert len(set(groups)) == 12
    (tmp_path / 'list.txt').write_text(
        'forged/0.png\tx.png\tset/a\nauthentic/1.png\t-\tset/a\n'
    )
    (root / 'x.png').write_bytes(b'')
    listed = labelled_lists([tmp_path / 'list.txt'], str(root))
    images = calibration_images(inferencer, listed)
    assert [image.forged for image in images] == [True, False]
    assert images[0].group == images[1].group
    (root / 'forged/0.png').write_bytes(b'broken')
    with pytest.raises(ValueError, match=r'0\.png'):
        calibration_images(inferencer, listed)


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


def test_broken_images_are_reported_and_the_others_predicted(checkpoint, tmp_path):
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


def test_pipeline_without_loading():
    steps = inference_steps(Config.fromstring(CONFIG, '.py'))
    assert [step['type'] for step in steps] == ['Resize', 'PackForgeryInputs']
    with pytest.raises(ValueError, match=r'test_dataloader\.dataset\.pipeline'):
        inference_steps(Config({'model': {}}))


class PerPixel(BaseSegmentor):
    """Equivariant: a pixel's probability is its brightness, at any size."""

    def __init__(self, head='one logit', **kwargs):
        super().__init__(**kwargs)
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.head, self.sizes, self.image_calibration = head, [], None

    def predict(self, inputs, data_samples=None):
        self.sizes.append(tuple(inputs.shape))
        for image, sample in zip(inputs, data_samples):
            prob = resize_probability(
                image.mean(0).clamp(0.01, 0.99).numpy(), sample.ori_shape
            )
            logit = torch.from_numpy(prob).logit()
            if self.head == 'one logit':
                sample.forgery_prob = PixelData(data=logit.sigmoid()[None])
            else:
                both = torch.stack([torch.zeros_like(logit), logit])
                sample.seg_logits = PixelData(data=both)
        return data_samples

    def loss(self, inputs, data_samples):
        raise NotImplementedError

    _forward = encode_decode = extract_feat = loss


@pytest.fixture
def per_pixel(config):
    MODELS.register_module(module=PerPixel, force=True)
    config.write_text(CONFIG.replace('BrightIsForged', 'PerPixel'))
    return config


@pytest.mark.parametrize('head', ['one logit', 'two classes'])
def test_views_are_undone_exactly(per_pixel, head):
    per_pixel.write_text(per_pixel.read_text() + f"\nmodel.update(head='{head}')")
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    plain = ForgeryInferencer(per_pixel, device='cpu').predict(image)
    turned = ForgeryInferencer(per_pixel, device='cpu', tta=['flip', 'rot90'])
    result = turned.predict(image)
    assert result.prob == pytest.approx(plain.prob, abs=1e-5)
    assert len(turned.model.sizes) == 8
    # Scales blur: a smooth image stays as it was, but for its borders.
    column = np.linspace(30, 220, 64).astype(np.uint8)
    ramp = np.broadcast_to(column[:, None, None], (64, 64, 3)).copy()
    scaled = ForgeryInferencer(per_pixel, device='cpu', tta=['scale'], tile=64)
    expected = ForgeryInferencer(per_pixel, device='cpu', tile=64).predict(ramp)
    difference = scaled.predict(ramp).prob - expected.prob
    assert np.abs(difference[4:-4]).max() < 0.01


def test_tiles_see_the_image_at_its_own_size(per_pixel):
    image = np.random.default_rng(0).integers(0, 256, (160, 96, 3), np.uint8)
    tiled = ForgeryInferencer(per_pixel, device='cpu', tile=64, batch_size=3)
    result = tiled.predict(image)
    assert result.error is None
    expected = (image.mean(2) / 255).clip(0.01, 0.99)
    assert result.prob == pytest.approx(expected, abs=1e-5)
    assert {size[2:] for size in tiled.model.sizes} == {(64, 64)}
    assert max(size[0] for size in tiled.model.sizes) == 3
    # The last tile of a side ends with the image.
    odd = ForgeryInferencer(per_pixel, device='cpu', tile=50)
    result = odd.predict(image[:150, :90])
    assert result.prob == pytest.approx(expected[:150, :90], abs=1e-5)
    assert {size[2] for size in odd.model.sizes} == {64, 150 - 96}
    assert {size[3] for size in odd.model.sizes} == {64, 90 - 32}
    whole = ForgeryInferencer(per_pixel, device='cpu', tile=160).predict(image)
    assert whole.prob == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ValueError, match='overlap=8 needs a tile'):
        ForgeryInferencer(per_pixel, overlap=8)


def test_images_of_one_network_size_run_together_and_keep_their_order(per_pixel):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*size, 3), np.uint8) for size in [(40, 50)] * 3]
    images.insert(1, rng.integers(0, 256, (20, 30, 3), np.uint8))
    alone = ForgeryInferencer(per_pixel, device='cpu')
    batched = ForgeryInferencer(per_pixel, device='cpu', batch_size=4)
    mixed = [images[0], b'broken', *images[1:]]
    results = list(batched(iter(mixed)))
    assert results[1].error and results[1].prob is None
    for image, result in zip(images, [results[0], *results[2:]]):
        assert (result.prob == alone.predict(image).prob).all()
    assert (
        batched.model.sizes[0][0] == 3 and sum(s[0] for s in batched.model.sizes) == 4
    )


def test_regions_and_amp(checkpoint, tmp_path):
    image = write_image(tmp_path / 'photo.png')
    result = ForgeryInferencer(checkpoint, device='cpu', amp=True).predict(image)
    [region] = result.regions
    assert region.box[:2] == (0, 0) and region.area == result.mask.sum()
    assert region.mean_score == pytest.approx(result.prob[result.mask > 0].mean())
    for wrong in (dict(batch_size=0), dict(pixel_limit=0), dict(tile=8)):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ForgeryInferencer(checkpoint, device='cpu', **wrong)


def test_decoding_ahead_changes_nothing_and_is_left_for_large_files(
    checkpoint, tmp_path, monkeypatch
):
    for seed in range(3):
        write_image(tmp_path / f'{seed}.png', seed)
    inferencer = ForgeryInferencer(checkpoint, device='cpu')
    paths = [tmp_path / f'{seed}.png' for seed in range(3)] + [tmp_path / 'absent.png']
    expected = [inferencer.predict(path) for path in paths]
    events = []
    load, predict = inferencer._load, inferencer._predict
    monkeypatch.setattr(
        inferencer, '_load', lambda item: (events.append('load'), load(item))[1]
    )
    monkeypatch.setattr(
        inferencer,
        '_predict',
        lambda *args: (events.append('predict'), predict(*args))[1],
    )
    for most in (2**25, 1999):
        monkeypatch.setattr(in_threads, '_PIXELS', most)
        events.clear()
        for one, two in zip(inferencer(paths), expected, strict=True):
            assert (one.path, one.error) == (two.path, two.error)
            assert one.prob is two.prob is None or (one.prob == two.prob).all()
        assert sorted(events) == ['load'] * 4 + ['predict'] * 4
    assert events[:2] == ['load', 'predict']
