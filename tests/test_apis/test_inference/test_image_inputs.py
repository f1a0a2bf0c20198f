from io import BytesIO

import numpy as np
import pytest
from bright_is_forged import write_image
from PIL import ExifTags, Image, features

from mpc_mmseg.apis.inference.image_inputs import expand, path_of, pixels_of
from mpc_mmseg.datasets.io.image_io import ImageReadError


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        list(expand(tmp_path))
    with pytest.raises(FileNotFoundError, match=r'pattern .*\*\.jpg'):
        list(expand(tmp_path / '*.jpg'))


def test_patterns_folders_and_iterators(tmp_path):
    for name in ('a.png', 'b.png', 'deep/c.png', 'odd[1].png'):
        write_image(tmp_path / name)
    assert len(list(expand(tmp_path))) == 4
    assert len(list(expand(str(tmp_path / '*.png')))) == 3
    assert len(list(expand(tmp_path / '**/*.png'))) == 4
    assert list(expand(tmp_path / 'odd[1].png')) == [tmp_path / 'odd[1].png']

    def endless():
        while True:
            yield tmp_path / 'a.png'

    assert next(expand(endless())) == tmp_path / 'a.png'


def test_every_kind_of_input_gives_the_same_pixels(tmp_path):
    image = write_image(tmp_path / 'a.png')
    opened = Image.open(tmp_path / 'a.png')
    content = (tmp_path / 'a.png').read_bytes()
    made = Image.fromarray(np.ascontiguousarray(image[..., ::-1]))
    for item in (tmp_path / 'a.png', image, content, opened, made):
        assert (pixels_of(item) == image).all()
    assert path_of(opened) == str(tmp_path / 'a.png')
    assert path_of(made) is None is path_of(content)
    for item in (content, opened):
        with pytest.raises(ImageReadError, match=r'50 x 40 pixels.*pixel_limit=100'):
            pixels_of(item, pixel_limit=100)
    with pytest.raises(ValueError, match='must have pixels'):
        pixels_of(image[:0])


@pytest.mark.parametrize('kind', ['webp', 'avif'])
def test_modern_formats_where_pillow_decodes_them(kind):
    if not features.check(kind):
        pytest.skip(f'this Pillow has no {kind}')
    file = BytesIO()
    Image.new('RGB', (32, 16), (200, 100, 50)).save(file, kind)
    pixels = pixels_of(file.getvalue())
    assert pixels.shape == (16, 32, 3)
    assert np.abs(pixels.mean((0, 1)) - (50, 100, 200)).max() < 5


def test_the_first_frame_of_an_animation_counts():
    file = BytesIO()
    frames = [Image.new('RGB', (8, 8), colour) for colour in ('red', 'blue')]
    frames[0].save(file, 'gif', save_all=True, append_images=frames[1:])
    assert (pixels_of(file.getvalue()) == (0, 0, 255)).all()


def test_an_avif_file_is_turned_upright():
    if not features.check('avif'):
        pytest.skip('this Pillow has no avif')
    picture = Image.new('RGB', (64, 32), (200, 100, 50))
    picture.paste((10, 20, 200), (0, 0, 16, 32))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    file = BytesIO()
    picture.save(file, 'avif', quality=95, exif=exif)
    pixels = pixels_of(file.getvalue()).astype(int)
    # The left of the stored picture is the top of the upright one.
    assert pixels.shape == (64, 32, 3)
    assert np.abs(pixels[:12].mean((0, 1)) - (200, 20, 10)).max() < 8
    assert np.abs(pixels[20:].mean((0, 1)) - (50, 100, 200)).max() < 8


def test_heic_where_pillow_heif_is_there():
    pytest.importorskip('pillow_heif', reason='no HEIC: pip install mpc_mmseg[heif]')
    file = BytesIO()
    Image.new('RGB', (64, 32), (200, 100, 50)).save(file, 'heif', quality=95)
    pixels = pixels_of(file.getvalue())
    assert pixels.shape == (32, 64, 3)
    assert np.abs(pixels.mean((0, 1)) - (50, 100, 200)).max() < 5


def test_a_cmyk_jpeg():
    file = BytesIO()
    Image.new('RGB', (32, 16), (200, 100, 50)).convert('CMYK').save(file, 'jpeg')
    assert np.abs(pixels_of(file.getvalue()) - np.array([50, 100, 200])).max() < 6
