import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from torch.utils.data import DataLoader

from mpc_mmseg.datasets import ForgeOnTheFly
from mpc_mmseg.datasets.forge import ALL_KINDS


@pytest.fixture
def photographs(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / 'photographs'
    folder.mkdir()
    for number in range(4):
        coarse = rng.uniform(40, 215, (6, 7, 3)).astype(np.float32)
        image = cv2.resize(coarse, (160, 128), interpolation=cv2.INTER_LINEAR)
        for _ in range(12):
            centre = rng.integers(0, (160, 128)).tolist()
            colour = rng.uniform(40, 215, 3).tolist()
            cv2.circle(image, centre, int(rng.integers(6, 20)), colour, cv2.FILLED)
        cv2.imwrite(str(folder / f'{number}.png'), image)
    return folder


def build(photographs, **kwargs):
    dataset = dict(
        type='ForgeryDataset',
        data_root=str(photographs),
        data_prefix=dict(authentic_path='.'),
    )
    return ForgeOnTheFly(**{'dataset': dataset, 'size': (96, 96), **kwargs})


def test_photographs_become_forgeries(photographs):
    fly = build(photographs, seed=0)
    kinds = set()
    for index in range(len(fly)):
        sample = fly[index]
        assert sample['img'].shape == (96, 96, 3) and sample['img'].dtype == np.uint8
        assert sample['gt_seg_map'].shape == sample['ori_shape'] == (96, 96)
        assert sample['gt_seg_map'].any() and sample['forged']
        kinds.add(sample['forgery_kind'])
    assert kinds <= set(ALL_KINDS)
    assert fly.metainfo['classes'] == ('authentic', 'forged')


def same(one, other):
    return np.array_equal(one['img'], other['img'])


def test_the_draw_decides_not_what_was_read_before(photographs):
    fly = build(photographs)
    np.random.seed(3)
    first = fly[1]
    second = fly[1]
    np.random.seed(3)
    assert same(fly[1], first) and not same(first, second)


def test_a_run_repeats_its_forgeries_whatever_the_workers_and_resumes(
    photographs, phase_samples
):
    fly = dict(
        type='ForgeOnTheFly',
        dataset=dict(
            type='ForgeryDataset',
            data_root=str(photographs),
            data_prefix=dict(authentic_path='.'),
        ),
        size=(96, 96),
        pipeline=[dict(type='RandomFlip', prob=0.5), dict(type='PackForgeryInputs')],
    )
    # Two rounds over the photographs: one photograph gives two forgeries.
    full = phase_samples(fly, count=8)
    assert len({sample for sample, _ in full}) == len(full) == 8
    assert phase_samples(fly, count=8, workers=2) == full
    for workers in (0, 2):
        assert phase_samples(fly, count=4, skip=4, workers=workers) == full[4:]
    assert phase_samples(fly, count=4, phase='localize') != full[:4]
    assert phase_samples(fly, count=4, seed=6) != full[:4]


def test_a_seed_fixes_the_set(photographs):
    fly, again = build(photographs, seed=5), build(photographs, seed=5)
    np.random.seed(0)
    first = fly[2]
    np.random.seed(1)
    assert same(again[2], first) and same(fly[2], first)
    assert not same(build(photographs, seed=6)[2], first)


@pytest.mark.parametrize('workers', [0, 2])
def test_through_a_pipeline_and_a_loader(photographs, workers):
    fly = build(
        photographs,
        seed=1,
        pipeline=[dict(type='RandomFlip', prob=0.0), dict(type='PackForgeryInputs')],
    )
    loader = DataLoader(
        fly, batch_size=2, num_workers=workers, collate_fn=pseudo_collate
    )
    batches = list(loader)
    assert len(batches) == 2
    sample = batches[0]['data_samples'][1]
    assert sample.metainfo['forged'] and sample.metainfo['sample_idx'] == 1
    expected = build(photographs, seed=1)[1]
    pixels = torch.from_numpy(expected['img']).permute(2, 0, 1)
    assert torch.equal(batches[0]['inputs'][1], pixels)
    mask = torch.from_numpy(expected['gt_seg_map'].astype(np.int64))
    assert torch.equal(sample.gt_sem_seg.data[0], mask)


def test_authentic_share(photographs):
    fly = build(photographs, authentic_share=1.0)
    sample = fly[0]
    assert not sample['forged'] and not sample['gt_seg_map'].any()


def test_annotated_objects_are_cut_out(photographs, tmp_path):
    box = [60, 40, 100, 40, 100, 80, 60, 80]
    content = {
        'images': [
            {'id': n, 'file_name': f'train/{n}.png', 'height': 128, 'width': 160}
            for n in range(4)
        ],
        'annotations': [
            {'image_id': n, 'segmentation': [box], 'iscrowd': 0} for n in range(4)
        ],
    }
    path = tmp_path / 'instances.json'
    path.write_text(json.dumps(content))
    options = {'kinds': ['splice', 'removal'], 'area_range': [0.05, 0.2]}
    options |= {'scale_range': [1, 1], 'rotation_range': [0, 0]}
    options['removal_area_range'] = [0.05, 0.2]
    fly = build(
        photographs,
        annotations=str(path),
        recipe_options=options,
        size=(128, 160),
        downscale=(1, 1),
        seed=0,
    )
    for index in range(4):
        assert fly[index]['gt_seg_map'].sum() == 40 * 40


def test_patches(photographs):
    options = {'kinds': ['ai_patch']}
    with pytest.raises(ValueError, match='patches'):
        build(photographs, recipe_options=options)
    with pytest.raises(FileNotFoundError, match='nowhere'):
        build(photographs, recipe_options=options, patches='nowhere')
    fly = build(photographs, recipe_options=options, patches=str(photographs))
    assert fly[0]['forgery_kind'] == 'ai_patch'


def test_in_mixtures(photographs):
    one = dict(
        type='ForgeOnTheFly',
        dataset=dict(
            type='ForgeryDataset',
            data_root=str(photographs),
            data_prefix=dict(authentic_path='.'),
        ),
        size=(96, 96),
    )
    repeated = dict(type='RepeatDataset', times=3, dataset=one)
    mixture = DATASETS.build(dict(type='ConcatDataset', datasets=[one, repeated]))
    assert len(mixture) == 4 + 12
    assert mixture[15]['img_path'].endswith('3.png')


def test_small_photographs_are_used_whole(photographs):
    sample = build(photographs, size=(512, 512))[0]
    assert sample['img'].shape == (128, 160, 3)


def test_forged_images_are_refused(photographs):
    mask = np.full((128, 160), 255, np.uint8)
    (photographs / 'masks').mkdir()
    cv2.imwrite(str(photographs / 'masks/0.png'), mask)
    (photographs / 'list.txt').write_text('0.png\tmasks/0.png\n1.png\t-\n')
    dataset = dict(
        type='ForgeryDataset', ann_file='list.txt', data_root=str(photographs)
    )
    with pytest.raises(ValueError, match=r'0\.png has a mask'):
        build(photographs, dataset=dataset)
    (photographs / 'list.txt').write_text('1.png\t-\n')
    with pytest.raises(ValueError, match='two photographs'):
        build(photographs, dataset=dataset)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'preset': 'easy'}, "'easy'"),
        ({'size': (32, 96)}, 'size'),
        ({'authentic_share': 2}, 'authentic_share'),
        ({'downscale': (0.5, 2)}, 'downscale'),
        ({'recipe_options': {'part.nose': 1}}, 'part.nose'),
    ],
)
def test_arguments(photographs, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(photographs, **arguments)


def test_no_part_fits(photographs):
    options = {'kinds': ['splice'], 'area_range': [0.00001, 0.00002]}
    with pytest.raises(ValueError, match=r'no forgery could be generated .*\.png'):
        build(photographs, recipe_options=options)[0]
