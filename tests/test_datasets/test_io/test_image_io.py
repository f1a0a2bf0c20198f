import io
import warnings

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from mpc_mmseg.datasets.io.image_io import (
    ImageReadError,
    read_header,
    read_image,
    read_mask,
)

H, W = 24, 40
ORIENTATIONS = range(1, 9)


def photograph() -> np.ndarray:
    """(H, W, 3) uint8 RGB, smooth, unlike its own flips, rotations and channels."""
    y, x = np.mgrid[:H, :W]
    return np.stack([x * 6, y * 10, 40 + x + y], axis=-1).astype(np.uint8)


def disc() -> np.ndarray:
    """(H, W) uint8 0/1."""
    y, x = np.mgrid[:H, :W]
    return ((y - 8) ** 2 + (x - 12) ** 2 < 36).astype(np.uint8)


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[ExifTags.Base.Orientation] = orientation
    return data


@pytest.fixture
def saved(tmp_path):
    def save(image, name='file.png', **kwargs):
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image)
        path = tmp_path / name
        image.save(path, **kwargs)
        return path

    return save


class TestReadImage:
    def test_colour_is_bgr_contiguous_and_writable(self, saved):
        image = read_image(saved(photograph()))
        assert np.array_equal(image, photograph()[..., ::-1])
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous and image.flags.writeable

    def test_jpeg_decodes_as_opencv_does(self, saved):
        path = saved(photograph(), 'a.jpg', quality=90)
        assert np.array_equal(read_image(path), cv2.imread(str(path)))

    def test_grey(self, saved):
        grey = photograph()[..., 0]
        assert np.array_equal(read_image(saved(grey)), np.dstack([grey] * 3))

    def test_one_bit(self, saved):
        image = read_image(saved(disc().astype(bool)))
        assert np.array_equal(image, np.dstack([disc() * 255] * 3))

    @pytest.mark.parametrize('transparency', [None, 1, bytes([255, 0, 90])])
    def test_palette_keeps_colours_under_transparency(self, saved, transparency):
        image = Image.fromarray(disc() + (photograph()[..., 0] > 200))
        image.putpalette([10, 20, 30, 200, 100, 50, 0, 250, 7])
        kwargs = {} if transparency is None else {'transparency': transparency}
        colours = np.array([[10, 20, 30], [200, 100, 50], [0, 250, 7]], np.uint8)
        read = read_image(saved(image, **kwargs))
        assert np.array_equal(read[..., ::-1], colours[np.asarray(image)])

    def test_alpha_is_dropped_and_colour_kept(self, saved):
        rgba = np.dstack([photograph(), np.zeros((H, W), np.uint8)])
        assert np.array_equal(read_image(saved(rgba)), photograph()[..., ::-1])
        grey_alpha = Image.fromarray(rgba[..., [0, 3]], 'LA')
        expected = np.dstack([photograph()[..., 0]] * 3)
        assert np.array_equal(read_image(saved(grey_alpha)), expected)

    @pytest.mark.parametrize('name', ['a.png', 'a.tif'])
    def test_16_bit_grey_is_scaled_not_clipped(self, saved, name):
        grey = np.linspace(0, 65535, H * W).reshape(H, W).astype(np.uint16)
        image = read_image(saved(grey, name))
        assert image.min() == 0 and image.max() == 255
        assert np.abs(image[..., 0] - grey / 257).max() <= 0.5

    def test_16_bit_in_a_32_bit_file(self, saved):
        grey = np.linspace(0, 65535, H * W).reshape(H, W).astype(np.int32)
        image = read_image(saved(grey, 'a.tif'))
        assert np.abs(image[..., 0] - grey / 257).max() <= 0.5

    @pytest.mark.parametrize('name', ['a.png', 'a.tif'])
    def test_16_bit_colour_is_scaled_not_clipped(self, tmp_path, name):
        bgr = photograph()[..., ::-1].astype(np.uint16) * 257
        cv2.imwrite(str(tmp_path / name), bgr)
        image = read_image(tmp_path / name)
        assert np.array_equal(image, photograph()[..., ::-1])

    def test_cmyk(self, saved):
        path = saved(Image.fromarray(photograph()).convert('CMYK'), 'a.tif')
        assert np.array_equal(read_image(path), photograph()[..., ::-1])

    @pytest.mark.parametrize('orientation', ORIENTATIONS)
    @pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'a.tif', 'a.webp'])
    def test_exif_orientation(self, saved, orientation, name):
        kwargs = {'lossless': True} if name == 'a.webp' else {}
        path = saved(photograph(), name, exif=exif(orientation), **kwargs)
        with Image.open(path) as stored:
            expected = np.asarray(ImageOps.exif_transpose(stored).convert('RGB'))
        image = read_image(path)
        assert np.array_equal(image, expected[..., ::-1])
        assert image.flags.c_contiguous
        assert read_header(path) == image.shape[:2]
        assert image.shape[0] == (W if orientation >= 5 else H)

    def test_damaged_exif_does_not_matter(self, saved):
        path = saved(photograph(), 'a.jpg', exif=b'Exif\0\0MM\0*\xff\xff\xff\xff')
        assert read_image(path).shape == (H, W, 3)
        assert read_header(path) == (H, W)

    def test_content_instead_of_path(self, saved):
        path = saved(photograph())
        assert np.array_equal(read_image(path.read_bytes()), read_image(path))

    def test_float_is_refused(self, saved):
        path = saved(photograph()[..., 0].astype(np.float32), 'a.tif')
        with pytest.raises(ImageReadError, match=r'a\.tif: has floating-point pixels'):
            read_image(path)

    def test_float_colour_is_refused(self, tmp_path):
        cv2.imwrite(str(tmp_path / 'a.tif'), photograph().astype(np.float32))
        with pytest.raises(ImageReadError, match=r'a\.tif.*floating-point'):
            read_image(tmp_path / 'a.tif')

    def test_32_bit_is_refused(self, saved):
        path = saved(np.full((H, W), 70000, np.int32), 'a.tif')
        with pytest.raises(ImageReadError, match=r'a\.tif: has 32-bit pixels'):
            read_image(path)

    def test_pixel_limit(self, saved):
        path = saved(photograph())
        assert read_image(path, pixel_limit=H * W).shape == (H, W, 3)
        with pytest.raises(ImageReadError, match=f'{W} x {H} pixels.*pixel_limit=959'):
            read_image(path, pixel_limit=H * W - 1)

    def test_limit_of_pillow_does_not_count_and_stays(self, saved, monkeypatch):
        monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', H * W // 4)
        path = saved(photograph())
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            assert read_header(path) == (H, W)
            assert read_image(path, pixel_limit=H * W).shape == (H, W, 3)
        assert Image.MAX_IMAGE_PIXELS == H * W // 4


class TestReadMask:
    @pytest.mark.parametrize(
        'coded',
        [
            disc() * 255,
            disc(),
            disc().astype(bool),
            disc() * 128,
            disc().astype(np.uint16) * 65535,
            disc().astype(np.uint16),
            disc()[..., None] * np.array([0, 255, 0], np.uint8),
            disc()[..., None] * np.array([1, 1, 1], np.uint8),
        ],
        ids=['255', '01', '1bit', '128', '16bit', '16bit01', 'green', 'colour01'],
    )
    def test_codings(self, saved, coded):
        mask = read_mask(saved(coded))
        assert np.array_equal(mask, disc())
        assert mask.dtype == np.uint8 and mask.flags.c_contiguous
        assert mask.flags.writeable

    def test_threshold_is_half_of_the_range(self, saved):
        levels = np.array([[0, 1, 127, 128, 255]], np.uint8)
        assert read_mask(saved(levels)).tolist() == [[0, 0, 0, 1, 1]]
        levels = np.array([[0, 255, 32767, 32768, 65535]], np.uint16)
        assert read_mask(saved(levels)).tolist() == [[0, 0, 0, 1, 1]]

    def test_own_maximum_never_sets_the_threshold(self, saved):
        for levels in (disc() * 100, disc().astype(np.uint16) * 9000):
            with pytest.raises(ImageReadError, match='none above half'):
                read_mask(saved(levels))

    @pytest.mark.parametrize('levels', [[0, 1, 255], [0, 2], [0, 1, 2, 3], [0, 7, 255]])
    def test_label_maps_are_refused_with_their_levels(self, saved, levels):
        mask = np.resize(np.array(levels, np.uint8), (H, W))
        listed = ', '.join(map(str, levels))
        with pytest.raises(
            ImageReadError, match=rf'file\.png: has the levels {listed},.*mask_coding'
        ):
            read_mask(saved(mask))

    def test_declared_codings(self, saved):
        labels = saved(np.array([[0, 1, 255]], np.uint8))
        assert read_mask(labels, coding='0/1/255').tolist() == [[0, 1, 255]]
        assert read_mask(labels, coding='nonzero').tolist() == [[0, 1, 1]]
        with pytest.raises(ImageReadError, match='not only 0/1'):
            read_mask(labels, coding='0/1')
        ids = saved(np.array([[0, 2, 9]], np.uint8), 'ids.png')
        assert read_mask(ids, coding='nonzero').tolist() == [[0, 1, 1]]
        with pytest.raises(ImageReadError, match='0/1/255'):
            read_mask(ids, coding='0/1/255')
        dark = saved(np.array([[0, 255, 100]], np.uint8), 'dark.png')
        assert read_mask(dark, coding='inverted').tolist() == [[1, 0, 1]]
        ones = saved(np.array([[0, 1]], np.uint8), 'ones.png')
        assert read_mask(ones, coding='inverted').tolist() == [[1, 0]]
        with pytest.raises(ImageReadError, match='none above half'):
            read_mask(ones, coding='0/255')
        jpeg = saved(disc() * 255, 'a.jpg', quality=90)
        assert np.array_equal(read_mask(jpeg, coding='nonzero'), disc())
        with pytest.raises(ImageReadError, match='JPEG'):
            read_mask(jpeg, coding='0/1')

    def test_faint_jpeg_stays_empty(self, saved):
        path = saved(disc(), 'a.jpg', quality=95)
        with Image.open(path) as stored:
            assert np.asarray(stored).max() == 1
        assert read_mask(path).sum() == 0

    def test_jpeg(self, saved):
        mask = read_mask(saved(disc() * 255, 'a.jpg', quality=90))
        assert np.array_equal(mask, disc())

    @pytest.mark.parametrize(
        'palette, expected',
        [
            ([0, 0, 0, 128, 0, 0], disc()),
            ([0, 0, 0, 120, 120, 120], disc()),
            ([0, 0, 0, 1, 1, 1], disc()),
            ([255, 255, 255, 0, 0, 0], 1 - disc()),
            ([0, 0, 0, 0, 0, 0], disc() * 0),
        ],
        ids=['voc', 'dark', 'identity', 'swapped', 'black'],
    )
    def test_palette_of_two(self, saved, palette, expected):
        image = Image.fromarray(disc())
        image.putpalette(palette)
        assert np.array_equal(read_mask(saved(image)), expected)

    def test_palette_colours_decide(self, saved):
        image = Image.fromarray(disc() * 7)
        image.putpalette([0, 0, 0] + [9, 9, 9] * 6 + [0, 0, 200])
        assert np.array_equal(read_mask(saved(image)), disc())

    def test_transparent_palette_entry_is_black(self, saved):
        image = Image.fromarray(np.array([[0, 1, 2, 3]], np.uint8))
        image.putpalette([0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 0, 0])
        path = saved(image, transparency=bytes([255, 0, 255, 127]))
        assert read_mask(path).tolist() == [[0, 0, 1, 0]]

    def test_alpha_is_put_over_black(self, saved):
        white = np.full((H, W), 255, np.uint8)
        rgba = np.dstack([white, white, white, disc() * 200])
        assert np.array_equal(read_mask(saved(rgba)), disc())
        grey_alpha = Image.fromarray(rgba[..., 2:], 'LA')
        assert np.array_equal(read_mask(saved(grey_alpha)), disc())
        opaque = np.dstack([disc(), disc(), disc(), white])
        assert np.array_equal(read_mask(saved(opaque)), disc())

    def test_exif_orientation(self, saved):
        path = saved(disc() * 255, exif=exif(6))
        assert np.array_equal(read_mask(path), np.rot90(disc(), -1))
        assert read_header(path) == (W, H)

    def test_8_bit_values_in_16_bits_are_not_taken_for_empty(self, saved):
        path = saved(disc().astype(np.uint16) * 255)
        for coding in ('auto', '0/255', 'inverted'):
            with pytest.raises(ImageReadError, match=r'file\.png: a 16-bit mask.* 255'):
                read_mask(path, coding=coding)

    def test_declared_16_bit_masks_of_small_values(self, saved):
        ids = saved(disc().astype(np.uint16) * 7, 'ids.png')
        assert np.array_equal(read_mask(ids, coding='nonzero'), disc())
        labels = saved(disc().astype(np.uint16) * 255, 'labels.png')
        assert np.array_equal(read_mask(labels, coding='0/1/255'), disc() * 255)


class TestReadHeader:
    def test_png_with_exif_after_the_pixels(self, saved):
        path = saved(photograph(), exif=exif(6))
        content = path.read_bytes()
        start = content.index(b'eXIf') - 4
        end = start + 12 + int.from_bytes(content[start : start + 4], 'big')
        moved = content[:start] + content[end:-12] + content[start:end] + content[-12:]
        path.write_bytes(moved)
        assert read_header(path) == read_image(path).shape[:2] == (W, H)

    def test_pixels_are_not_decoded(self, saved):
        path = saved(np.random.default_rng(0).integers(0, 255, (H, W, 3), np.uint8))
        path.write_bytes(path.read_bytes()[:400])
        assert read_header(path) == (H, W)
        with pytest.raises(ImageReadError):
            read_image(path)

    def test_content_instead_of_path(self):
        buffer = io.BytesIO()
        Image.fromarray(photograph()).save(buffer, 'JPEG', exif=exif(8))
        assert read_header(buffer.getvalue()) == (W, H)


@pytest.mark.parametrize('read', [read_image, read_mask, read_header])
class TestBadFiles:
    def test_missing(self, read, tmp_path):
        with pytest.raises(ImageReadError, match=r'gone\.png: there is no such file'):
            read(tmp_path / 'gone.png')

    def test_empty(self, read, tmp_path):
        (tmp_path / 'a.png').touch()
        with pytest.raises(ImageReadError, match=r'a\.png: the file is empty'):
            read(tmp_path / 'a.png')
        with pytest.raises(ImageReadError, match=r'b\.png: the file is empty'):
            read(b'', 'b.png')

    def test_no_image(self, read, tmp_path):
        (tmp_path / 'a.jpg').write_text('<html>not found</html>')
        with pytest.raises(ImageReadError, match=r'a\.jpg: is not an image'):
            read(tmp_path / 'a.jpg')

    def test_folder(self, read, tmp_path):
        with pytest.raises(ImageReadError, match='cannot be opened'):
            read(tmp_path)


@pytest.mark.parametrize('read', [read_image, read_mask])
@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'a.tif'])
def test_truncated(read, name, saved):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = saved(noise, name)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(ImageReadError, match=rf'{name}: is (truncated|no image)'):
        read(path)


def test_damaged_png(saved):
    path = saved(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    content = bytearray(path.read_bytes())
    content[5000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ImageReadError, match=r'file\.png: is truncated or damaged'):
        read_image(path)
