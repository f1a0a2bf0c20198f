"""Readers of files fed with mutated files; what breaks becomes a test of its own.

    make fuzz                                     # or, for ten minutes:
    python tests/test_security/fuzz_readers.py --seconds 600

A reader may return, or raise the errors that it promises (OSError, ValueError) within
seconds. Hypothesis chooses the mutations and shrinks the input that breaks a reader;
its bytes are printed.
"""

import argparse
import io
import json
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from PIL import Image

from mpc_mmseg.apis.zoo.zoo import parse_index
from mpc_mmseg.datasets.io.image_io import (
    damage_of,
    read_header,
    read_image,
    read_mask_and_levels,
)
from mpc_mmseg.datasets.lists.coco_annotations import (
    draw_segmentation,
    read_annotations,
)
from mpc_mmseg.datasets.lists.list_file import read_list_file
from mpc_mmseg.evaluation.results.results_file import read_per_image
from mpc_mmseg.forensics.evidence.file_metadata import file_metadata
from mpc_mmseg.visualization.results_files import read_files

PROMISED = (OSError, ValueError)
#: Seconds that a reader may take on a busy machine, for a file of kilobytes.
SLOW = 20
#: What breaks parsers of text, beside mutated bytes.
TOKENS = [
    *(
        b'\0',
        b'\n',
        b'\r',
        b'\xe2\x80\xa8',
        b'\xff',
        b'"',
        b'[' * 5000,
        b'{"a":' * 5000,
    ),
    *(b'null', b'NaN', b'-1', b'1e999', b'9' * 400, b'[]', b'{}', b'""', b'true', b'='),
    *(
        b'../',
        b'\xff\xd9',
        b'\xff\xda\0\x08',
        b'IDAT',
        b'\xff\xff\xff\xff',
        b'\t',
        b'#',
    ),
]
RECORD = {
    **{'img_path': 'a.png', 'seg_map_path': 'b.png', 'dataset': 'set', 'forged': True},
    **{'tp': 1, 'fp': 2, 'fn': 3, 'tn': 4, 'F1': 0.5, 'IoU': 0.4, 'image_score': 0.7},
    **{'scores': {'mpc.F1': 0.5}, 'map_features': {'a': 1.0}, 'tags': ['copy-move']},
}
SUMMARY = {'value': 0.5, 'low': 0.4, 'high': 0.6, 'n': 3, 'bounds': [0.4, 0.6]}
RESULTS = {
    **{'format': 'mpc_mmseg.results', 'version': 1, 'list_hash': 'x'},
    **{'conventions': {'mpc': 'text'}, 'images': [RECORD]},
    'datasets': {'set': {'list_hash': 'x', 'scores': {'F1': SUMMARY}}},
}
ROBUSTNESS = {
    **{'format': 'mpc_mmseg.robustness', 'version': 1, 'hashes': {}},
    'settings': [
        {
            **{'name': 'clean', 'family': 'clean', 'chain': '', 'value': None},
            'scores': {'set': {'F1': SUMMARY}},
            'difference': {},
        }
    ],
}
COCO = {
    'images': [{'id': 1, 'file_name': 'a.jpg', 'height': 20, 'width': 30}],
    'categories': [{'id': 1, 'name': 'face'}],
    'annotations': [
        {'image_id': 1, 'segmentation': [[0, 0, 9, 0, 9, 9, 0, 9]]},
        {'image_id': 1, 'segmentation': {'size': [20, 30], 'counts': [100, 400, 100]}},
        {'image_id': 1, 'segmentation': {'size': [20, 30], 'counts': 'T3`<T3'}},
    ],
}
INDEX = {
    **{'format': 'mpc_mmseg.zoo', 'version': 1},
    'models': [
        {
            **{'name': 'model', 'file': 'model.pth', 'sha256': 'a' * 64, 'size': 7},
            **{'config': 'config', 'card': 'model.md', 'terms': 'free', 'metrics': {}},
        }
    ],
}
LIST = (
    b'a.png\tb.png\ttags=copy-move\nc.png\n# comment\nd.png\te.png\n',
    b'a.png b.png\nc.png -\n',
)


def images():
    """A small photograph and a mask in each format and coding."""
    noise = np.random.default_rng(0).integers(0, 256, (12, 9, 3), np.uint8)
    photo = Image.fromarray(noise).resize((40, 33))
    mask = Image.fromarray(((noise[..., 0] > 128) * 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112], exif[0x0131] = 6, 'software'
    exif.get_ifd(0x8769)[0x9003] = '2020:01:01 00:00:00'
    for image, kind, options in (
        (photo, 'JPEG', {'exif': exif, 'comment': b'comment'}),
        (photo, 'JPEG', {'progressive': True}),
        (photo, 'JPEG', {'restart_marker_blocks': 2}),
        (photo, 'PNG', {'exif': exif}),
        (photo, 'TIFF', {'exif': exif}),
        (photo, 'TIFF', {'save_all': True, 'append_images': [photo, mask]}),
        (photo, 'TIFF', {'compression': 'tiff_lzw'}),
        (photo, 'GIF', {'save_all': True, 'append_images': [photo]}),
        (photo, 'WEBP', {}),
        (photo, 'BMP', {}),
        (photo, 'PPM', {}),
        (mask, 'PNG', {'bits': 1}),
        (mask.convert('P'), 'PNG', {}),
        (mask.convert('I;16'), 'PNG', {}),
    ):
        file = io.BytesIO()
        image.save(file, kind, **options)
        yield file.getvalue()


def read_photograph(content, path):
    for reader in (read_header, read_image, damage_of, file_metadata):
        reader(content)


def read_coco(content, path):
    path.write_bytes(content)
    for entries in read_annotations(path)['annotations'].values():
        for entry in entries:
            if 'segmentation' in entry:
                draw_segmentation(entry['segmentation'], (20, 30))


def from_file(reader):
    def read(content, path):
        path.write_bytes(content)
        reader(path)

    return read


def as_json(*contents):
    return [json.dumps(each).encode() for each in contents]


#: Name -> the reader, and the files that are mutated.
TARGETS = {
    'photographs': (read_photograph, [*images()]),
    'masks': (lambda content, _: read_mask_and_levels(content), [*images()]),
    'lists': (from_file(read_list_file), LIST),
    'results.json': (
        from_file(lambda path: read_files([path])),
        as_json(RESULTS, ROBUSTNESS),
    ),
    'images.jsonl': (from_file(read_per_image), [as_json(RECORD)[0] + b'\n'] * 2),
    'COCO': (read_coco, as_json(COCO)),
    'index.json': (lambda content, _: parse_index(content, 'index'), as_json(INDEX)),
}


@st.composite
def mutated(draw, files):
    """A file with up to four edits: bytes replaced, inserted, removed or repeated."""
    content = draw(st.sampled_from(files))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        end = min(len(content), at + draw(st.sampled_from([0, 1, 2, 4, 8, 64, 10**6])))
        new = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from(TOKENS),
                st.just(content[at:end] * draw(st.sampled_from([0, 2, 50]))),
            )
        )
        content = content[:at] + new + content[end:]
    return content


def fuzz(name, seconds, seed=0):
    """Feeds a reader for some seconds; returns how many inputs it got, by outcome."""
    reader, files = TARGETS[name]
    outcomes = Counter()
    deadline = time.monotonic() + seconds

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'results.jsonl' if 'jsonl' in name else 'file.json')

        @settings(
            max_examples=500,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=[*HealthCheck],
            print_blob=False,
        )
        @given(mutated(files))
        def check(content):
            if time.monotonic() > deadline:
                return
            begin = time.monotonic()
            try:
                reader(content, path)
                outcomes['read'] += 1
            except PROMISED:
                outcomes['refused'] += 1
            assert time.monotonic() - begin < SLOW, 'too slow'

        while time.monotonic() < deadline:
            seeded(seed)(check)()
            seed += 1
    return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument(
        '--seconds', type=float, default=180, help='all readers together'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--only', choices=TARGETS)
    args = parser.parse_args()
    names = [args.only] if args.only else [*TARGETS]
    warnings.simplefilter('ignore')  # of Pillow, for damaged files
    broken = 0
    for name in names:
        try:
            found = fuzz(name, args.seconds / len(names), args.seed)
            print(f'{name}: {found.total()} inputs, {dict(found)}', flush=True)
        except Exception:
            traceback.print_exc()
            broken += 1
    return min(broken, 1)


if __name__ == '__main__':
    sys.exit(main())
