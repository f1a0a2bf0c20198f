import json

import cv2
import numpy as np
import pytest

from mpc_mmseg.visualization.forgery_gallery import outlined, write_gallery


@pytest.fixture
def made(tmp_path):
    for name in ('images', 'masks', 'authentic'):
        (tmp_path / name).mkdir()
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 20:40] = 255
    cv2.imwrite(str(tmp_path / 'masks/a.png'), mask)
    records = []
    for path, kind in (('images/a.png', 'copy_move'), ('authentic/b.png', 'authentic')):
        cv2.imwrite(str(tmp_path / path), np.full((40, 60, 3), 90, np.uint8))
        record = {'image': path, 'kind': kind, 'forged_share': 0.083}
        records.append({**record, 'parameters': {'method': '<healing>'}})
    records[0]['mask'] = 'masks/a.png'
    lines = '\n'.join(map(json.dumps, records))
    (tmp_path / 'forgeries.jsonl').write_text(lines + '\n')
    return tmp_path


def test_a_page_of_pictures(made):
    page = write_gallery(made).read_text(encoding='utf-8')
    assert page.count('<figure>') == 2
    assert page.count('data:image/jpeg') == 3  # the forged one with its outline, too
    assert 'copy move, 8.3%; &lt;healing&gt;' in page
    assert (
        write_gallery(made, limit=1).read_text(encoding='utf-8').count('<figure>') == 1
    )


def test_the_outline_is_the_mask_s():
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 20:40] = 1
    drawn = outlined(np.zeros((40, 60, 3), np.uint8), mask)
    assert drawn[10, 30].tolist() == [0, 255, 255]
    assert not drawn[15, 30].any() and not drawn[5, 5].any()


def test_other_folders(tmp_path, made):
    with pytest.raises(FileNotFoundError, match='no set'):
        write_gallery(tmp_path / 'images')
    with pytest.raises(ValueError, match='limit'):
        write_gallery(made, limit=0)
