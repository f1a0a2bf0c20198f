import re

import cv2
import numpy as np

from mpc_mmseg.datasets.check.checked_list import CheckedList
from mpc_mmseg.datasets.check.defect import Defect
from mpc_mmseg.datasets.check.measure import measure
from mpc_mmseg.datasets.check.result import judge
from mpc_mmseg.datasets.lists.list_file import ListEntry
from mpc_mmseg.visualization.check_page import check_page


def test_a_picture_of_every_defect(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3)).astype(np.uint8)
    for name in ('a<b', 'c'):
        cv2.imwrite(str(tmp_path / f'{name}.png'), image)
        cv2.imwrite(str(tmp_path / f'{name}_m.png'), image[..., 0] * 0)
    (tmp_path / 'd.jpg').write_bytes(b'')
    entries = [
        ListEntry(str(tmp_path / f'{n}.png'), str(tmp_path / f'{n}_m.png'))
        for n in ('a<b', 'c')
    ]
    entries.append(ListEntry(str(tmp_path / 'd.jpg')))
    lost = Defect('missing file', 'x', 'gone.png')
    result = judge([CheckedList('x', entries, [lost], list(map(measure, entries)))])
    page = check_page(result, 'Title', max_pictures=200)
    assert page.count('<h1>Title</h1>') == 1
    assert 'Failed: 3 images' in page and 'gone.png' in page
    assert 'a&lt;b.png' in page and 'a<b' not in page
    assert 'error: empty mask (2)' in page and 'error: zero-size file (1)' in page
    # Image, mask and outline of two empty masks, two images of the duplicate.
    assert page.count('data:image/') == 3 * 2 + 2
    assert re.search('x: mask area.*>0–0.1</th><td>2</td>', page, re.DOTALL)
    assert 'and 1 more, in the JSON file' in check_page(result, 'Title', max_pictures=1)
