import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.layouts import build_layout
from mpc_mmseg.datasets.layouts.conversion import convert


def run(name, root, **kwargs):
    return convert(build_layout(name), root, root / 'decoded_masks', **kwargs)


def test_what_is_missing_is_told_by_name(miniature):
    made = miniature('coverage')
    (made.root / 'image/1t.tif').unlink()
    (made.root / 'mask/2forged.tif').unlink()
    made.photograph('image/3t.tif', 'notes/a.png')
    made.write('mask/3forged.tif', np.ones((24, 32), np.uint8))
    done = run('coverage', made.root)
    assert [entry.image for entry in done.entries] == ['image/3t.tif']
    assert 'image of the mask mask/1forged.tif' in done.missing
    assert 'mask of image/2t.tif' in done.missing
    assert 'forged image 100' in done.missing and len(done.missing) == 2 + 97
    assert done.extra == ['notes/a.png']
    assert done.shortfalls == [
        '1 forged images with all they need, 100 are distributed'
    ]
    assert not done.complete
    for part in ('mask of image/2t.tif', 'and 79 more', 'notes/a.png'):
        assert part in done.report(show=20)


def test_a_complete_data_set_says_so(miniature):
    made = miniature('folders')
    done = run('folders', made.root, part='all')
    assert done.complete and len(done.entries) == 3
    authentic = run('folders', made.root, part='authentic')
    assert [entry.mask for entry in authentic.entries] == [None]


def test_masks_of_another_size(miniature):
    made = miniature('folders')
    for name, size in (('turned', (32, 24)), ('small', (12, 16))):
        made.photograph(f'images/{name}.jpg')
        mask = np.zeros(size, np.uint8)
        mask[: size[0] // 2] = 255
        made.write(f'masks/{name}.png', mask)
    done = run('folders', made.root)
    assert len(done.entries) == 2 and len(done.unusable) == 2
    done = run('folders', made.root, resize_masks=True)
    assert len(done.entries) == 3 and len(done.unusable) == 1
    assert 'turned.jpg' in done.unusable[0] and 'quarter turn' in done.unusable[0]
    entry = next(each for each in done.entries if 'small' in each.image)
    assert entry.mask == 'decoded_masks/images/small.png'
    mask = cv2.imread(str(made.root / entry.mask), cv2.IMREAD_GRAYSCALE)
    assert mask.shape == (24, 32) and mask[:12].all() and not mask[12:].any()
    # the decoded masks are no part of the data set
    assert not run('folders', made.root).extra


def test_unreadable_files_are_left_out_and_named(miniature):
    made = miniature('folders')
    (made.root / 'images/a.jpg').write_bytes(b'not an image')
    done = run('folders', made.root)
    assert [entry.image for entry in done.entries] == ['images/b/c.jpg']
    assert 'a.jpg' in done.unusable[0] and not done.complete


def test_selection(miniature):
    made = miniature('in_the_wild')
    done = run('in_the_wild', made.root, select=['2508.jpg', 'x/9999'])
    assert [entry.image for entry in done.entries] == ['label_in_wild/images/2508.jpg']
    assert done.missing == ['x/9999, which is selected']


def test_decoded_masks_are_kept_and_counted(miniature):
    made = miniature('dso1')
    steps = []
    done = run(
        'dso1', made.root, on_start=steps.append, on_sample=lambda: steps.append(0)
    )
    assert steps == [2, 0, 0]
    target = made.root / done.entries[0].mask
    before = target.stat().st_mtime_ns
    run('dso1', made.root)
    assert target.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ('name', 'part'),
    [
        ('columbia', '4cam_splc'),
        ('nist16', 'NC2016-manipulation-ref.csv'),
        ('cocoglide', 'table.csv'),
        ('openforensics', 'Train_poly.json'),
        ('tampcoco', 'sp_COCO_list.txt'),
    ],
)
def test_another_folder_is_refused(name, part, tmp_path):
    with pytest.raises(FileNotFoundError, match=part):
        run(name, tmp_path)


def test_arguments(miniature):
    made = miniature('folders')
    with pytest.raises(ValueError, match="'some'"):
        run('folders', made.root, part='some')
    with pytest.raises(ValueError, match='workers'):
        run('folders', made.root, workers=0)
    with pytest.raises(FileNotFoundError, match='nowhere'):
        run('folders', made.root / 'nowhere')
