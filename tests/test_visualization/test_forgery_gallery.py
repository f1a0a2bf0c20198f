import json
import re
from base64 import b64decode

import cv2
import numpy as np
import pytest

from mpc_mmseg.visualization.forgery_gallery import write_gallery


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
    text = write_gallery(made).read_text(encoding='utf-8')
    assert text.count('<figure') == 2
    assert text.count('data:image/jpeg') == 3  # the forged one with its outline, too
    assert 'copy move, 8.3%; &lt;healing&gt;' in text
    assert 'Content-Security-Policy' in text and 'name="viewport"' in text
    one = write_gallery(made, limit=1).read_text(encoding='utf-8')
    assert one.count('<figure') == 1


def test_the_second_picture_is_outlined_and_only_forged_ones_have_it(made):
    text = write_gallery(made).read_text(encoding='utf-8')
    forged, authentic = text.split('<figure')[1:]
    plain, outlined, alone = (
        cv2.imdecode(np.frombuffer(b64decode(each), np.uint8), cv2.IMREAD_COLOR)
        for each in re.findall(r'base64,([^"]+)', forged + authentic)
    )
    assert 'tabindex="0"' in forged and 'tabindex' not in authentic
    assert abs(plain.astype(int) - 90).max() <= 1 and (plain == alone).all()
    changed = abs(outlined.astype(int) - 90).max(axis=2) > 60
    assert changed[10, 20:40].any() and not changed[:4].any()


def test_other_folders(tmp_path, made):
    with pytest.raises(FileNotFoundError, match='no set'):
        write_gallery(tmp_path / 'images')
    with pytest.raises(ValueError, match='limit'):
        write_gallery(made, limit=0)
