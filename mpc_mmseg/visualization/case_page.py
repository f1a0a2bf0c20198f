"""The page of a case: one image, what was found, and what it is worth."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import cv2
import numpy as np

from .html_elements import (
    Picture,
    Section,
    definitions,
    heat_map_legend,
    page,
    paragraph,
    section,
)
from .overlay import colour_scale, heat_map, outline

#: Longer side of the pictures on the page, in pixels: that of a screen or a sheet.
_LONGEST = 1400
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)


def case_pictures(
    image: np.ndarray, prob: np.ndarray, mask: np.ndarray
) -> list[Picture]:
    """Draws the pictures of a case: photograph, overlay, heat map.

    Args:
        image: (H, W, 3) uint8, BGR.
        prob: (H, W) in 0..1.
        mask: (H, W) of 0 and 1.

    Returns:
        JPEG files, no side longer than fits on a sheet.
    """
    shape = prob.shape
    size = [max(1, round(side * min(1, _LONGEST / max(shape)))) for side in shape]
    small = [
        cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA)
        if list(shape) != size
        else array
        for array in (image, prob, mask.astype(np.float32))
    ]
    inside = (small[2] > 0.5).astype(np.uint8)
    shown = {
        'Photograph': small[0],
        'Where the model calls it forged': outline(small[0], inside, opacity=0.35),
        'Probability map': heat_map(small[1].clip(0, 1)),
    }
    return [
        Picture(cv2.imencode('.jpg', picture, _JPEG)[1].tobytes(), caption)
        for caption, picture in shown.items()
    ]


def render_case(
    case: Mapping[str, Any],
    pictures: Sequence[Picture],
    thumbnails: Sequence[Picture],
    json_seal: str,
) -> str:
    """Writes the page of a case, not sealed yet.

    Args:
        case: As `mpc_mmseg.forensics.case.case.case_content` gives it.
        pictures: Of `case_pictures`.
        thumbnails: Pictures found in the file.
        json_seal: Seal of the same case as JSON.

    Returns:
        HTML that needs no other file and loads none. All text is escaped.
    """
    file, result, model = case['file'], case['result'], case['model']
    verdict = result['verdict'] or 'no verdict'
    meaning = result['meaning']
    parts = [
        f'<p class="verdict"><b>{escape(verdict.capitalize())}.</b> '
        f'{escape(meaning[0])}</p>',
        *(paragraph(text) for text in meaning[1:]),
        section(Section('What was found', pictures=pictures)),
        heat_map_legend(colour_scale()),
        '<h2>Regions</h2>',
        _regions(result['regions'], result['size']),
        '<h2>How far to rely on it</h2>',
        paragraph(case['reliability']['meaning']),
        '<h2>Limits of the method</h2>',
        _bullets(case['limits']),
        '<h2>The file</h2>',
        definitions(_file_lines(file)),
        *(f'<h3>{escape(title)}</h3>{lines}' for title, lines in _metadata(file)),
    ]
    if thumbnails:
        title = 'Thumbnails in the file'
        text = 'Some programs leave the thumbnail of the photograph before the change.'
        parts.append(section(Section(title, text, thumbnails)))
    parts += [
        '<h2>To repeat it</h2>',
        paragraph(
            'The same file, model, settings and versions give this report again, '
            'byte for byte, on the same kind of machine.'
        ),
        definitions(_texts(case['notes'])),
        definitions(_texts({**model, **case['settings']})),
        definitions(_texts(case['versions'])),
        definitions(
            {
                'SHA-256 of the map': result['map_sha256'],
                'SHA-256 of the mask': result['mask_sha256'],
            }
        ),
        '<footer>Seal of the JSON file of this case: '
        f'{escape(json_seal)}. The seal of this page is its last line: the SHA-256 of '
        'all the lines above it (head -n -1 FILE | sha256sum). It tells whether the '
        'page was altered, not who wrote it.</footer>',
    ]
    return page(f'Case report: {file["name"]}', parts)


def _regions(regions: Sequence[Mapping[str, Any]], size: Sequence[int]) -> str:
    if not regions:
        return paragraph('No pixel exceeds the threshold.')
    lines = [
        [
            str(number),
            ', '.join(map(str, region['box'])),
            str(region['area']),
            f'{100 * region["area"] / (size[0] * size[1]):.2f} %',
            f'{region["mean_score"]:.3f}',
        ]
        for number, region in enumerate(regions, 1)
    ]
    head = ('', 'x, y, width, height', 'pixels', 'of the image', 'mean score')
    return _table(head, lines)


def _file_lines(file: Mapping[str, Any]) -> dict[str, str]:
    height, width = file['stored_size']
    lines = {
        'name': file['name'],
        'SHA-256': file['sha256'],
        'bytes': str(file['bytes']),
        'format': f'{file["format"]}, {file["mode"]}, {width} x {height} pixels as '
        f'stored, {file["frames"]} image(s)',
    }
    if jpeg := file['jpeg']:
        kind = 'exactly' if jpeg['standard_table'] else 'nearest; a table of its own'
        progressive = 'progressive' if jpeg['progressive'] else 'baseline'
        lines['JPEG quality'] = (
            f'about {jpeg["quality"]} of libjpeg ({kind}), colour sampling '
            f'{jpeg["subsampling"]}, {progressive}'
        )
    if file['problems']:
        lines['problems'] = '; '.join(file['problems'])
    for number, thumbnail in enumerate(file['thumbnails'], 1):
        lines[f'thumbnail {number}'] = (
            f'{thumbnail["source"]}, {thumbnail["bytes"]} bytes, SHA-256 '
            f'{thumbnail["sha256"]}'
        )
    return lines


def _metadata(file: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for part, tags in file['exif'].items():
        yield f'EXIF: {part}', definitions(tags)
    if not file['exif']:
        yield 'EXIF', paragraph('The file has no EXIF data.')
    if file['other']:
        yield 'Further entries', definitions(file['other'])
    for number, steps in file['jpeg'].get('quantisation_tables', {}).items():
        rows = [[str(step) for step in steps[i : i + 8]] for i in range(0, 64, 8)]
        yield f'JPEG quantisation table {number}', _table((), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = ''.join(f'<th>{escape(name)}</th>' for name in head)
    lines = ''.join(
        '<tr>' + ''.join(f'<td>{escape(cell)}</td>' for cell in row) + '</tr>'
        for row in rows
    )
    above = f'<thead><tr>{top}</tr></thead>' if head else ''
    return (
        f'<div class="wide"><table class="dense">{above}<tbody>{lines}</tbody></table>'
        '</div>'
    )


def _bullets(texts: Sequence[str]) -> str:
    return '<ul>' + ''.join(f'<li>{escape(text)}</li>' for text in texts) + '</ul>'


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {key.replace('_', ' '): _text(value) for key, value in values.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, list):
        value = ', '.join(map(str, value)) or None
    return 'none' if value is None else str(value)
