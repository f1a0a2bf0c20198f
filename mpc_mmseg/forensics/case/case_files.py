"""Case reports as files: writing and verifying them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mpc_mmseg.apis.inference.image_inputs import expand
from mpc_mmseg.apis.inference.prediction_files import output_names
from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.datasets.io.image_io import PIXEL_LIMIT
from mpc_mmseg.json_files import parse_json
from mpc_mmseg.regular_file import read_regular

from .case_report import Examiner
from .seal import SealError, check_seal

_NAMED_SEAL = re.compile(r'Seal of the JSON file of this case: (sha256:[0-9a-f]{64})')


def write_cases(
    images: Sequence[str | Path],
    out: str | Path,
    examiner: Examiner,
    notes: Mapping[str, str] | None = None,
    pixel_limit: int = PIXEL_LIMIT,
) -> tuple[dict[str, str], list[str]]:
    """Examines images and writes two files per image, HTML and JSON.

    Args:
        images: Images and folders.
        out: Folder of the reports.
        examiner: With the model.
        notes: Additions by the examiner, such as a date.
        pixel_limit: Images of more pixels are refused.

    Returns:
        File (relative to ``out``) -> its seal, and a message per image that failed.

    Raises:
        FileNotFoundError: If a folder contains no image.
    """
    paths = [Path(str(path)) for path in expand(list(images))]
    folders = [Path(item) for item in images if Path(item).is_dir()]
    root = folders[0] if len(images) == len(folders) == 1 else Path()
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    seals: dict[str, str] = {}
    failures: list[str] = []
    named, console = zip(paths, output_names(paths, root)), Console(stderr=True)
    for path, name in track(named, 'reports', len(paths), console=console):
        try:
            analysis = examiner.analyse(read_regular(path), path.name, pixel_limit)
            report = examiner.report(analysis, notes)
            for kind, text, seal in (
                ('html', report.html, report.html_seal),
                ('json', report.json, report.json_seal),
            ):
                file = f'{name}_case.{kind}'
                write_atomic(out / file, text)
                seals[file] = seal
        except (OSError, ValueError) as error:
            reason = str(error)
            failures.append(reason if str(path) in reason else f'{path}: {reason}')
    failures += [
        f'{out / file}: was removed during the run'
        for file in seals
        if not (out / file).is_file()
    ]
    return seals, failures


def verify(paths: Sequence[str | Path]) -> dict[str, str | None]:
    """Checks the seals of reports.

    An HTML report also contains the seal of its JSON file: if both are in the same
    folder, they must belong to the same case.

    Args:
        paths: Reports, or folders of them.

    Returns:
        File -> None if it is unaltered, else the problem.

    Raises:
        FileNotFoundError: If a file is missing, or a folder contains no report, and
            nothing else is given.
    """
    files: list[Path] = []
    for item in map(Path, paths):
        found = [item]
        if item.is_dir():
            found = sorted([*item.rglob('*_case.html'), *item.rglob('*_case.json')])
        if not found or not found[0].exists():
            if len(paths) == 1:
                raise FileNotFoundError(f'no case report {item}')
            found = [item]
        files += found
    return {str(path): _problem(path) for path in files}


def _problem(path: Path) -> str | None:
    try:
        content = read_regular(path)
        check_seal(content)
        if path.suffix == '.json':
            parse_json(content)
            return None
        named = _NAMED_SEAL.findall(content.decode('utf-8'))
        if not named:
            return 'is no case report: it names no seal of its JSON file'
        twin = path.with_suffix('.json')
        if twin.exists() and check_seal(read_regular(twin)) != named[-1]:
            return f'belongs to another case than {twin.name}'
    except (SealError, OSError, ValueError) as error:
        return str(error)
    return None
