from pathlib import Path

import pytest

from mpc_mmseg.datasets.layouts.patterns import IMAGE, Patterns

ROOT = Path('root')


def patterns(**kwargs):
    return Patterns(
        forged=rf'Tp/(?P<key>[^/]+?){IMAGE}',
        mask=rf'Gt/(?P<key>[^/]+?)_gt{IMAGE}',
        **kwargs,
    )


def pairs(found):
    return {sample.image: sample.mask for sample in found.samples}


def test_renamed_images_are_paired_where_that_is_unique():
    files = ['Tp/a_1.jpg', 'Tp/b_2.jpg', 'Tp/c_3.jpg', 'Tp/d_3.jpg']
    files += ['Gt/a_1_gt.png', 'Gt/x_2_gt.png', 'Gt/y_3_gt.png']
    found = patterns(loose=lambda key: key[-1], sources=lambda key: (key,))(ROOT, files)
    assert pairs(found) == {
        'Tp/a_1.jpg': 'Gt/a_1_gt.png',
        'Tp/b_2.jpg': 'Gt/x_2_gt.png',
    }
    assert [sample.sources for sample in found.samples] == [('a_1',), ('x_2',)]
    assert found.missing == [
        'mask of Tp/c_3.jpg',
        'mask of Tp/d_3.jpg',
        'image of the mask Gt/y_3_gt.png',
    ]


def test_an_exact_partner_is_kept():
    files = ['Tp/a_1.jpg', 'Tp/b_1.jpg', 'Gt/a_1_gt.png']
    found = patterns(loose=lambda key: key[-1])(ROOT, files)
    assert pairs(found) == {'Tp/a_1.jpg': 'Gt/a_1_gt.png'}
    assert found.missing == ['mask of Tp/b_1.jpg']


def test_second_copies_are_extra():
    files = ['Gt/a_gt.png', 'Gt/more/Gt/a_gt.tif', 'Tp/a.jpg', 'Tp/Tp/a.png', 'b.txt']
    found = patterns()(ROOT, files)
    assert pairs(found) == {'Tp/a.jpg': 'Gt/a_gt.png'}
    assert sorted(found.extra) == ['Gt/more/Gt/a_gt.tif', 'Tp/Tp/a.png']


def test_known_gaps():
    found = patterns(maskless=('a',))(ROOT, ['Tp/a.jpg'])
    assert found.samples == found.missing == []
    assert found.extra == ['Tp/a.jpg (distributed without a mask)']


@pytest.mark.parametrize('name', ['TP/A.JPG', 'x/tp/A.tif'])
def test_case_and_folder_do_not_matter(name):
    found = patterns()(ROOT, [name, 'gt/A_GT.PNG'])
    assert pairs(found) == {name: 'gt/A_GT.PNG'}
