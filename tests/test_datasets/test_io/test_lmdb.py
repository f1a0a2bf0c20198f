"""Files from MMEngine's LMDB backend, whose keys are the paths that are asked for."""

import pytest
from mmengine.dataset import Compose

from mpc_mmseg.datasets import LoadForgeryImage, LoadForgeryMask
from mpc_mmseg.datasets.io.image_io import ImageReadError

lmdb = pytest.importorskip('lmdb')


def test_samples_are_those_of_the_folder(tmp_path, forgery_folder):
    database = lmdb.open(str(tmp_path / 'db'), map_size=2**24)
    with database, database.begin(write=True) as writer:
        for file in forgery_folder.rglob('*.png'):
            key = file.relative_to(forgery_folder).as_posix()
            writer.put(f'set/{key}'.encode(), file.read_bytes())
    arguments = dict(backend='lmdb', db_path=str(tmp_path / 'db'))
    steps = [LoadForgeryImage, LoadForgeryMask]
    from_lmdb = Compose([step(backend_args=arguments) for step in steps])
    from_disk = Compose([step() for step in steps])
    for i in range(6):
        one, other = (
            pipeline(
                {
                    'img_path': f'{root}/images/{i}.png',
                    'seg_map_path': f'{root}/masks/{i}.png',
                }
            )
            for pipeline, root in ((from_lmdb, 'set'), (from_disk, forgery_folder))
        )
        assert (one['img'] == other['img']).all()
        assert (one['gt_seg_map'] == other['gt_seg_map']).all()
    with pytest.raises(ImageReadError, match=r'set/gone\.png'):
        from_lmdb({'img_path': 'set/gone.png'})
