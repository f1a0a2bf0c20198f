import numpy as np

from mpc_mmseg.apis.inference import regions
from mpc_mmseg.apis.inference.regions import Region, find_regions


def test_regions_by_hand(monkeypatch):
    mask = np.zeros((8, 10), np.uint8)
    mask[1:3, 2:6] = 1
    mask[3, 6] = 1  # touches by a corner
    mask[7, 0] = 1
    prob = np.where(mask, 0.75, 0.0).astype(np.float32)
    prob[7, 0] = 1
    # A pixel within the box and not of the region does not count.
    prob[3, 2] = 0.5
    assert find_regions(prob, mask) == (
        Region((2, 1, 5, 3), 9, 0.75),
        Region((0, 7, 1, 1), 1, 1.0),
    )
    assert find_regions(prob, mask * 0) == ()
    monkeypatch.setattr(regions, 'MOST', 1)
    assert len(find_regions(prob, mask)) == 1
