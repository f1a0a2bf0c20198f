import threading

import numpy as np
import pytest
import torch

from mpc_mmseg.engine.feature_cache import (
    FeatureCache,
    build,
    files_hash,
    weights_hash,
)

NAMES = [f'{i}.png' for i in range(5)]
PRINT = dict(weights='a', files='b')


def maps_of(names):
    return [
        torch.stack([torch.full((3, s, s), int(n[0]) + s / 16) for n in names])
        for s in (4, 2)
    ]


def both_of(names):
    masks = torch.stack([torch.full((16, 16), int(n[0])) for n in names])
    return maps_of(names), masks.byte()


def test_what_is_read_is_what_was_computed(tmp_path):
    cache = FeatureCache(tmp_path / 'c', NAMES, PRINT)
    assert not cache.open()
    build(cache, both_of, 2)
    again = FeatureCache(tmp_path / 'c', NAMES, PRINT)
    assert again.open() and isinstance(again.maps[0], np.memmap)
    for found, expected in zip(again.read(['3.png', '1.png']), maps_of('31')):
        assert found.dtype == torch.float32 and torch.equal(found, expected)
        assert found.is_contiguous(memory_format=torch.channels_last)
    assert (again.read_mask('3.png') == 3).all()
    with pytest.raises(KeyError):
        again.read(['9.png'])


def test_masks_outlive_the_weights(tmp_path):
    cache = FeatureCache(tmp_path / 'c', NAMES, PRINT)
    assert not cache.open_masks()
    build(cache, both_of, 2)
    other = FeatureCache(tmp_path / 'c', NAMES, {**PRINT, 'weights': 'x'})
    assert not other.open()
    assert other.open_masks() and other.read_mask('1.png').dtype == np.uint8
    # A process that loads samples does not know the weights.
    assert FeatureCache(tmp_path / 'c', NAMES, {'files': 'b'}).open_masks()
    assert not FeatureCache(tmp_path / 'c', NAMES, {'files': 'x'}).open_masks()


def test_an_interrupted_one_is_gone_on_from(tmp_path):
    cache = FeatureCache(tmp_path / 'c', NAMES, PRINT)
    calls = []

    def compute(names):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(list(names))
        return both_of(names)

    with pytest.raises(KeyboardInterrupt):
        build(cache, compute, 2)
    assert not cache.folder.exists()
    calls.clear()
    build(cache, compute, 2)
    # The first call only asks for sizes.
    assert calls[1:] == [NAMES[4:]]
    assert cache.open()
    assert all(torch.equal(a, b) for a, b in zip(cache.read(NAMES), maps_of(NAMES)))


def test_runs_of_different_weights_share_a_folder_without_mixing(tmp_path):
    first, second = (
        FeatureCache(tmp_path / 'c', NAMES, {**PRINT, 'weights': w}) for w in 'xy'
    )
    first.begin([(3, 4, 4), (3, 2, 2)], (16, 16))
    first.write(NAMES[:2], *both_of(NAMES[:2]))
    build(second, lambda names: ([m + 1 for m in maps_of(names)], both_of(names)[1]), 2)
    assert list(first.done()) == [True, True, False, False, False]
    build(first, both_of, 2)
    assert first.open() and second.open()
    for a, b in zip(first.read(NAMES), second.read(NAMES)):
        assert torch.equal(a + 1, b)


def test_of_two_runs_of_equal_weights_one_computes_and_the_other_waits(tmp_path):
    started, computed = threading.Event(), []

    def compute(names):
        started.set()
        if waits.is_alive():
            waits.join(0.1)
        computed.extend(names)
        return both_of(names)

    def fails(names):
        computed.append('by the other run')
        return both_of(names)

    computes, waits = (
        threading.Thread(
            target=build, args=(FeatureCache(tmp_path / 'c', NAMES, PRINT), f, 2)
        )
        for f in (compute, fails)
    )
    computes.start()
    started.wait()
    waits.start()
    computes.join()
    waits.join()
    assert computed == [NAMES[0], *NAMES]
    assert FeatureCache(tmp_path / 'c', NAMES, PRINT).open()


def test_values_beyond_half_precision_are_refused(tmp_path):
    cache = FeatureCache(tmp_path / 'c', NAMES, PRINT)
    with pytest.raises(FloatingPointError, match=r'0\.png'):
        build(cache, lambda n: ([m * 1e6 + 1e6 for m in maps_of(n)], both_of(n)[1]), 2)


def test_images_of_two_sizes_are_refused(tmp_path):
    def compute(names):
        maps, masks = both_of(names)
        return (maps, masks) if '0.png' in names else (maps, masks[:, :8])

    cache = FeatureCache(tmp_path / 'c', NAMES, PRINT)
    with pytest.raises(ValueError, match=r'1\.png: \(8, 16\) pixels in masks'):
        build(cache, compute, 1)


def test_hashes_follow_values_names_and_files(tmp_path):
    state = {'a': torch.ones(2), 'n': torch.tensor(3)}
    assert weights_hash(state) == weights_hash(dict(reversed(state.items())))
    assert weights_hash(state) != weights_hash({**state, 'n': torch.tensor(4)})
    assert weights_hash(state) != weights_hash({'b': state['a'], 'n': state['n']})
    file = tmp_path / 'x'
    file.write_text('1')
    first = files_hash([str(file)])
    file.write_text('12')
    assert files_hash([str(file)]) != first
