import os

import pytest

from mpc_mmseg.datasets.lists.leakage import Side, compare


def side(purpose, images, groups=(), hashes=None, name=None):
    return Side(purpose, [name or purpose], images, groups, hashes or {})


def test_nothing_in_common():
    sides = [side('train', ['a'], ['1']), side('val', ['b'], ['2']), side('test', [])]
    assert compare(sides) == ([], [])


@pytest.mark.parametrize('purposes', [('train', 'val'), ('train', 'test')])
def test_images_that_were_trained_on(purposes):
    one, other = purposes
    sides = [side(one, ['x/a', 'x/b']), side(other, ['x/c', './x/b'], name='casia')]
    for allowed in (False, True):
        errors, warnings = compare(sides, allow_selection_on_test=allowed)
        assert len(errors) == 1 and not warnings
        assert (
            f"{one} ('{one}') and {other} ('casia') share 1 images: ./x/b" in errors[0]
        )


def test_selection_on_test_must_be_stated():
    sides = [side('val', ['a', 'b'], name='v'), side('test', ['b'], name='t')]
    errors, _ = compare(sides)
    assert "val ('v') and test ('t') share 1 images: b" in errors[0]
    assert 'allow_selection_on_test=True' in errors[0]
    assert compare(sides, allow_selection_on_test=True) == ([], [])


def test_a_link_is_the_same_image(tmp_path):
    (tmp_path / 'a').touch()
    os.symlink(tmp_path / 'a', tmp_path / 'b')
    sides = [side('train', [str(tmp_path / 'a')]), side('val', [str(tmp_path / 'b')])]
    assert 'share 1 images' in compare(sides)[0][0]


def test_a_renamed_protocol_elsewhere():
    sides = [
        side('val', ['one/a'], hashes={'c0ffee': 'casia'}),
        side('test', ['two/a'], hashes={'c0ffee': 'mine', 'f00': 'other'}),
    ]
    assert "one protocol: 'casia' and 'mine'" in compare(sides)[0][0]


def test_other_images_of_the_same_photographs():
    groups = [f'coco/{i}' for i in range(7)]
    sides = [side('train', ['a'], groups), side('test', ['b'], [*groups, 'coco/9'])]
    errors, warnings = compare(sides)
    assert not errors
    assert '7 source photographs in common: coco/0' in warnings[0]
    assert 'coco/4 and 2 more' in warnings[0]
