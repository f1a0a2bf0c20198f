"""Collect the photographs that ship inside scikit-image and scikit-learn.

    python tools/demo/prepare_photographs.py --out work_dirs/demo/photographs

copies them, byte for byte, into train/ and test/, always the same ones, so that no
photograph is on both sides, and writes photographs.json with where each is from and
under what licence. Nothing is downloaded.
"""

import argparse
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

CC_BY = 'CC BY 2.0, https://creativecommons.org/licenses/by/2.0/'


class Source(NamedTuple):
    """A photograph inside an installed package.

    Args:
        package: The package, as imported.
        path: The file below the package's folder.
        title: What the photograph shows.
        origin: Its author, according to the package.
        licence: Its licence, according to the package.
    """

    package: str
    path: str
    title: str
    origin: str
    licence: str


def _skimage(name: str, title: str, origin: str, licence: str) -> Source:
    return Source('skimage', f'data/{name}', title, origin, licence)


TRAIN = [
    _skimage(
        'astronaut.png',
        'astronaut Eileen Collins',
        'NASA Great Images database',
        'no known copyright restrictions, public domain',
    ),
    _skimage('brick.png', 'brick wall', 'CC0Textures, Bricks25', 'CC0'),
    _skimage(
        'clock_motion.png',
        'wall clock, blurred by motion',
        'Stefan van der Walt',
        'public domain',
    ),
    _skimage(
        'coins.png',
        'Greek coins from Pompeii',
        'Brooklyn Museum',
        'no known copyright restrictions',
    ),
    Source(
        'sklearn',
        'datasets/images/flower.jpg',
        'flower',
        'vultilion, https://www.flickr.com/photos/vultilion/6056698931/',
        CC_BY,
    ),
    _skimage('grass.png', 'grass', 'linolafett, DeviantArt', 'CC0'),
    _skimage(
        'ihc.png',
        'stained colonic glands under the microscope',
        'Center for Microscopy And Molecular Imaging',
        'no known copyright restrictions',
    ),
    _skimage('moon.png', 'surface of the moon', 'not stated', 'not stated'),
    _skimage(
        'motorcycle_left.png',
        'motorcycle',
        'Middlebury 2014 stereo benchmark: D. Scharstein et al., GCPR 2014',
        'not stated',
    ),
    _skimage('retina.jpg', 'human retina', 'Mikael Häggström, WikiJournal', 'CC0 1.0'),
    _skimage('rocket.jpg', 'launch of a Falcon 9', 'SpaceX', 'public domain'),
]
TEST = [
    _skimage('camera.png', 'photographer', 'Lav Varshney', 'CC0'),
    _skimage('chelsea.png', 'cat Chelsea', 'Stefan van der Walt', 'CC0'),
    Source(
        'sklearn',
        'datasets/images/china.jpg',
        'Chinese pagoda',
        'danielbuechele, https://www.flickr.com/photos/danielbuechele/6061409035/',
        CC_BY,
    ),
    _skimage('coffee.png', 'cup of coffee', 'Rachel Michetti', 'CC0'),
    _skimage('gravel.png', 'gravel', 'CC0Textures, Gravel04', 'CC0'),
]
DISTRIBUTIONS = {'skimage': 'scikit-image', 'sklearn': 'scikit-learn'}


def locate(source: Source) -> Path:
    """The file of a photograph.

    Raises:
        FileNotFoundError: If its package is not installed, or does not contain it.
    """
    distribution = DISTRIBUTIONS[source.package]
    spec = importlib.util.find_spec(source.package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f'{distribution} is not installed; pip install {distribution}'
        )
    path = Path(spec.origin).parent / source.path
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing: this {distribution} ships without the photograph; '
            'install the version in the constraints file'
        )
    return path


def prepare(out: Path) -> dict[str, list[dict]]:
    """Copy the photographs; other files of the folder are kept.

    Args:
        out: Folder to create, with train/, test/ and photographs.json.

    Returns:
        Content of photographs.json: per split, a list with one entry per photograph.

    Raises:
        FileNotFoundError: If a photograph is missing in its package.
    """
    listed: dict[str, list[dict]] = {}
    for split, sources in (('train', TRAIN), ('test', TEST)):
        (out / split).mkdir(parents=True, exist_ok=True)
        listed[split] = []
        for source in sources:
            original = locate(source)
            _copy(original, out / split / original.name)
            listed[split].append(
                {
                    'file': f'{split}/{original.name}',
                    'title': source.title,
                    'package': DISTRIBUTIONS[source.package],
                    'origin': source.origin,
                    'licence': source.licence,
                }
            )
    text = json.dumps(listed, indent=2, ensure_ascii=False) + '\n'
    temporary = out / 'photographs.json.tmp'
    temporary.write_text(text, encoding='utf-8')
    os.replace(temporary, out / 'photographs.json')
    return listed


def _copy(original: Path, copy: Path) -> None:
    """Copy a file atomically."""
    temporary = copy.with_name(copy.name + '.tmp')
    shutil.copyfile(original, temporary)
    os.replace(temporary, copy)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', required=True, type=Path, help='folder to create')
    args = parser.parse_args()
    try:
        listed = prepare(args.out)
    except OSError as error:
        sys.exit(f'prepare_photographs: {error}')
    counts = ' and '.join(f'{len(each)} for {name}' for name, each in listed.items())
    print(f'{args.out}: photographs, {counts}.')


if __name__ == '__main__':
    main()
