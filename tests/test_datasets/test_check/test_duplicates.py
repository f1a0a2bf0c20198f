from mpc_mmseg.datasets.check.checked_list import CheckedList
from mpc_mmseg.datasets.check.duplicates import find_duplicates
from mpc_mmseg.datasets.check.measure import Facts
from mpc_mmseg.datasets.lists.list_file import ListEntry

A, NEAR_A, B = ('f' * 16, '0' * 16), ('f' * 15 + 'e', '0' * 16), ('a' * 16, '5' * 16)


def checked(name, *rows):
    """Rows: image, content, hashes, groups, mask."""
    return CheckedList(
        name,
        [
            ListEntry(image, mask and f'{image}.png', groups)
            for image, _, _, groups, mask in rows
        ],
        facts=[
            Facts(sha256=content, hashes=hashes, mask_sha256=mask)
            for _, content, hashes, _, mask in rows
        ],
    )


def found(*lists):
    return [(d.kind, d.where, d.image, d.other) for d in find_duplicates(lists)]


def test_within_a_list():
    rows = [
        ('a', '1', A, (), 'm'),
        ('b', '1', A, (), 'm'),
        ('c', '1', A, (), None),
        ('d', '2', B, (), 'm'),
    ]
    assert found(checked('x', *rows)) == [
        ('duplicate', 'x', 'a', 'b'),
        ('contradicting duplicates', 'x', 'a', 'c'),
    ]


def test_near_within_a_list_depends_on_its_source_groups():
    rows = [
        ('a', '1', A, ('s/1',), None),
        ('b', '2', NEAR_A, ('s/1', 's/2'), None),
        ('c', '3', A, ('s/3',), None),
    ]
    assert found(checked('x', *rows[:2])) == [('near-duplicate', 'x', 'a', 'b')]
    assert found(checked('x', rows[0], rows[2])) == [
        ('near-duplicate of another source', 'x', 'a', 'c')
    ]


def test_between_lists():
    train = checked('train', ('a', '1', A, ('s/1',), 'm'), ('b', '2', B, (), None))
    test = checked('test', ('c', '2', B, (), None), ('d', '3', NEAR_A, ('s/1',), None))
    assert found(train, test) == [
        ('duplicate between lists', 'train, test', 'b', 'c'),
        ('near-duplicate between lists', 'train, test', 'a', 'd'),
        ('shared source photographs', 'train, test', '', None),
    ]


def test_a_list_does_not_hide_behind_another():
    lists = [checked(n, (n, n, A, (), None)) for n in ('x', 'y', 'z')]
    assert {pair[1] for pair in found(*lists)} == {'x, y', 'x, z', 'y, z'}


def test_files_that_could_not_be_read():
    assert (
        found(checked('x', ('a', None, None, (), None), ('b', None, None, (), None)))
        == []
    )
