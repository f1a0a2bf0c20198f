"""Metadata of an image file for a case report."""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import cv2
from PIL import ExifTags, Image

from mpc_mmseg.datasets.check.jpeg_quality import jpeg_quality
from mpc_mmseg.datasets.io.container import check_container, n_frames
from mpc_mmseg.datasets.io.image_io import (
    ImageReadError,
    damage_of,
    opened_header,
    read_image,
)
from mpc_mmseg.hashing import sha256
from mpc_mmseg.plain_text import plain_text

# A real thumbnail is small; a malicious one must not exhaust the memory.
_THUMBNAIL_PIXELS = 2**20
_EXIF_PARTS = {
    'Exif': ExifTags.IFD.Exif,
    'GPS': ExifTags.IFD.GPSInfo,
    'Interop': ExifTags.IFD.Interop,
    'Thumbnail': ExifTags.IFD.IFD1,
}
_POINTERS = {int(part) for part in ExifTags.IFD}
_SUBSAMPLING = {0: '4:4:4', 1: '4:2:2', 2: '4:2:0'}
_PHOTOSHOP_THUMBNAIL, _PHOTOSHOP_HEADER = 1036, 28


@dataclass(frozen=True)
class Thumbnail:
    """A thumbnail embedded in the file.

    Attributes:
        source: Where it is stored: 'EXIF' or 'Photoshop'.
        content: Its bytes as stored.
        png: The same picture decoded and re-encoded, as untrusted bytes must not
            reach a browser; None if it is damaged.
    """

    source: str
    content: bytes
    png: bytes | None


@dataclass(frozen=True)
class FileMetadata:
    """Metadata of a file. All texts are printable, see `plain_text`.

    Attributes:
        format: Pillow's name of the format.
        mode: Pillow's name of the pixel format.
        stored_size: (H, W) before rotation by the EXIF orientation.
        frames: Number of images in the file.
        jpeg: Quality estimate and quantisation tables; empty for other formats.
        exif: Part -> tag -> value.
        other: Further entries by name, such as comments and the software's name.
        thumbnails: Thumbnails in the file.
        problems: Messages about parts that could not be read.
    """

    format: str
    mode: str
    stored_size: tuple[int, int]
    frames: int
    jpeg: dict[str, Any] = field(default_factory=dict)
    exif: dict[str, dict[str, str]] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)
    thumbnails: tuple[Thumbnail, ...] = ()
    problems: tuple[str, ...] = ()


def file_metadata(content: bytes, name: str = 'image') -> FileMetadata:
    """Reads the metadata of an image file without decoding its pixels.

    Args:
        content: Content of the file.
        name: Name of the file, for messages.

    Raises:
        ImageReadError: If it is not an image.
    """
    try:
        file = BytesIO(content)
        check_container(file)
        # Pillow warns of damaged EXIF data; one photograph is read at a time.
        with (
            warnings.catch_warnings(record=True) as caught,
            opened_header(file) as image,
        ):
            warnings.simplefilter('always')
            problems = list(damage_of(content))
            found = FileMetadata(
                format=str(image.format),
                mode=image.mode,
                stored_size=(image.height, image.width),
                frames=n_frames(content)
                if image.format in ('TIFF', 'GIF')
                else int(getattr(image, 'n_frames', 1)),
                jpeg=_jpeg(image),
                exif=_exif(image, problems),
                other=_other(image.info),
                thumbnails=tuple(_thumbnails(image, problems)),
            )
        problems += [plain_text(each.message) for each in caught]
        return replace(found, problems=tuple(dict.fromkeys(problems)))
    except Exception as error:
        raise ImageReadError(
            f'{name}: is no image that can be read: {error}'
        ) from error


def _jpeg(image: Image.Image) -> dict[str, Any]:
    tables: Mapping[int, list[int]] = getattr(image, 'quantization', {})
    if image.format not in ('JPEG', 'MPO') or not tables:
        return {}
    from PIL.JpegImagePlugin import get_sampling

    quality, exact = jpeg_quality(tables)
    return {
        'quality': quality,
        'standard_table': exact,
        'subsampling': _SUBSAMPLING.get(get_sampling(image), 'other'),
        'progressive': bool(image.info.get('progressive')),
        'quantisation_tables': {
            str(number): [int(step) for step in tables[number]]
            for number in sorted(tables)
        },
    }


def _exif(image: Image.Image, problems: list[str]) -> dict[str, dict[str, str]]:
    parts: dict[str, dict[str, str]] = {}
    try:
        exif = image.getexif()
        found: dict[str, Mapping[int, Any]] = {'Image': dict(exif)}
        for part, number in _EXIF_PARTS.items():
            # Pillow before 13 raises KeyError for a missing part.
            with suppress(KeyError):
                found[part] = exif.get_ifd(number)
    except Exception as error:
        problems.append(f'EXIF data cannot be read: {plain_text(error)}')
        return {}
    for part, tags in found.items():
        names = ExifTags.GPSTAGS if part == 'GPS' else ExifTags.TAGS
        lines = {
            str(names.get(tag, f'tag {tag:#06x}')): plain_text(tags[tag])
            for tag in sorted(tags)
            if tag not in _POINTERS
        }
        if lines:
            parts[part] = lines
    return parts


def _other(info: Mapping[Any, Any]) -> dict[str, str]:
    known = ('exif', 'photoshop', 'progressive', 'progression', 'transparency')
    lines = {}
    for key in sorted(info, key=str):
        if key not in known:
            value = info[key]
            if key == 'icc_profile' and isinstance(value, bytes):
                digest = sha256(value)
                value = f'{len(value)} bytes, SHA-256 {digest}'
            lines[plain_text(key)] = plain_text(value)
    return lines


def _thumbnails(image: Image.Image, problems: list[str]) -> list[Thumbnail]:
    found = []
    try:
        tags = image.getexif().get_ifd(ExifTags.IFD.IFD1)
        start, length = tags.get(0x0201), tags.get(0x0202)
        raw = image.info.get('exif', b'').removeprefix(b'Exif\0\0')
        if start and length and (content := raw[start : start + length]):
            found.append(('EXIF', content))
        resources = image.info.get('photoshop')
        if isinstance(resources, dict):
            resource = resources.get(_PHOTOSHOP_THUMBNAIL, b'')
            if len(resource) > _PHOTOSHOP_HEADER:
                found.append(('Photoshop', resource[_PHOTOSHOP_HEADER:]))
    except Exception as error:
        problems.append(f'thumbnails cannot be read: {plain_text(error)}')
    thumbnails = []
    for source, content in found:
        try:
            pixels = read_image(content, f'{source} thumbnail', _THUMBNAIL_PIXELS)
            png = cv2.imencode('.png', pixels)[1].tobytes()
        except ImageReadError as error:
            problems.append(plain_text(error))
            png = None
        thumbnails.append(Thumbnail(source, content, png))
    return thumbnails
