import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from mpc_mmseg.datasets.io.image_io import ImageReadError
from mpc_mmseg.forensics.evidence.file_metadata import file_metadata

PIXELS = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)


def saved(image=None, **options):
    buffer = BytesIO()
    (image or Image.fromarray(PIXELS)).save(buffer, **options)
    return buffer.getvalue()


def exif_with_thumbnail(thumbnail):
    """EXIF data by hand: two directories of little-endian entries, then the JPEG."""

    def entry(tag, kind, count, value):
        return b''.join(
            number.to_bytes(size, 'little')
            for number, size in ((tag, 2), (kind, 2), (count, 4), (value, 4))
        )

    first = (1).to_bytes(2, 'little') + entry(0x0112, 3, 1, 6)
    second_at = 8 + len(first) + 4
    second_length = 2 + 2 * 12 + 4
    second = (2).to_bytes(2, 'little')
    second += entry(0x0201, 4, 1, second_at + second_length)
    second += entry(0x0202, 4, 1, len(thumbnail)) + bytes(4)
    head = b'II*\0' + (8).to_bytes(4, 'little')
    body = head + first + second_at.to_bytes(4, 'little') + second
    return b'Exif\0\0' + body + thumbnail


def test_jpeg_tables_quality_and_sampling():
    found = file_metadata(saved(format='JPEG', quality=83, subsampling=1))
    assert (found.format, found.mode, found.stored_size) == ('JPEG', 'RGB', (48, 64))
    assert found.jpeg['quality'] == 83 and found.jpeg['standard_table'] is True
    assert found.jpeg['subsampling'] == '4:2:2' and not found.jpeg['progressive']
    tables = found.jpeg['quantisation_tables']
    # 16, the first step of table K.1, at quality 83: (16 * 34 + 50) // 100.
    assert list(tables) == ['0', '1'] and tables['0'][0] == 5
    own = {0: [7] * 64, 1: [9] * 64}
    found = file_metadata(saved(format='JPEG', qtables=own))
    assert found.jpeg['standard_table'] is False
    assert found.jpeg['quantisation_tables']['1'] == [9] * 64


def test_exif_values_are_text():
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = '<script>alert(1)</script>\x1b[31m'
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ISOSpeedRatings] = 200
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = 'N'
    found = file_metadata(saved(format='JPEG', exif=exif, comment=b'made \x00by'))
    assert found.exif['Image'] == {'Software': '<script>alert(1)</script>\\x1b[31m'}
    assert found.exif['Exif'] == {'ISOSpeedRatings': '200'}
    assert found.exif['GPS'] == {'GPSLatitudeRef': 'N'}
    assert '6d 61 64 65 20 00' in found.other['comment']


def test_a_thumbnail_is_found_and_encoded_again():
    small = saved(Image.fromarray(PIXELS[:12, :16]), format='JPEG')
    content = saved(format='JPEG', exif=exif_with_thumbnail(small))
    found = file_metadata(content)
    [thumbnail] = found.thumbnails
    assert thumbnail.source == 'EXIF' and thumbnail.content == small
    assert Image.open(BytesIO(thumbnail.png)).size == (16, 12)
    assert found.stored_size == (48, 64) and found.problems == ()


def test_a_damaged_thumbnail_is_reported_and_not_shown():
    content = saved(format='JPEG', exif=exif_with_thumbnail(b'<svg onload=alert(1)>'))
    found = file_metadata(content)
    assert found.thumbnails[0].png is None
    assert 'EXIF thumbnail' in found.problems[0]


def test_damaged_exif_is_a_problem_and_no_error():
    found = file_metadata(saved(format='JPEG', exif=b'Exif\0\0II*\0\xff\xff'))
    assert found.exif == {} and found.stored_size == (48, 64)


def test_other_formats_have_no_jpeg_part():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
    found = file_metadata(saved(format='PNG', icc_profile=profile))
    assert found.jpeg == {} and found.thumbnails == ()
    assert hashlib.sha256(profile).hexdigest() in found.other['icc_profile']


def test_what_is_no_image_is_named():
    with pytest.raises(ImageReadError, match=r'notes\.txt'):
        file_metadata(b'no image', 'notes.txt')
