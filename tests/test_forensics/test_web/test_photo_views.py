import base64

import cv2
import numpy as np
import pytest
import torch

from mpc_mmseg.apis.inference.inferencer import Prediction
from mpc_mmseg.forensics.case.case import Analysis
from mpc_mmseg.forensics.evidence.file_metadata import FileMetadata
from mpc_mmseg.forensics.web.photo_views import overlay_view, similarity_view
from mpc_mmseg.visualization.pages import data_url, render_part
from mpc_mmseg.visualization.pictures import Picture

NASTY = '"><script>.html'


@pytest.fixture
def analysis():
    """The left half of the map is 0.8, the embeddings of the halves are orthogonal."""
    prob = np.full((40, 60), 0.2, np.float32)
    prob[:, :30] = 0.8
    embeddings = torch.zeros(2, 10, 20)
    embeddings[0, :, :10] = 1
    embeddings[1, :, 10:] = 1
    image = np.full((40, 60, 3), 100, np.uint8)
    prediction = Prediction(None, image=image, prob=prob, image_score=0.8)
    metadata = FileMetadata('PNG', 'RGB', (40, 60), 1)
    return Analysis('a.png', b'', metadata, prediction, embeddings, {})


def decoded(picture):
    return cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR).astype(
        int
    )


def test_threshold_and_opacity(analysis):
    picture, share = overlay_view(analysis, 0.5, 1.0)
    picture = decoded(picture)
    assert share == 0.5 and picture.shape == (40, 60, 3)
    # Red on the left, the photograph on the right.
    assert picture[20, 12, 2] - picture[20, 12, 0] > 100
    assert abs(picture[20, 50] - 100).max() < 8
    assert overlay_view(analysis, 0.9, 1.0)[1] == 0
    assert abs(decoded(overlay_view(analysis, 0.9, 1.0)[0]) - 100).max() < 4
    with pytest.raises(ValueError, match=r'threshold.*2'):
        overlay_view(analysis, 2, 0.5)
    with pytest.raises(ValueError, match=r'opacity.*-0\.1'):
        overlay_view(analysis, 0.5, -0.1)


def test_the_clicked_pixel_is_like_its_own_half(analysis):
    picture, pixel = similarity_view(analysis, 0.9, 0.25)
    assert pixel == (54, 10)
    picture = decoded(picture)
    assert picture[35, 40].sum() > picture[35, 10].sum() + 100
    assert similarity_view(analysis, 1, 1)[1] == (59, 39)
    with pytest.raises(ValueError, match='shares'):
        similarity_view(analysis, 1.5, 0.2)


def test_links_hold_the_file_and_escape_its_name():
    url = data_url('täxt'.encode(), 'text/html')
    link = render_part('web_page.html', 'links', [(NASTY, '<b>Save', url)], 0.5)
    assert '<script>' not in link and '<b>' not in link
    data = link.split('base64,')[1].split('"')[0]
    assert base64.b64decode(data).decode() == 'täxt'
    picture = Picture(b'jpeg')
    tag = render_part('web_page.html', 'overlay', picture, 0.5, 0.25)
    assert base64.b64encode(b'jpeg').decode() in tag and '25.00 %' in tag
    tag = render_part('elements.html', 'image', picture, NASTY)
    assert '<script>' not in tag and base64.b64encode(b'jpeg').decode() in tag


def test_texts_are_escaped():
    reliability = {'level': None, 'meaning': NASTY}
    for part in (
        render_part('web_page.html', 'problem', NASTY),
        render_part('web_page.html', 'verdict', [NASTY], reliability),
    ):
        assert '<script' not in part and '&lt;script&gt;' in part
