from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mpc_mmseg.datasets.check.jpeg_quality import jpeg_quality


@pytest.mark.parametrize('quality', [1, 10, 49, 50, 75, 90, 95, 100])
def test_the_quality_given_to_libjpeg(quality):
    file = BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file, 'JPEG', quality=quality)
    tables = Image.open(file).quantization
    assert jpeg_quality(tables) == (quality, True)


def test_other_tables_get_the_nearest_quality():
    file = BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(file, 'JPEG', quality=80)
    table = list(Image.open(file).quantization[0])
    table[5] += 1
    assert jpeg_quality({0: table}) == (80, False)
