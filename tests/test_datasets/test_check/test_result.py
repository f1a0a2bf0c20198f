import json

import pytest

from mpc_mmseg.datasets.check.checked_list import CheckedList
from mpc_mmseg.datasets.check.defect import KINDS, SEVERITIES, Defect
from mpc_mmseg.datasets.check.measure import Facts
from mpc_mmseg.datasets.check.result import as_json, as_text, judge
from mpc_mmseg.datasets.lists.list_file import ListEntry


def checked(*facts, defects=()):
    entries = [ListEntry(f'{i}.jpg', f'{i}.png') for i in range(len(facts))]
    return CheckedList('x', entries, list(defects), list(facts))


def test_errors_fail_and_warnings_do_not():
    warned = judge([checked(Facts(defects=[('full mask', 'every pixel')]))])
    assert warned.passed and warned.verdict.startswith(
        'Passed: 1 images, 0 errors, 1 w'
    )
    failed = judge(
        [
            checked(
                Facts(defects=[('full mask', 'all')]),
                defects=[Defect('missing file', 'x', 'y')],
            )
        ]
    )
    assert not failed.passed
    assert [each.kind for each in failed.defects] == ['missing file', 'full mask']


def test_statistics_by_hand():
    facts = [
        Facts(size=(10, 20), quality=90, image_format='JPEG RGB', area=0.03),
        Facts(size=(10, 20), quality=70, image_format='JPEG RGB', area=0.2),
        Facts(size=(30, 40), standard_tables=False, image_format='PNG L', area=1.0),
    ]
    found = judge([checked(*facts)]).statistics['x']
    assert found['sizes'] == {'20 x 10': 2, '40 x 30': 1}
    assert found['formats'] == {'JPEG RGB': 2, 'PNG L': 1}
    assert found['quality'] == {'70': 1, '90': 1} and found['own_tables'] == 1
    assert found['megapixels'] == pytest.approx([0.0002, 0.0002, 0.0012])
    assert found['area'] == [0.03, 0.2, 1.0]
    assert found['area_counts'] == [0, 0, 0, 1, 0, 0, 1, 0, 1]
    assert (found['forged'], found['authentic']) == (3, 0)


@pytest.mark.parametrize(('flipped', 'reported'), [(15, True), (8, False)])
def test_most_masks_of_a_list(flipped, reported):
    fits = ['a half turn'] * flipped + ['no transform'] * (16 - flipped)
    defects = judge([checked(*(Facts(best_fit=fit) for fit in fits))]).defects
    assert [each.kind for each in defects] == ['masks flipped'] * reported


def test_one_coding_a_list():
    facts = [Facts(coding='0/255') for _ in range(3)]
    assert not judge([checked(*facts, Facts())]).defects
    (mixed,) = judge([checked(*facts, Facts(coding='0/1'))]).defects
    assert mixed.kind == 'mixed mask codings' and mixed.severity == 'error'
    assert mixed.detail == '1 of 4 masks are coded 0/1, such as 3.png'


def test_text_and_json():
    facts = [Facts(defects=[('empty mask', 'no pixel is forged')]) for _ in range(7)]
    result = judge([checked(*facts)])
    text = as_text(result, show=5)
    assert 'error: empty mask (7): a forged image without a forged pixel' in text
    assert '[x] 4.jpg: no pixel is forged' in text and '5.jpg' not in text
    assert 'and 2 more' in text and text.endswith(result.verdict)
    data = json.loads(json.dumps(as_json(result)))
    assert data['passed'] is False and data['counts']['error'] == 7
    assert data['defects'][6]['image'] == '6.jpg'


def test_every_kind_has_a_severity():
    assert {severity for severity, _ in KINDS.values()} == set(SEVERITIES)
