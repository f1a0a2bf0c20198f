import json
from collections import Counter

import numpy as np
import pytest

from mpc_mmseg.datasets.forge import PRESETS, override
from mpc_mmseg.datasets.forge.forgery_set import ForgerySet, check_enough, make_image
from mpc_mmseg.datasets.forge.photographs import find_photographs
from mpc_mmseg.datasets.io.image_io import read_image


@pytest.fixture
def found(photographs):
    return find_photographs([photographs], (64, 64))


def read(photograph):
    return read_image(photograph.path)


def wanted(**changes):
    values = {'recipe': PRESETS['natural'], 'count': 8, 'size': (64, 64), 'seed': 5}
    return ForgerySet(**{**values, **changes})


def test_an_image_depends_on_its_number_alone(found):
    first, record = make_image(wanted(), found, False, 6, read)
    again, same_record = make_image(
        wanted(count=100, authentic=7), found, False, 6, read
    )
    assert np.array_equal(first.image, again.image) and record == same_record
    other, _ = make_image(wanted(seed=6), found, False, 6, read)
    next_one, _ = make_image(wanted(), found, False, 7, read)
    for different in (other, next_one):
        assert not np.array_equal(first.image, different.image)
    assert json.loads(json.dumps(record)) == record


def test_balance(found):
    records = [make_image(wanted(), found, False, each, read)[1] for each in range(12)]
    backgrounds = Counter(each['sources']['background'] for each in records)
    assert set(backgrounds.values()) == {3} and len(backgrounds) == 4
    assert set(Counter(each['kind'] for each in records).values()) == {4}


def test_donors(found):
    recipe = override(PRESETS['natural'], {'kinds': ['splice']})
    for index in range(16):
        _, record = make_image(wanted(recipe=recipe), found, False, index, read)
        sources = record['sources']
        assert sources['donor'] != sources['background']
        if 'grey' not in sources['background']:
            assert 'grey' not in sources['donor']


def test_authentic(found):
    made, record = make_image(wanted(), found, True, 0, read)
    assert not made.mask.any() and record['forged_share'] == 0
    assert list(record['sources']) == ['background']


def test_one_photograph(found):
    with pytest.raises(ValueError, match='two photographs'):
        check_enough(wanted(), found[:1])
    check_enough(wanted(count=0, authentic=3), found[:1])
    alone = override(PRESETS['natural'], {'kinds': ['removal', 'copy_move']})
    check_enough(wanted(recipe=alone), found[:1])


@pytest.mark.parametrize(
    'name, value',
    [
        ('count', -1),
        ('count', 0),
        ('authentic', -1),
        ('size', (32, 64)),
        ('seed', -1),
        ('downscale', (0.5, 2)),
        ('image_format', 'gif'),
    ],
)
def test_invalid(name, value):
    with pytest.raises(ValueError, match=name):
        wanted(**{name: value})
