import logging
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from mpc_mmseg.engine.hooks import ValidationHook
from mpc_mmseg.engine.hooks.validation_hook import has_forged_pixels


def test_authentic_images_alone_cannot_select(tiny_config, train):
    tiny_config.custom_hooks.append(dict(type='ValidationHook'))
    authentic = dict(authentic_path='authentic')
    tiny_config.val_dataloader.dataset.data_prefix = authentic
    with pytest.raises(ValueError, match=r'mean/score.* no image of val_dataloader'):
        train(tiny_config)
    # Without a score that selects, their false alarms are a result.
    tiny_config.default_hooks.checkpoint.save_best = None
    tiny_config.pop('localize_phase')
    assert train(tiny_config).iter == 4


def test_data_sets_of_mmseg_are_looked_into(forgery_folder):
    cfg = dict(
        type='BaseSegDataset',
        data_root=str(forgery_folder),
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        img_suffix='.png',
        metainfo=dict(classes=('authentic', 'forged'), palette=[[0] * 3, [255] * 3]),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs'),
        ],
    )
    dataset = DATASETS.build(cfg)
    assert isinstance(dataset, BaseSegDataset) and len(dataset) == 6
    assert not has_forged_pixels(dataset)  # 0 and 255, which is ignored
    path = str(forgery_folder / 'masks/3.png')
    cv2.imwrite(path, np.minimum(cv2.imread(path, cv2.IMREAD_UNCHANGED), 1))
    assert has_forged_pixels(dataset)
    mixture = DATASETS.build(dict(type='ConcatDataset', datasets=[cfg, cfg]))
    assert has_forged_pixels(mixture)


def test_forgeries_made_on_the_fly_count(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(2):
        photo = rng.integers(0, 255, (160, 160, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f'{number}.png'), photo)
    authentic = dict(
        type='ForgeryDataset',
        data_root=str(tmp_path),
        data_prefix=dict(authentic_path='.'),
    )
    pipeline = [dict(type='PackForgeryInputs')]
    made = dict(
        type='ForgeOnTheFly', dataset=authentic, pipeline=pipeline, size=(64, 64)
    )
    assert has_forged_pixels(DATASETS.build(made))


def test_two_scores_of_zero_are_reported_with_the_cure(caplog):
    hook, logger = ValidationHook(), logging.getLogger('validation')
    runner = SimpleNamespace(logger=logger)
    zero = {'mean/score': 0.0, 'a/best_threshold': 0.25}
    for scores in (zero, {'mean/score': 0.1}, zero, None, zero):
        hook.after_val_epoch(runner, scores)
    assert not caplog.records
    hook.after_val_epoch(runner, zero)
    [record] = caplog.records
    for text in ('0.25 (a)', 'model.test_cfg.threshold', 'forged_weight'):
        assert text in record.getMessage()
    hook.after_val_epoch(runner, zero)
    assert len(caplog.records) == 1
