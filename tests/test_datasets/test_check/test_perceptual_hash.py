import cv2
import numpy as np

from mpc_mmseg.datasets.check.perceptual_hash import (
    MAX_DISTANCE,
    MAX_GRADIENT_DISTANCE,
    near_pairs,
    perceptual_hash,
)


def test_versions_of_a_picture_are_near_and_other_pictures_are_not(scene):
    hashes = []
    for seed in range(30):
        grey = cv2.cvtColor(scene(seed)[0], cv2.COLOR_BGR2GRAY)
        jpeg = cv2.imencode('.jpg', grey, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
        small = cv2.resize(cv2.imdecode(jpeg, 0), None, fx=0.7, fy=0.7)
        hashes += [perceptual_hash(grey), perceptual_hash(small)]
    found = {(i, j) for i, j, _ in near_pairs(np.array(hashes, np.uint64))}
    assert found == {(2 * n, 2 * n + 1) for n in range(30)}


def test_flat_pictures_have_no_hash():
    assert perceptual_hash(np.full((40, 50), 7, np.uint8)) is None


def test_pairs_against_all_comparisons():
    rng = np.random.default_rng(0)
    hashes = []
    for _ in range(60):
        pair = rng.integers(0, 2**64, 2, np.uint64)
        for _ in range(4):
            flips = [0, 0]
            for k, most in enumerate((8, 14)):
                for bit in rng.choice(64, rng.integers(0, most), replace=False):
                    flips[k] |= 1 << int(bit)
            hashes.append([int(pair[k]) ^ flips[k] for k in range(2)])
    expected = set()
    for i, one in enumerate(hashes):
        for j in range(i + 1, len(hashes)):
            first, second = (bin(one[k] ^ hashes[j][k]).count('1') for k in range(2))
            if first <= MAX_DISTANCE and second <= MAX_GRADIENT_DISTANCE:
                expected.add((i, j, first))
    found = list(near_pairs(np.array(hashes, np.uint64)))
    assert len(found) == len(set(found)) == len(expected) > 20
    assert set(found) == expected


def test_no_pictures():
    assert list(near_pairs(np.zeros((0, 2), np.uint64))) == []
