import cv2
import numpy as np
import pytest

from mpc_mmseg.apis.inference.inferencer import Prediction
from mpc_mmseg.apis.inference.prediction_files import (
    PICTURES,
    output_names,
    result_line,
    write_prediction,
)


def test_names_are_short_where_they_can_be():
    paths = ['in/a.jpg', 'in/sub/a.jpg', 'in/sub/b.c.png']
    assert output_names(paths, 'in') == ['a', 'sub/a', 'sub/b.c']
    assert output_names(['elsewhere/a.jpg'], 'in') == ['a']


def test_no_two_outputs_share_a_name():
    paths = ['in/a.jpg', 'in/a.png', 'in/A.PNG', 'in/a_jpg.png', 'in/sub/a.jpg']
    names = output_names(paths, 'in')
    assert len({name.lower() for name in names}) == 5
    assert names[3:] == ['a_jpg', 'sub/a']
    assert names[1] == 'a_png'


def make_prediction():
    rng = np.random.default_rng(0)
    prob = rng.random((30, 44)).astype(np.float32)
    return Prediction(
        path='in/a.jpg',
        image=rng.integers(0, 256, (30, 44, 3), dtype=np.uint8),
        prob=prob,
        mask=(prob > 0.9).astype(np.uint8),
        image_score=float(prob.max()),
        forged_share=0.1,
    )


def test_pictures_hold_what_was_predicted(tmp_path):
    prediction = make_prediction()
    files = write_prediction(prediction, tmp_path, 'sub/a', 0.5, PICTURES)
    assert files == [f'sub/a_{k}.png' for k in ('mask', 'prob', 'overlay', 'heatmap')]
    mask, prob, overlay, heat = (
        cv2.imread(str(tmp_path / file), cv2.IMREAD_UNCHANGED) for file in files
    )
    assert (mask == prediction.mask * 255).all() and mask.ndim == 2
    assert heat.shape[1] > 44 and overlay.shape[0] > 30
    assert prob.dtype == np.uint16
    assert prob / 65535 == pytest.approx(prediction.prob, abs=1e-5)
    assert len(write_prediction(prediction, tmp_path, 'b', 0.5)) == 3
    assert not list(tmp_path.rglob('*.partial'))


def test_lines():
    line = result_line(make_prediction(), 0.5, ['a_mask.png'])
    assert line['size'] == [30, 44] and line['files'] == ['a_mask.png']
    failed = Prediction('in/b.jpg', error='b.jpg is cut short')
    assert result_line(failed, 0.5, []) == {
        'path': 'in/b.jpg',
        'error': 'b.jpg is cut short',
    }
