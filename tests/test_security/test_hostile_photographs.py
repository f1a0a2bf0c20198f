"""Files of an opponent: no program starts, nothing hangs, damage is named."""

import io
import os
import re
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpc_mmseg.apis.inference.image_by_image import ImageByImage
from mpc_mmseg.datasets.check.measure import measure
from mpc_mmseg.datasets.io import decoding_process, image_io
from mpc_mmseg.datasets.io.image_io import (
    ImageReadError,
    damage_of,
    read_header,
    read_image,
    read_mask,
)
from mpc_mmseg.datasets.lists.list_file import ListEntry
from mpc_mmseg.forensics.evidence.file_metadata import file_metadata

PACKAGE = Path(image_io.__file__).parents[2]
EPS = b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n{} loop\n'
EOI = b'\xff\xd9'
H, W = 96, 128


@pytest.fixture(autouse=True)
def no_programs(monkeypatch, request):
    if 'process' in request.node.name:
        return

    def refuse(*args, **kwargs):
        raise AssertionError(f'a program was started: {args}')

    monkeypatch.setattr(subprocess, 'Popen', refuse)
    monkeypatch.setattr(os, 'system', refuse)


def encoded(kind='JPEG', seed=0, size=(H, W), **kwargs):
    """A textured photograph as a file."""
    noise = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
    smooth = Image.fromarray(noise).resize(size[::-1], box=(0, 0, 40, 30))
    file = io.BytesIO()
    smooth.save(file, kind, **kwargs)
    return file.getvalue()


def test_images_are_opened_at_one_place_with_a_list_of_formats():
    pattern = re.compile(r'Image\.open\((.*)|(cv2\.imread\(|imageio|torchvision\.io)')
    opened = {}
    for path in PACKAGE.rglob('*.py'):
        for line in path.read_text().splitlines():
            if 'OnnxEngine(' not in line and (found := pattern.search(line)):
                opened.setdefault(path.name, []).append(found[0])
    assert set(opened) == {'image_io.py', 'jpeg_damage.py'}
    assert all('formats=' in call for calls in opened.values() for call in calls)


@pytest.mark.parametrize('read', [read_image, read_mask, read_header])
@pytest.mark.parametrize('name', ['photo.eps', 'photo.jpg', 'photo.png'])
def test_postscript_starts_no_interpreter(tmp_path, read, name):
    path = tmp_path / name
    path.write_bytes(EPS)
    with pytest.raises(ImageReadError, match='is not an image'):
        read(path)
    with pytest.raises(ImageReadError):
        file_metadata(EPS, name)


def test_postscript_as_a_thumbnail_is_a_problem_of_the_file():
    exif = Image.Exif()
    exif.get_ifd(0x8769)
    # A directory of thumbnails by hand: Pillow writes none.
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, 56), (0x0202, 4, 1, len(EPS))]
    first = struct.pack('<HI', 0, 14)
    second = struct.pack('<H', 3) + b''.join(
        struct.pack('<HHII', *entry) for entry in entries
    )
    raw = b'II*\0' + struct.pack('<I', 8) + first + second + bytes(4)
    assert len(raw) == 56
    content = encoded(exif=b'Exif\0\0' + raw + EPS)
    metadata = file_metadata(content)
    [thumbnail] = metadata.thumbnails
    assert thumbnail.content == EPS and thumbnail.png is None
    assert any('thumbnail: is not an image' in each for each in metadata.problems)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='no pipes here')
@pytest.mark.parametrize('read', [read_image, read_mask, read_header, damage_of])
def test_pipes_devices_and_huge_files_are_refused_at_once(tmp_path, read):
    pipe, device, huge = (tmp_path / f'{n}.jpg' for n in ('pipe', 'device', 'huge'))
    os.mkfifo(pipe)
    device.symlink_to('/dev/zero')
    with open(huge, 'wb') as file:
        file.truncate(40 * 2**30)
    for path, reason in (
        (pipe, 'no regular file'),
        (device, 'no regular file'),
        (huge, 'more than'),
    ):
        with pytest.raises(OSError, match=rf'{path.name}.*{reason}'):
            read(path)
        facts = measure(ListEntry(str(path)))
        assert [kind for kind, _ in facts.defects] == ['unreadable file']


def tiff(*pages, tags=()):
    """Pages (width, height, NewSubfileType), of which the pixels are missing."""
    parts, at = [b'II*\0' + struct.pack('<I', 8)], 8
    for number, (width, height, subfile) in enumerate(pages):
        own = [(254, 4, 1, subfile), (256, 4, 1, width), (257, 4, 1, height)]
        own = sorted([*own, *(tags if number == 0 else ())])
        at += 2 + 12 * len(own) + 4
        following = at if number + 1 < len(pages) else 0
        parts.append(struct.pack('<H', len(own)))
        parts += [struct.pack('<HHII', *tag) for tag in own]
        parts.append(struct.pack('<I', following))
    return b''.join(parts)


def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack('>H', len(content) + 2) + content


def many_scans(n):
    """A progressive JPEG whose last scan stands there n times."""
    content = encoded(progressive=True)
    last = content.rindex(b'\xff\xda')
    return content[:last] + content[last:-2] * n + EOI


def png_with(chunks):
    content = encoded('PNG')
    return content[:33] + chunks + content[33:]


EXCESSIVE = {
    'pages': lambda: tiff(*[(8, 8, 0)] * 2000),
    'values': lambda: tiff((8, 8, 0), tags=[(273, 4, 2**24, 8)]),
    'shared bytes': lambda: (
        tiff((8, 8, 0), tags=[(600 + i, 7, 2**20, 8) for i in range(400)])
        + bytes(2**20)
    ),
    'tiles': lambda: tiff((8, 8, 0), tags=[(324, 4, 2**17, 8)]) + bytes(2**19),
    'tags': lambda: tiff((8, 8, 0), tags=[(600 + i, 3, 1, 8) for i in range(900)]),
    'scans': lambda: many_scans(2000),
    'padding': lambda: encoded()[:2] + b'\xff' * 10**6 + encoded()[2:],
    'segments': lambda: encoded()[:2] + segment(0xFE, b'') * 20_000 + encoded()[2:],
    'chunks': lambda: png_with((struct.pack('>I', 0) + b'teXt' + bytes(4)) * 5000),
    'frames': lambda: (
        encoded('GIF')[:-1]
        + (b',' + bytes(4) + b'\1\0\1\0\0' + b'\2\2L\1\0') * 2000
        + b';'
    ),
    'blocks': lambda: (
        encoded('GIF')[:13]
        + bytes(3 * 2 ** ((encoded('GIF')[10] & 7) + 1))
        + b'!\xfe\0' * 310_000
    ),
}


@pytest.mark.parametrize('kind', EXCESSIVE)
def test_containers_that_keep_a_decoder_busy_are_refused(kind):
    content = EXCESSIVE[kind]()
    with pytest.raises(ImageReadError, match='which no photograph needs'):
        read_image(content, kind)
    with pytest.raises(ImageReadError, match='which no photograph needs'):
        file_metadata(content, kind)


NOT_THE_PHOTOGRAPH = {
    'camera raw': tiff((8, 8, 0), tags=[(50706, 1, 4, 0x401)]),
    'reduced version': tiff((8, 8, 1), (64, 64, 0)),
    'but has': tiff((8, 8, 0), (64, 64, 0)),
    'camera raw file': tiff((8, 8, 0), tags=[(262, 3, 1, 32803)]),
    'one of 64 x 64': tiff((8, 8, 0), tags=[(330, 4, 1, 62)])[:58]
    + bytes(4)
    + tiff((64, 64, 0))[8:],
}


@pytest.mark.parametrize('reason', NOT_THE_PHOTOGRAPH)
def test_a_preview_is_not_read_in_place_of_the_photograph(reason):
    with pytest.raises(ImageReadError, match=reason):
        read_image(NOT_THE_PHOTOGRAPH[reason])


def test_ordinary_files_of_each_format_are_read():
    for kind in ('JPEG', 'PNG', 'TIFF', 'WEBP', 'BMP', 'GIF', 'PPM'):
        assert read_image(encoded(kind)).shape == (H, W, 3)
    pages = io.BytesIO()
    page = Image.new('RGB', (W, H))
    page.save(pages, 'TIFF', save_all=True, append_images=[page] * 3)
    assert read_image(pages.getvalue()).shape == (H, W, 3)
    assert file_metadata(pages.getvalue()).frames == 4
    reduced = Image.new('RGB', (W // 2, H // 2))
    pages = io.BytesIO()
    page.save(pages, 'TIFF', save_all=True, append_images=[reduced])
    assert read_image(pages.getvalue()).shape == (H, W, 3)


CODINGS = {
    'baseline': dict(quality=90),
    'grey or small': dict(quality=60, subsampling=0),
    'optimised': dict(quality=85, optimize=True),
    'progressive': dict(quality=90, progressive=True),
    'restarts': dict(quality=90, restart_marker_blocks=4),
}


def middle(content):
    first = content.index(b'\xff\xda')
    return first + (len(content) - first) // 2


DAMAGE = {
    'second half zeroed': lambda c: (
        c[: middle(c)] + bytes(len(c) - middle(c) - 2) + EOI
    ),
    'hole': lambda c: c[: middle(c)] + c[middle(c) + len(c) // 8 :],
    'half and an end': lambda c: c[: middle(c)] + EOI,
    "another file's tail": lambda c: (
        c[: middle(c)] + encoded(seed=5, quality=75)[-3000:]
    ),
}


@pytest.mark.parametrize('coding', CODINGS)
def test_an_undamaged_jpeg_has_no_damage(coding):
    for seed in range(4):
        for size in ((H, W), (95, 127), (8, 8), (1, 1), (17, 200)):
            content = encoded(seed=seed, size=size, **CODINGS[coding])
            assert damage_of(content) == ()
            assert damage_of(content + b'appended') == ()


@pytest.mark.parametrize('coding', CODINGS)
@pytest.mark.parametrize('damage', DAMAGE)
def test_damage_is_refused_or_named(coding, damage, tmp_path):
    content = DAMAGE[damage](encoded(**CODINGS[coding]))
    path = tmp_path / 'photo.jpg'
    path.write_bytes(content)
    kinds = {kind for kind, _ in measure(ListEntry(str(path))).defects}
    try:
        read_image(path)
    except ImageReadError:
        assert kinds & {'truncated file', 'unreadable file'}
        return
    assert kinds == {'damaged file'}
    [text] = damage_of(path)
    assert text.startswith('is damaged: ')
    assert text in file_metadata(content).problems


def test_a_jpeg_that_claims_any_size_has_no_damage_but_an_error():
    content = encoded()
    at = content.index(b'\xff\xc0') + 5
    content = content[:at] + b'\xff' * 4 + content[at + 4 :]
    for read in (damage_of, read_image, file_metadata):
        with pytest.raises(ImageReadError):
            read(content)


def test_a_complete_picture_that_lacks_its_end_marker_is_read():
    for coding in CODINGS.values():
        content = encoded(**coding)
        assert content.endswith(EOI)
        assert np.array_equal(read_image(content[:-2]), read_image(content))
        with pytest.raises(ImageReadError):
            read_image(content[:-200])


def test_damage_travels_with_the_prediction(tmp_path):
    class Dark(ImageByImage):
        def __init__(self):
            super().__init__(0.5, 1, None, None, 10**6)

        def network(self, images):
            return [np.zeros(each['img_shape'], np.float32) for each in images]

    path = tmp_path / 'photo.jpg'
    path.write_bytes(DAMAGE['half and an end'](encoded()))
    [prediction] = Dark()([path])
    assert prediction.error is None and 'end before' in prediction.warnings[0]


def test_a_process_of_its_own_decodes_what_may_be_slow(monkeypatch):
    content = encoded('JPEG2000')
    expected = read_image(content)
    monkeypatch.setattr(image_io, '_LARGE', 64)
    assert np.array_equal(read_image(content), expected)
    with pytest.raises(ImageReadError, match='pixel_limit=50'):
        read_image(content, pixel_limit=50)
    with pytest.raises(ImageReadError, match='photo: is truncated or damaged'):
        read_image(content[: len(content) // 2], 'photo')


def test_a_small_file_of_many_pixels_may_be_slow_as_well(monkeypatch):
    file = io.BytesIO()
    Image.new('RGB', (W, H)).save(file, 'JPEG2000')
    monkeypatch.setattr(image_io, 'decode_in_process', lambda *_: 'a process')
    for limit, slow in ((4 * H * W - 4, True), (4 * H * W, False)):
        assert len(file.getvalue()) <= limit // 64
        monkeypatch.setattr(image_io, '_LARGE', limit)
        assert isinstance(read_image(file.getvalue()), str) is slow


def test_the_process_that_decodes_has_a_deadline():
    with pytest.raises(ValueError, match='takes longer than'):
        decoding_process.decode_in_process(encoded(), 10**6, seconds=0.01)
