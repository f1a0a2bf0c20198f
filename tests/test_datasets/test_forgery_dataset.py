import pickle

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from PIL import ExifTags, Image

from mpc_mmseg.datasets import (
    ForgeryDataset,
    LoadForgeryImage,
    LoadForgeryMask,
    PackForgeryInputs,
)
from mpc_mmseg.datasets.lists.list_file import ListHeader, write_list

SIZE = (12, 20)
PIPELINE = [LoadForgeryImage(), LoadForgeryMask(), PackForgeryInputs()]


def save(path, size=SIZE, **kwargs):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), 255, np.uint8)).save(path, **kwargs)


@pytest.fixture
def root(tmp_path):
    """Three forged images, one of them in a sub-folder, and two authentic ones."""
    root = tmp_path / 'casia'
    for name in ('images/a.jpg', 'images/b.PNG', 'images/deep/a.jpg'):
        save(root / name)
    for name in ('masks/a.png', 'masks/b_gt.bmp', 'masks/deep/a_mask.png'):
        save(root / name)
    for name in ('authentic/d.jpg', 'authentic/c.tif'):
        save(root / name)
    return root


def build(root, **kwargs):
    kwargs.setdefault('serialize_data', False)  # it collects garbage: 0.2 s each
    return ForgeryDataset(data_root=str(root), **kwargs)


def names(dataset, root):
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [
        tuple(
            path and path.removeprefix(f'{root}/')
            for path in (info['img_path'], info['seg_map_path'])
        )
        for info in infos
    ]


FORGED = [
    ('images/a.jpg', 'masks/a.png'),
    ('images/b.PNG', 'masks/b_gt.bmp'),
    ('images/deep/a.jpg', 'masks/deep/a_mask.png'),
]
AUTHENTIC = [('authentic/c.tif', None), ('authentic/d.jpg', None)]


class TestFolders:
    def test_pairs(self, root):
        assert names(build(root), root) == FORGED + AUTHENTIC

    def test_data_info(self, root):
        info = build(root).get_data_info(-1)
        assert info == {
            'img_path': str(root / 'authentic/d.jpg'),
            'seg_map_path': None,
            'mask_coding': 'auto',
            'allow_empty_truth': False,
            'label_map': None,
            'reduce_zero_label': False,
            'seg_fields': [],
            'dataset_name': 'casia',
            'forged': False,
            'source_groups': (),
            'tags': (),
            'sample_idx': 4,
        }
        assert build(root).get_data_info(0)['forged'] is True

    @pytest.mark.parametrize('leave_out', ['', None])
    def test_one_part_only(self, root, leave_out):
        prefix = {'img_path': 'images', 'seg_map_path': 'masks'}
        assert names(build(root, data_prefix=prefix), root) == FORGED
        prefix['authentic_path'] = leave_out
        assert names(build(root, data_prefix=prefix), root) == FORGED
        prefix = {'img_path': leave_out, 'authentic_path': 'authentic'}
        assert names(build(root, data_prefix=prefix), root) == AUTHENTIC

    def test_the_first_suffix_that_exists_is_taken(self, root):
        save(root / 'images/a_gt.jpg')
        save(root / 'masks/a_gt.png')
        assert names(build(root), root)[:2] == [
            ('images/a.jpg', 'masks/a.png'),
            ('images/a_gt.jpg', 'masks/a_gt.png'),
        ]

    def test_own_mask_suffixes(self, root):
        (root / 'masks/a.png').rename(root / 'masks/a-truth.png')
        dataset = build(root, mask_suffixes=['-truth', '_gt', '_mask'])
        assert len(dataset) == 5

    def test_other_files_are_left_out_and_logged(self, root, capsys):
        (root / 'authentic/notes.txt').touch()
        (root / 'authentic/.c.jpg').touch()
        # The current logger, whatever level tests before left behind.
        MMLogger.get_instance('other files', log_level='INFO')
        assert len(build(root)) == 5
        captured = capsys.readouterr()
        assert "{'hidden image': 1, '.txt': 1}" in captured.out + captured.err

    def test_name(self, root):
        assert build(root, dataset_name='x').get_data_info(0)['dataset_name'] == 'x'
        assert build(f'{root}/').dataset_name == 'casia'
        prefix = {'authentic_path': str(root / 'authentic')}
        assert ForgeryDataset(data_prefix=prefix).dataset_name == 'casia'


class TestList:
    def test_pairs_in_the_order_of_the_list(self, root):
        entries = [AUTHENTIC[1], *FORGED]
        write_list(root / 'lists/val.txt', entries)
        dataset = build(root, ann_file='lists/val.txt')
        assert names(dataset, root) == entries
        assert dataset.dataset_name == 'val'
        assert [info['forged'] for info in map(dataset.get_data_info, range(4))] == [
            False,
            True,
            True,
            True,
        ]

    def test_repeats_count_in_training_only(self, root):
        entries = [(*FORGED[0], (), ('splice',)), FORGED[1], AUTHENTIC[0]]
        header = ListHeader('mixture', '1', {'splice': 3})
        write_list(root / 'a.txt', entries, header=header)
        expected = [FORGED[0]] * 3 + [FORGED[1], AUTHENTIC[0]]
        assert names(build(root, ann_file='a.txt'), root) == expected
        dataset = build(root, ann_file='a.txt', test_mode=True)
        assert names(dataset, root) == expected[2:]

    def test_an_edited_protocol_is_refused(self, root):
        write_list(root / 'a.txt', FORGED, header=ListHeader('a', '1'))
        with open(root / 'a.txt', 'a') as file:
            file.write('authentic/c.tif\n')
        with pytest.raises(ValueError, match=r'casia/a\.txt has 3 forged and 1'):
            build(root, ann_file='a.txt')

    def test_without_data_root_paths_start_at_the_list(self, root):
        write_list(root / 'val.txt', FORGED)
        dataset = ForgeryDataset(ann_file=str(root / 'val.txt'))
        assert names(dataset, root) == FORGED

    def test_absolute_paths(self, root, tmp_path):
        entries = [tuple(str(root / name) for name in pair) for pair in FORGED]
        write_list(tmp_path / 'val.txt', entries)
        dataset = build('elsewhere', ann_file=str(tmp_path / 'val.txt'))
        assert names(dataset, root) == FORGED

    def test_absent_files(self, root):
        write_list(root / 'a.txt', [*FORGED, ('x.jpg', None), (FORGED[0][1], 'y.png')])
        with pytest.raises(FileNotFoundError) as error:
            build(root, ann_file='a.txt')
        assert 'missing file (2)' in str(error.value)
        assert 'casia/x.jpg' in str(error.value)
        assert 'casia/y.png' in str(error.value)
        with pytest.raises(FileNotFoundError):
            build(root, ann_file='a.txt', check='names')
        assert len(build(root, ann_file='a.txt', check='none')) == 5

    def test_backslashes_in_a_list(self, root):
        image, mask = (path.replace('/', '\\') for path in FORGED[0])
        write_list(root / 'a.txt', [(image, mask), ('x\\y.jpg', None)])
        with pytest.raises(FileNotFoundError) as error:
            build(root, ann_file='a.txt')
        assert str(error.value).count('with / instead of') == 2

    def test_duplicate(self, root):
        write_list(root / 'a.txt', [*FORGED, ('./images/a.jpg', None)])
        with pytest.raises(ValueError, match=r'listed twice \(1\)[^\n]*\n.*images/a'):
            build(root, ann_file='a.txt', check='none')

    def test_empty_or_missing(self, root):
        write_list(root / 'a.txt', [], comments=['nothing'])
        with pytest.raises(ValueError, match=r'a\.txt lists no image'):
            build(root, ann_file='a.txt')
        with pytest.raises(FileNotFoundError, match=r'casia/b\.txt'):
            build(root, ann_file='b.txt')


class TestProblems:
    @pytest.mark.parametrize('folder', ['images', 'masks', 'authentic'])
    def test_missing_folder(self, root, folder):
        (root / folder).rename(root / 'other')
        with pytest.raises(FileNotFoundError, match=rf'missing folder.*\n.*/{folder}'):
            build(root)

    def test_empty_folder(self, root):
        for path in (root / 'authentic').iterdir():
            path.rename(path.with_suffix('.raw'))
        match = r"folder without images.*\n.*authentic \{'.raw': 2\}"
        with pytest.raises(ValueError, match=match):
            build(root)

    def test_missing_mask(self, root):
        (root / 'masks/a.png').unlink()
        for check in ('header', 'names', 'none'):
            with pytest.raises(FileNotFoundError, match=r'missing mask.*\n.*s/a\.jpg'):
                build(root, check=check, test_mode=True)

    def test_mask_without_image(self, root):
        (root / 'images/a.jpg').unlink()
        with pytest.raises(ValueError, match=r'mask without image.*\n.*masks/a\.png'):
            build(root)

    def test_two_masks_for_an_image(self, root):
        save(root / 'masks/a.bmp')
        with pytest.raises(ValueError, match=r'a\.bmp, .*a\.png: .*images/a\.jpg'):
            build(root)

    def test_two_images_for_a_mask(self, root):
        save(root / 'images/a.png')
        with pytest.raises(ValueError, match=r'a\.png: .*images/a\.jpg, .*s/a\.png'):
            build(root)

    def test_unreadable_headers(self, root):
        (root / 'images/a.jpg').write_bytes(b'')
        (root / 'masks/b_gt.bmp').write_text('<html>')
        (root / 'authentic/c.tif').write_bytes(b'II*')
        with pytest.raises(ValueError) as error:
            build(root)
        text = str(error.value)
        assert 'unreadable file (3)' in text
        assert 'images/a.jpg: the file is empty' in text
        assert 'masks/b_gt.bmp: is not an image' in text
        assert 'authentic/c.tif: is not an image' in text
        assert len(build(root, check='names')) == 5

    def test_mask_of_another_size(self, root):
        save(root / 'masks/a.png', size=(20, 12))
        match = r'masks/a\.png is 12 wide and 20 high. A quarter turn'
        with pytest.raises(ValueError, match=match):
            build(root)

    def test_sizes_count_upright(self, root):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        save(root / 'images/a.jpg', exif=exif)
        with pytest.raises(ValueError, match='mask of another size'):
            build(root)
        save(root / 'masks/a.png', size=SIZE[::-1])
        sample = build(root, pipeline=PIPELINE)[0]
        assert sample['inputs'].shape[1:] == SIZE[::-1]
        assert sample['data_samples'].gt_sem_seg.data.shape[1:] == SIZE[::-1]

    def test_all_kinds_at_once_ten_of_each(self, root):
        for index in range(13):
            save(root / f'images/m{index:02}.jpg')
        save(root / 'masks/orphan.png')
        save(root / 'masks/a.png', size=(5, 5))
        (root / 'authentic/c.tif').write_bytes(b'')
        with pytest.raises(ValueError) as error:
            build(root)
        text = str(error.value)
        assert "data set 'casia'" in text
        for expected in ('missing mask (13)', 'm00', 'm09', 'and 3 more', 'orphan.png'):
            assert expected in text
        assert 'm10' not in text
        assert 'mask of another size (1)' in text and 'unreadable file (1)' in text

    def test_a_file_that_breaks_when_decoded_is_named(self, root):
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        path = root / 'images/a.jpg'
        Image.fromarray(noise).save(path)
        save(root / 'masks/a.png', size=(64, 64))
        path.write_bytes(path.read_bytes()[:2000])
        dataset = build(root, pipeline=PIPELINE)
        with pytest.raises(OSError, match=r'images/a\.jpg: is truncated'):
            dataset[0]
        loader = make_loader(dataset, batch_size=5)
        with pytest.raises(OSError, match=r'images/a\.jpg: is truncated'):
            next(iter(loader))


class TestArguments:
    @pytest.mark.parametrize(
        'kwargs, match',
        [
            ({'check': 'all'}, "check.*'all'"),
            ({'mask_suffixes': '_gt'}, "mask_suffixes.*'_gt'"),
            ({'mask_suffixes': []}, 'mask_suffixes'),
            ({'reduce_zero_label': True}, 'reduce_zero_label'),
            ({'img_suffix': '.jpg'}, 'img_suffix'),
            ({'data_prefix': {'img': 'images'}}, "'img'"),
            ({'data_prefix': {'img_path': 'images'}}, 'seg_map_path'),
            ({'data_prefix': {'seg_map_path': 'masks'}}, 'img_path'),
            ({'data_prefix': {}}, 'data_prefix'),
            ({'metainfo': {'classes': ('forged', 'authentic')}}, 'classes'),
        ],
    )
    def test_bad_values(self, root, kwargs, match):
        with pytest.raises(ValueError, match=match):
            build(root, **kwargs)


class TestBaseClass:
    def test_metainfo(self, root):
        metainfo = build(root, test_mode=True).metainfo
        assert metainfo['classes'] == ('authentic', 'forged')
        assert metainfo['palette'] == [[0, 0, 0], [255, 0, 0]]
        assert metainfo['label_map'] is None
        assert metainfo['reduce_zero_label'] is False

    def test_registry(self, root):
        cfg = {'type': 'ForgeryDataset', 'data_root': str(root), 'filter_cfg': {}}
        assert len(DATASETS.build(cfg)) == 5

    @pytest.mark.parametrize('serialize', [True, False])
    def test_indices(self, root, serialize):
        def subset(indices):
            dataset = build(root, indices=indices, serialize_data=serialize)
            return names(dataset, root)

        assert subset(2) == FORGED[:2]
        assert subset(-2) == AUTHENTIC
        assert subset([4, 0]) == [AUTHENTIC[1], FORGED[0]]

    def test_indices_of_ten(self, root):
        for index in range(8):
            save(root / f'authentic/n{index}.jpg')
        dataset = build(root, indices=10)
        assert len(dataset) == 10
        assert dataset.get_data_info(9)['sample_idx'] == 9

    def test_lazy_init(self, root):
        dataset = build(root, lazy_init=True)
        save(root / 'masks/orphan.png')
        with pytest.raises(ValueError, match='orphan'):
            dataset.full_init()

    def test_wrappers(self, root):
        twice = ConcatDataset([build(root), build(root, dataset_name='again')])
        assert len(twice) == 10
        assert twice.get_data_info(9)['dataset_name'] == 'again'
        assert twice.metainfo['classes'] == ('authentic', 'forged')
        repeated = RepeatDataset(build(root, pipeline=PIPELINE), times=3)
        assert len(repeated) == 15
        assert repeated[14]['data_samples'].sample_idx == 4

    def test_pickles(self, root):
        assert len(pickle.loads(pickle.dumps(build(root)))) == 5

    @pytest.mark.parametrize('test_mode', [True, False])
    def test_two_workers(self, root, test_mode):
        dataset = build(
            root, pipeline=PIPELINE, test_mode=test_mode, serialize_data=True
        )
        batches = list(make_loader(dataset, batch_size=2))
        samples = [sample for batch in batches for sample in batch['data_samples']]
        images = [image for batch in batches for image in batch['inputs']]
        assert [image.shape for image in images] == [(3, *SIZE)] * 5
        assert [sample.forged for sample in samples] == [True] * 3 + [False] * 2
        for sample in samples:
            ground_truth = sample.gt_sem_seg.data
            assert ground_truth.shape == (1, *SIZE)
            assert (ground_truth == int(sample.forged)).all()
            assert sample.dataset_name == 'casia'


def make_loader(dataset, batch_size):
    return Runner.build_dataloader(
        {
            'dataset': dataset,
            'batch_size': batch_size,
            'num_workers': 2,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            'collate_fn': {'type': 'pseudo_collate'},
        },
        seed=0,
    )
