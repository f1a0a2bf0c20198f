import re

import cv2
import numpy as np
import pytest

from mpc_mmseg.datasets.layouts import build_layout
from mpc_mmseg.datasets.layouts.conversion import convert


def run(name, root, **kwargs):
    return convert(build_layout(name), root, root / 'decoded_masks', **kwargs)


def test_missing_files_are_named(miniature):
    data_set = miniature('coverage')
    (data_set.root / 'image/1t.tif').unlink()
    (data_set.root / 'mask/2forged.tif').unlink()
    data_set.photograph('image/3t.tif', 'notes/a.png')
    data_set.write('mask/3forged.tif', np.ones((24, 32), np.uint8))
    done = run('coverage', data_set.root)
    assert [entry.image for entry in done.entries] == ['image/3t.tif']
    assert 'image of the mask mask/1forged.tif' in done.missing
    assert 'mask of image/2t.tif' in done.missing
    assert len(done.missing) == 2
    assert done.extra == ['notes/a.png']
    assert done.shortfalls == ['1 complete forged images, 100 are distributed']
    assert not done.complete
    for part in ('mask of image/2t.tif', 'and 1 more', 'notes/a.png'):
        assert part in done.report(show=1)


def test_a_complete_data_set_says_so(miniature):
    data_set = miniature('folders')
    done = run('folders', data_set.root, part='all')
    assert done.complete and len(done.entries) == 3
    authentic = run('folders', data_set.root, part='authentic')
    assert [entry.mask for entry in authentic.entries] == [None]


def test_masks_of_another_size(miniature):
    data_set = miniature('folders')
    for name, size in (('turned', (32, 24)), ('small', (12, 16))):
        data_set.photograph(f'images/{name}.jpg')
        mask = np.zeros(size, np.uint8)
        mask[: size[0] // 2] = 255
        data_set.write(f'masks/{name}.png', mask)
    done = run('folders', data_set.root)
    assert len(done.entries) == 2 and len(done.unusable) == 2
    done = run('folders', data_set.root, resize_masks=True)
    assert len(done.entries) == 3 and len(done.unusable) == 1
    assert 'turned.jpg' in done.unusable[0] and 'quarter turn' in done.unusable[0]
    entry = next(each for each in done.entries if 'small' in each.image)
    assert re.fullmatch(
        r'decoded_masks/images/small\.jpg\.[0-9a-f]{12}\.png', entry.mask
    )
    mask = cv2.imread(str(data_set.root / entry.mask), cv2.IMREAD_GRAYSCALE)
    assert mask.shape == (24, 32) and mask[:12].all() and not mask[12:].any()
    # the decoded masks are no part of the data set
    assert not run('folders', data_set.root).extra


def test_unreadable_files_are_left_out_and_named(miniature):
    data_set = miniature('folders')
    (data_set.root / 'images/a.jpg').write_bytes(b'not an image')
    done = run('folders', data_set.root)
    assert [entry.image for entry in done.entries] == ['images/b/c.jpg']
    assert 'a.jpg' in done.unusable[0] and not done.complete


def test_selection(miniature):
    data_set = miniature('in_the_wild')
    done = run('in_the_wild', data_set.root, select=['2508.jpg', 'x/9999'])
    assert [entry.image for entry in done.entries] == ['label_in_wild/images/2508.jpg']
    assert done.missing == ['x/9999 (selected)']


def test_decoded_masks_are_kept_and_counted(miniature):
    data_set = miniature('dso1')
    steps = []
    done = run(
        'dso1', data_set.root, on_start=steps.append, on_sample=lambda: steps.append(0)
    )
    assert steps == [2, 0, 0]
    target = data_set.root / done.entries[0].mask
    before = target.stat().st_mtime_ns
    run('dso1', data_set.root)
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
    data_set = miniature('folders')
    with pytest.raises(ValueError, match="'some'"):
        run('folders', data_set.root, part='some')
    with pytest.raises(ValueError, match='workers'):
        run('folders', data_set.root, workers=0)
    with pytest.raises(FileNotFoundError, match='nowhere'):
        run('folders', data_set.root / 'nowhere')


def masks_of(done, root):
    return {
        entry.image: cv2.imread(str(root / entry.mask), cv2.IMREAD_GRAYSCALE)
        for entry in done.entries
    }


def test_another_coding_gives_other_masks_and_keeps_the_first(miniature):
    data_set = miniature('folders')
    runs = {}
    for coding in ('nonzero', 'inverted'):
        layout = build_layout('folders', {'coding': coding})
        runs[coding] = convert(layout, data_set.root, data_set.root / 'decoded_masks')
    first, second = (masks_of(runs[c], data_set.root) for c in ('nonzero', 'inverted'))
    for image, mask in first.items():
        np.testing.assert_array_equal(mask, 255 - second[image])


def test_a_changed_source_mask_is_decoded_again(miniature):
    data_set = miniature('folders')
    layout = build_layout('folders', {'coding': 'nonzero'})
    before = convert(layout, data_set.root, data_set.root / 'decoded_masks')
    source = data_set.root / 'masks' / 'a.png'
    mask = np.zeros_like(cv2.imread(str(source), cv2.IMREAD_GRAYSCALE))
    mask[:3, :5] = 255
    cv2.imwrite(str(source), mask)
    after = convert(layout, data_set.root, data_set.root / 'decoded_masks')
    image = next(each.image for each in after.entries if '/a.' in each.image)
    np.testing.assert_array_equal(masks_of(after, data_set.root)[image], mask)
    assert not np.array_equal(masks_of(before, data_set.root)[image], mask)


def test_images_of_one_stem_keep_their_own_masks(tmp_path):
    mask = np.zeros((2, 8, 8), np.uint8)
    mask[0, :2], mask[1, 5:] = 255, 255
    for i, suffix in enumerate(('jpg', 'png')):
        cv2.imwrite(str(tmp_path / f'a.{suffix}'), np.full((8, 8, 3), 99, np.uint8))
        cv2.imwrite(str(tmp_path / f'm{i}.png'), mask[i])
    (tmp_path / 'table.csv').write_text('image,mask\na.jpg,m0.png\na.png,m1.png\n')
    layout = build_layout('table', {'csv': 'table.csv', 'inverted_masks': True})
    masks = masks_of(convert(layout, tmp_path, tmp_path / 'decoded_masks'), tmp_path)
    np.testing.assert_array_equal(masks['a.jpg'], 255 - mask[0])
    np.testing.assert_array_equal(masks['a.png'], 255 - mask[1])


def test_repeated_rows_are_listed_once_and_named(tmp_path):
    for name in ('a', 'b'):
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.full((8, 8, 3), 99, np.uint8))
        mask = np.zeros((8, 8), np.uint8)
        mask[:4] = 255
        cv2.imwrite(str(tmp_path / f'{name}_mask.png'), mask)
    rows = ['a.png,a_mask.png'] * 3 + ['b.png,b_mask.png', 'b.png,a_mask.png']
    (tmp_path / 'table.csv').write_text('image,mask\n' + '\n'.join(rows))
    layout = build_layout('table', {'csv': 'table.csv'})
    done = convert(layout, tmp_path, tmp_path / 'decoded_masks')
    assert [entry.image for entry in done.entries] == ['a.png']
    assert done.repeated == ['a.png (3 times)']
    assert done.unusable == ['b.png is listed with 2 masks']
    assert 'a.png (3 times)' in done.report()


def test_a_decoded_mask_without_a_forged_pixel_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((8, 8, 3), 99, np.uint8))
    cv2.imwrite(str(tmp_path / 'm.png'), np.full((8, 8), 255, np.uint8))
    (tmp_path / 'table.csv').write_text('image,mask\na.png,m.png\n')
    layout = build_layout('table', {'csv': 'table.csv', 'inverted_masks': True})
    done = convert(layout, tmp_path, tmp_path / 'decoded_masks')
    assert not done.entries and 'no forged pixel' in done.unusable[0]
