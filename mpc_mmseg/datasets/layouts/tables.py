"""Layouts in which a table or an annotation file lists images and masks."""

import re
from collections.abc import Callable, Mapping, Sequence
from csv import DictReader, Error
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from mpc_mmseg.datasets.lists.coco_annotations import (
    draw_segmentation,
    read_annotations,
)

from .layout import (
    LAYOUTS,
    Find,
    Inventory,
    Layout,
    Sample,
    check_option,
    coco_ids,
    layout,
    raise_ids,
)
from .mask_decoding import dark_is_forged
from .patterns import draw_from_files

Row = Mapping[str, str]
#: List -> tag and number of images; bcmc has the images of bcm, compressed again.
TAMPCOCO = {
    'sp': ('splice', 199_999),
    'cm': ('copy-move', 199_429),
    'bcm': ('copy-move', 199_443),
    'bcmc': ('copy-move', None),
}
#: Of OpenForensics.
SPLITS = ('Train', 'Val', 'Test-Dev', 'Test-Challenge')


def read_table(path: Path, delimiter: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV file with a header.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing, or it is no CSV file in UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(f'no table {path}')
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = DictReader(file, delimiter=delimiter)
        try:
            fields, rows = reader.fieldnames or (), list[Row](reader)
        except (UnicodeDecodeError, Error) as error:
            raise ValueError(
                f'{path} is not a CSV file in UTF-8 ({error}): save it as such, which '
                'Excel calls "CSV UTF-8"'
            ) from error
    if absent := [each for each in columns if each not in fields]:
        raise ValueError(
            f'{path} has no column {absent}; with delimiter {delimiter!r}, it has '
            f'{fields}'
        )
    return rows


def samples_of_rows(
    rows: Sequence[Row],
    files: Sequence[str],
    folder: PurePosixPath,
    sample: Callable[[Row], Sample],
) -> Inventory:
    """The samples whose files exist; files that do not are listed as missing.

    Args:
        rows: Rows of a table; paths may be written with backslashes.
        files: The files below the root.
        folder: The folder that the table's paths are relative to, below the root.
        sample: Row -> the sample, with paths as in the table.
    """
    found, present = Inventory(), set(files)
    for row in rows:
        one = sample(row)
        paths = [one.image] if one.mask is None else [one.image, one.mask]
        image, *masks = [
            (folder / path.replace('\\', '/')).as_posix() for path in paths
        ]
        if absent := [path for path in (image, *masks) if path not in present]:
            found.missing += absent
        else:
            mask = masks[0] if masks else None
            found.samples.append(replace(one, image=image, mask=mask))
    return found


def inverted(found: Inventory) -> Inventory:
    """Decode the masks of an inventory as black where forged."""
    for index, each in enumerate(found.samples):
        if each.mask is not None:
            draw = partial(draw_from_files, decode=dark_is_forged, masks=[each.mask])
            found.samples[index] = replace(each, mask=None, draw=draw)
    return found


def only_file(files: Sequence[str], name: str) -> PurePosixPath:
    """The path of the only file of a name."""
    matches = [path for path in map(PurePosixPath, files) if path.name == name]
    if len(matches) != 1:
        raise FileNotFoundError(
            f'expected one {name}, found {len(matches)}; complete the data set'
        )
    return matches[0]


@layout('CocoGlide', 512, 512, hint='ROOT holds table.csv, real/, fake/ and mask/')
def cocoglide() -> Find:
    """``real/``, ``fake/``, ``mask/``, listed in ``table.csv``.

    A forged image and its mask have different names.
    """

    def source(path: str) -> tuple[str, ...]:
        number = PurePosixPath(path).stem.removesuffix('_up').rpartition('_')[2]
        return (f'coco/{int(number):012d}',)

    def forged(row: Row) -> Sample:
        sources = source(row['fake'])
        return Sample(row['fake'], row['mask'], tags=('ai',), sources=sources)

    def authentic(row: Row) -> Sample:
        return Sample(row['real'], sources=source(row['real']))

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = only_file(files, 'table.csv')
        rows = read_table(root / table, ',', ('real', 'fake', 'mask'))
        found = samples_of_rows(rows, files, table.parent, forged)
        real = samples_of_rows(rows, files, table.parent, authentic)
        return Inventory(found.samples + real.samples, found.missing + real.missing)

    return find


@layout('NIST16 (Nimble Challenge 2016)', 564, 560, hint='ROOT is NC2016_Test...')
def nist16() -> Find:
    """``probe/``, ``mask/``, listed in ``reference/manipulation/*-ref.csv``.

    The masks are black where forged.
    """
    tags = {
        'IsManipulationTypeSplice': 'splice',
        'IsManipulationTypeCopyClone': 'copy-move',
        'IsManipulationTypeRemoval': 'removal',
    }
    columns = ('ProbeFileName', 'ProbeMaskFileName', 'IsTarget', 'BaseFileName', *tags)

    def sample(row: Row) -> Sample:
        forged = row['IsTarget'] == 'Y'
        base = row['BaseFileName'] or row['ProbeFileName']
        return Sample(
            row['ProbeFileName'],
            row['ProbeMaskFileName'] if forged else None,
            tags=tuple(tag for name, tag in tags.items() if row[name] == 'Y'),
            sources=(f'nist16/{PurePosixPath(base).stem}',),
        )

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = only_file(files, 'NC2016-manipulation-ref.csv')
        rows = read_table(root / table, '|', columns)
        if table.parts[-3:-1] != ('reference', 'manipulation'):
            raise FileNotFoundError(f'{table} must lie in reference/manipulation')
        return inverted(samples_of_rows(rows, files, table.parents[2], sample))

    return find


def tampcoco(lists: Sequence[str] = ('sp', 'cm', 'bcm')) -> Layout:
    """``{sp,cm,bcm}_images``, ``..._masks``, listed in ``{...}_COCO_list.txt``.

    A list's lines are ``sp_images/a.jpg,sp_masks/a.png``. The lists come with CAT-Net's
    code; copy them to the root.

    Args:
        lists: Of 'sp' (splices), 'cm' (copy-moves of objects), 'bcm' (copy-moves of
            shapes; "both" in the list of the MPC paper) and 'bcmc'.
    """
    lists = (lists,) if isinstance(lists, str) else tuple(lists)
    if not lists or not set(lists) <= TAMPCOCO.keys():
        raise ValueError(f'lists must be some of {list(TAMPCOCO)}, not {lists}')

    def find(root: Path, files: Sequence[str]) -> Inventory:
        found = Inventory()
        for name in lists:
            pattern = rf'(?:^|/){name}_COCO(?:_train)?_list\.txt$'
            paths = [Path(file) for file in files if re.search(pattern, file)]
            if len(paths) != 1:
                raise FileNotFoundError(
                    f'{root} must hold one {name}_COCO_list.txt (or ..._train_list.txt)'
                    f', not {len(paths)}; copy it from the code of CAT-Net'
                )

            def sample(row: Row, tags: tuple = TAMPCOCO[name][:1]) -> Sample:
                sources = coco_ids(row['image'])
                return Sample(row['image'], row['mask'], tags=tags, sources=sources)

            text = (root / paths[0]).read_text(encoding='utf-8')
            lines = filter(None, map(str.strip, text.split('\n')))
            rows = [dict(zip(('image', 'mask'), line.split(','))) for line in lines]
            listed = samples_of_rows(rows, files, PurePosixPath(), sample)
            found.samples += listed.samples
            found.missing += listed.missing
        return found

    counts = [TAMPCOCO[name][1] for name in lists]
    forged = None if None in counts else sum(c for c in counts if c)
    hint = 'ROOT holds the lists, sp_images/, sp_masks/ and so on'
    return Layout('tampcoco', 'tampCOCO', find, forged, hint=hint)


LAYOUTS['tampcoco'] = tampcoco


@layout('compRAISE', forged=0)
def compraise() -> Find:
    """compRAISE: authentic JPEG images only, in one folder."""

    def find(root: Path, files: Sequence[str]) -> Inventory:
        photographs = [f for f in files if f.lower().endswith(('.jpg', '.jpeg'))]
        return Inventory(
            [Sample(each, sources=raise_ids(each)) for each in photographs]
        )

    return find


@layout('OpenForensics', hint='ROOT holds SPLIT/ and SPLIT_poly.json')
def openforensics(split: str = 'Train') -> Find:
    """``{split}/*.jpg`` and ``{split}_poly.json``, in COCO's format.

    Faces of the category "Fake" are forged; an image without one is authentic.

    Args:
        split: 'Train', 'Val', 'Test-Dev' or 'Test-Challenge'.
    """
    check_option('split', split, SPLITS)

    def find(root: Path, files: Sequence[str]) -> Inventory:
        table = only_file(files, f'{split}_poly.json')
        content = read_annotations(root / table)
        categories = content['categories'].items()
        fake = {key for key, each in categories if str(each['name']).lower() == 'fake'}
        if not fake:
            raise ValueError(f'{table} has no category "Fake"; check the download')
        paths = {
            PurePosixPath(file).name: file
            for file in files
            if PurePosixPath(file).parent.name == split
        }
        found = Inventory()
        for number, image in content['images'].items():
            file = paths.pop(PurePosixPath(image['file_name']).name, None)
            if file is None:
                found.missing.append(image['file_name'])
                continue
            faces = [
                each['segmentation']
                for each in content['annotations'].get(number, [])
                if each['category_id'] in fake
            ]
            size = image['height'], image['width']
            found.samples.append(
                Sample(
                    file,
                    draw=partial(_draw, faces=faces, size=size) if faces else None,
                    tags=('ai',) if faces else (),
                    sources=(f'openimages/{PurePosixPath(file).stem}',),
                )
            )
        found.extra += [f for f in paths.values() if not f.endswith('.json')]
        return found

    return find


def _draw(root: Path, faces: Sequence, size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    for face in faces:
        mask |= draw_segmentation(face, size)
    return mask


@layout('table', hint='the paths of the table start at ROOT')
def table(
    csv: str,
    image: str = 'image',
    mask: str = 'mask',
    delimiter: str = ',',
    inverted_masks: bool = False,
) -> Find:
    """Any data set listed in a table; an empty mask, ``-`` or ``None``: authentic.

    Args:
        csv: The table, relative to the root, as are its paths.
        image: The column of images.
        mask: The column of masks.
        delimiter: The character between columns.
        inverted_masks: Whether masks are black where forged.
    """

    def sample(row: Row) -> Sample:
        authentic = row[mask] in ('', '-', 'None', 'Negative')
        return Sample(row[image], None if authentic else row[mask])

    def find(root: Path, files: Sequence[str]) -> Inventory:
        rows = read_table(root / csv, delimiter, (image, mask))
        found = samples_of_rows(rows, files, PurePosixPath(), sample)
        return inverted(found) if inverted_masks else found

    return find
