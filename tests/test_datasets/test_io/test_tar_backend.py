import tarfile

import numpy as np
import pytest
import torch
from mmengine import fileio
from mmengine.dataset import Compose
from mmengine.runner import Runner

from mpc_mmseg.datasets import LoadForgeryImage, LoadForgeryMask, TarBackend
from mpc_mmseg.datasets.io.image_io import ImageReadError


@pytest.fixture
def archive(tmp_path, forgery_folder):
    path = tmp_path / 'data.tar'
    with tarfile.open(path, 'w') as tar:
        for name in ('images', 'masks', 'authentic'):
            tar.add(forgery_folder / name, arcname=f'./{name}')
    return str(path)


@pytest.mark.parametrize('preload', [False, True])
def test_samples_are_those_of_the_folder(archive, forgery_folder, preload):
    elsewhere = 'not/here'
    arguments = dict(backend='tar', tar=archive, root=elsewhere, preload=preload)
    from_tar = Compose(
        [
            LoadForgeryImage(backend_args=arguments),
            LoadForgeryMask(backend_args=arguments),
        ]
    )
    from_disk = Compose([LoadForgeryImage(), LoadForgeryMask()])
    for i in range(6):
        read = [
            pipeline(
                {
                    'img_path': f'{root}/images/{i}.png',
                    'seg_map_path': f'{root}/masks/{i}.png',
                }
            )
            for pipeline, root in ((from_tar, elsewhere), (from_disk, forgery_folder))
        ]
        assert np.array_equal(read[0]['img'], read[1]['img'])
        assert np.array_equal(read[0]['gt_seg_map'], read[1]['gt_seg_map'])


@pytest.mark.parametrize('workers', [0, 2])
def test_a_config_line_reads_a_data_set_from_the_preloaded_tar(
    archive, forgery_folder, tmp_path, workers
):
    text = ''.join(f'images/{i}.png\tmasks/{i}.png\n' for i in range(6))
    (tmp_path / 'list.txt').write_text(text + 'authentic/6.png\t-\n')

    def samples(root, check, **options):
        dataset = dict(
            type='ForgeryDataset',
            ann_file=str(tmp_path / 'list.txt'),
            data_root=root,
            check=check,
            pipeline=[
                dict(type='LoadForgeryImage', **options),
                dict(type='LoadForgeryMask', **options),
                dict(type='PackForgeryInputs'),
            ],
        )
        loader = Runner.build_dataloader(
            dict(
                batch_size=1,
                num_workers=workers,
                sampler=dict(type='DefaultSampler', shuffle=False),
                dataset=dataset,
            )
        )
        return [
            (each['inputs'][0], each['data_samples'][0].gt_sem_seg.data)
            for each in loader
        ]

    tar = dict(backend='tar', tar=archive, root='not/here', preload=True)
    read = samples('not/here', 'none', backend_args=tar)
    assert len(read) == 7
    for one, other in zip(read, samples(str(forgery_folder), 'header')):
        assert all(map(torch.equal, one, other))


def test_one_backend_per_process(archive):
    arguments = dict(backend='tar', tar=archive, root='x')
    backends = [
        fileio.get_file_backend('x/a', backend_args=arguments, enable_singleton=True)
        for _ in range(2)
    ]
    assert isinstance(backends[0], TarBackend) and backends[0] is backends[1]


def test_text_and_missing_members(tmp_path):
    (tmp_path / 'list.txt').write_text('grün')
    with tarfile.open(tmp_path / 'a.tar', 'w') as tar:
        tar.add(tmp_path / 'list.txt', arcname='list.txt')
    backend = TarBackend(str(tmp_path / 'a.tar'), root=str(tmp_path))
    assert backend.get_text(str(tmp_path / 'list.txt')) == 'grün'
    with pytest.raises(FileNotFoundError, match=r'a\.tar has no member gone'):
        backend.get(str(tmp_path / 'gone'))
    arguments = dict(backend='tar', tar=str(tmp_path / 'a.tar'), root=str(tmp_path))
    with pytest.raises(ImageReadError, match=r'gone\.jpg: there is no such file'):
        LoadForgeryImage(backend_args=arguments)({'img_path': f'{tmp_path}/gone.jpg'})


def test_compressed_and_empty_files_are_refused(tmp_path):
    with tarfile.open(tmp_path / 'a.tar.gz', 'w:gz') as tar:
        tar.add(__file__, arcname='x')
    with pytest.raises(ValueError, match='not an uncompressed tar file'):
        TarBackend(str(tmp_path / 'a.tar.gz'))
    with tarfile.open(tmp_path / 'b.tar', 'w'):
        pass
    with pytest.raises(ValueError, match='contains no file'):
        TarBackend(str(tmp_path / 'b.tar'))
