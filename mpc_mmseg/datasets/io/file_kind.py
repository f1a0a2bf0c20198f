"""Size, format and JPEG quality of images' files, from their headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from mpc_mmseg.datasets.check.jpeg_quality import jpeg_quality
from mpc_mmseg.regular_file import open_regular

from .image_io import Source, opened_header


@dataclass(frozen=True)
class FileKind:
    """Pillow's format (MPO is JPEG), number of pixels, estimated JPEG quality."""

    format: str
    pixels: int
    quality: int | None = None


@dataclass(frozen=True)
class FileRange:
    """Formats, and least and greatest pixels and JPEG quality; empty without any."""

    formats: list[str]
    pixels: list[int]
    qualities: list[int]

    @classmethod
    def of(cls, kinds: Sequence[FileKind]) -> FileRange:
        """The range of some files."""
        pixels = [kind.pixels for kind in kinds]
        qualities = [kind.quality for kind in kinds if kind.quality is not None]
        ends = [min(qualities), max(qualities)] if qualities else []
        formats = sorted({kind.format for kind in kinds})
        return cls(formats, [min(pixels), max(pixels)], ends)

    def __and__(self, other: FileRange) -> FileRange:
        """What two ranges have in common."""
        return FileRange(
            sorted(set(self.formats) & set(other.formats)),
            _overlap(self.pixels, other.pixels),
            _overlap(self.qualities, other.qualities),
        )

    def __bool__(self) -> bool:
        qualities = bool(self.qualities) or 'JPEG' not in self.formats
        return bool(self.formats and self.pixels and qualities)

    def __contains__(self, kind: FileKind) -> bool:
        return (self & FileRange.of([kind])) == FileRange.of([kind])

    def __str__(self) -> str:
        quality = f', JPEG quality {_span(self.qualities)}' if self.qualities else ''
        return f'{" or ".join(self.formats)}, {_span(self.pixels)} pixels{quality}'


def file_kind(source: Source | Image.Image) -> FileKind | None:
    """Reads the kind of a file, or of an image that Pillow has opened.

    Returns:
        None for an image of Pillow that does not come from a file.

    Raises:
        OSError: If it is not the file of an image.
    """
    if not isinstance(source, Image.Image):
        file = BytesIO(source) if isinstance(source, bytes) else open_regular(source)
        with file, opened_header(file) as image:
            return file_kind(image)
    if source.format is None:
        return None
    kind = 'JPEG' if source.format == 'MPO' else source.format
    tables = getattr(source, 'quantization', None) if kind == 'JPEG' else None
    quality = jpeg_quality(tables)[0] if tables else None
    return FileKind(kind, source.width * source.height, quality)


def _overlap(one: list[int], other: list[int]) -> list[int]:
    ends = [max(one[:1] + other[:1]), min(one[1:] + other[1:])] if one and other else []
    return ends if ends and ends[0] <= ends[1] else []


def _span(ends: list[int]) -> str:
    return ' to '.join(f'{end:,}' for end in sorted(set(ends))) or 'no common number of'
