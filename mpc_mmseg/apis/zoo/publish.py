"""Putting a model into a zoo: checkpoint, card, metafile, index."""

import datetime
import io
import re
import tempfile
from pathlib import Path

import torch
import yaml

from mpc_mmseg.apis.inference.model_from_files import (
    find_config,
    load_model,
    read_checkpoint,
)
from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.engine.checkpoints.checkpoint_files import AtomicLocalBackend
from mpc_mmseg.evaluation.results.results_file import read_results
from mpc_mmseg.hashing import sha256

from .published_checkpoint import metrics_of, published
from .zoo_index import FILE, ZooEntry, check_name, format_index, parse_index

_RUN_TIME = re.compile(r'_\d{8}_\d{6}$')


def publish(
    source: str | Path,
    zoo: str | Path,
    name: str,
    terms: str,
    card: str | Path,
    link_card: bool = False,
    weights: str | None = None,
    half: bool = False,
    results: str | Path | None = None,
    config: str | None = None,
    address: str | None = None,
    date: str | None = None,
) -> ZooEntry:
    """Publishes a checkpoint.

    Every file is written whole or not at all, and the index last: whoever reads it
    meanwhile finds the zoo as it was or as it is to be. The file of an earlier model of
    the same name stays.

    Args:
        source: Checkpoint of a run.
        zoo: Folder of the zoo; made if it is missing.
        name: Of the model.
        terms: What it may be used for, in a line.
        card: Markdown file, copied beside the index; see ``link_card``.
        link_card: Whether to name ``card`` as it is, a path from the zoo or an
            address, instead of copying it.
        weights: As of `published`.
        half: As of `published`.
        results: File of tools/test.py --results, for these weights.
        config: Name of the config; None for that of the run.
        address: Where the zoo will be found, for the metafile; None for the folder's
            name.
        date: YYYYMMDD; None for today.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If an argument does not fit; names it.
        RuntimeError: If the checkpoint cannot be read, or would not load.
    """
    zoo = Path(zoo)
    check_name(name)
    date = date or f'{datetime.date.today():%Y%m%d}'
    if not re.fullmatch(r'\d{8}', date):
        raise ValueError(f'date must be as 20260131, got {date!r}')
    index = zoo / FILE
    entries = parse_index(index.read_bytes(), str(index)) if index.is_file() else {}
    if link_card:
        if '://' not in str(card) and not (zoo / card).is_file():
            raise FileNotFoundError(f'no card {card}, seen from {zoo}')
    elif not Path(card).is_file():
        raise FileNotFoundError(f'no card {card}')
    checkpoint = read_checkpoint(source)
    scores = read_results(results) if results is not None else None
    try:
        content = published(checkpoint, weights, half, scores)
    except ValueError as error:
        raise ValueError(f'{source}: {error}') from error
    experiment = str(checkpoint['meta'].get('experiment_name', ''))
    config = config or _RUN_TIME.sub('', experiment)
    if not config:
        raise ValueError(f'{source} does not say its config: name it')
    saved = _saved(content)
    digest = sha256(saved)
    entry = ZooEntry(
        name=name,
        file=f'{name}_{date}-{digest[:8]}.pth',
        sha256=digest,
        size=len(saved),
        config=config,
        card=str(card) if link_card else f'{name}.md',
        terms=terms,
        metrics={} if scores is None else metrics_of(scores),
    )
    parameters = _parameters(saved, entry.file)
    AtomicLocalBackend().put(saved, zoo / entry.file)
    if not link_card:
        write_atomic(zoo / entry.card, Path(card).read_text(encoding='utf-8'))
    where = f'{(address or zoo.resolve().name).rstrip("/")}/{entry.file}'
    write_atomic(zoo / f'{name}.yml', _metafile(entry, parameters, where))
    write_atomic(index, format_index({**entries, name: entry}.values()))
    return entry


def _saved(content: dict) -> bytes:
    """The file's bytes, which follow from its content and not from its name."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _parameters(saved: bytes, name: str) -> int:
    """Loads what is to be published as a user will; gives its number of weights."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(saved)
        model, _ = load_model(file, device='cpu')
    return sum(p.numel() for p in model.parameters())


def _config_file(name: str) -> str:
    """A config's path in this project, or, of another project, its file's name."""
    try:
        path = find_config(name)
    except FileNotFoundError:
        return f'{name}.py'
    return f'configs/{path.parent.name}/{path.name}'


def _metafile(entry: ZooEntry, parameters: int, where: str) -> str:
    """Writes a model as OpenMMLab's model-index has it."""
    model = {
        'Name': entry.name,
        'In Collection': 'MPC',
        'Metadata': {'Parameters': parameters, 'Terms': entry.terms},
        'Results': [
            {
                'Task': 'Image Forgery Localization',
                'Dataset': dataset,
                'Metrics': {
                    score: round(found['value'], 4)
                    for score, found in said['scores'].items()
                },
            }
            for dataset, said in entry.metrics.items()
        ],
        'Config': _config_file(entry.config),
        'Weights': where,
        'README': entry.card,
    }
    return yaml.safe_dump({'Models': [model]}, sort_keys=False, allow_unicode=True)
