from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mpc_mmseg.datasets import RandomJPEG
from mpc_mmseg.datasets.degradation import encode_jpeg

# Annex K of the JPEG standard, the first row of the luminance and chrominance tables.
LUMA = np.array([16, 11, 10, 16, 24, 40, 51, 61])
CHROMA = np.array([17, 18, 24, 47, 99, 99, 99, 99])


def scaled(table, quality):
    """The Independent JPEG Group's scaling of a table to a quality."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((table * percent + 50) // 100, 1, 255)


@pytest.fixture
def photograph():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (48, 64, 3), np.uint8)


@pytest.mark.parametrize('quality', [30, 50, 63, 75, 90, 95, 100])
def test_written_tables_are_those_of_the_quality(photograph, quality):
    with Image.open(BytesIO(encode_jpeg(photograph, quality).tobytes())) as image:
        luma, chroma = image.quantization[0], image.quantization[1]
        assert image.layer[0][1:3] == (2, 2)  # 4:2:0
    assert np.array_equal(luma[:8], scaled(LUMA, quality))
    assert np.array_equal(chroma[:8], scaled(CHROMA, quality))


def test_image_is_what_the_file_holds(photograph):
    results = RandomJPEG(quality=(70, 70))({'img': photograph})
    with Image.open(BytesIO(encode_jpeg(photograph, 70).tobytes())) as image:
        decoded = np.asarray(image)[..., ::-1]
    # Pillow and OpenCV may carry two builds of libjpeg
    assert np.abs(results['img'].astype(int) - decoded).max() <= 1


def test_full_chroma_keeps_the_colours_resolution(photograph):
    content = encode_jpeg(photograph, 70, full_chroma=True).tobytes()
    with Image.open(BytesIO(content)) as image:
        assert image.layer[0][1:3] == (1, 1)  # 4:4:4
    np.random.seed(0)
    transform = RandomJPEG(quality=(70, 70), full_chroma=0.3)
    drawn = [transform.random_chroma() for _ in range(1000)]
    assert np.mean(drawn) == pytest.approx(0.3, abs=0.05)
    with pytest.raises(ValueError, match=r'full_chroma .* 1\.5'):
        RandomJPEG(full_chroma=1.5)


def test_both_ends_are_drawn():
    np.random.seed(0)
    transform = RandomJPEG()
    drawn = [transform.random_quality() for _ in range(2000)]
    assert set(drawn) == set(range(50, 96))


@pytest.mark.parametrize('quality', [(0, 90), (50, 101), (50.5, 60), 75])
def test_bad_qualities(quality):
    with pytest.raises(ValueError, match='quality'):
        RandomJPEG(quality=quality)
