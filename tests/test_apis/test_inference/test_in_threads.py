import time

import pytest

from mpc_mmseg.apis.inference.in_threads import in_threads


def test_results_are_in_order_and_few_items_are_ahead():
    taken = []

    def items():
        for i in range(6):
            taken.append(i)
            yield i

    def work(item):
        time.sleep(0.01 * (item % 2 == 0))
        return 10 * item

    results = in_threads(work, items(), lambda item: 1, 2)
    for i in range(6):
        assert next(results) == 10 * i
        assert len(taken) <= i + 3


def test_a_large_item_is_alone():
    sizes = {'a': 2, 'large': 2**26, 'b': 2}
    started = []
    results = in_threads(started.append, sizes, sizes.get, 1)
    next(results)
    assert started == ['a']
    next(results)
    assert started == ['a', 'large']


def test_an_error_takes_the_position_of_its_result():
    results = in_threads(lambda x: 1 / x, [1, 0], lambda item: 1, 1)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
