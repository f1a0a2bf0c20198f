"""Publishing a checkpoint in a zoo: stripped checkpoint, card, metafile, index."""

import datetime
import io
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from mmengine.config import Config
from torch import Tensor

from mpc_mmseg.apis.inference.model_from_files import load_model
from mpc_mmseg.apis.release.release_config import test_config
from mpc_mmseg.apis.scored_checkpoint import config_name
from mpc_mmseg.atomic_files import write_atomic
from mpc_mmseg.datasets.dataset_configs import innermost_datasets
from mpc_mmseg.datasets.lists.list_file import read_list_file
from mpc_mmseg.engine.checkpoints.checkpoint_files import AtomicLocalBackend
from mpc_mmseg.engine.checkpoints.safe_reading import read_with_hash
from mpc_mmseg.engine.checkpoints.stored_config import (
    check_plain,
    stored_config,
    test_pipelines,
    without_pretrained,
)
from mpc_mmseg.evaluation.image_calibration import META_KEY
from mpc_mmseg.evaluation.results.results_file import read_results
from mpc_mmseg.file_lock import locked
from mpc_mmseg.hashing import sha256
from mpc_mmseg.requirements import installed_versions

from .publish_checks import check_card, check_config, check_scores
from .zoo import FILE, ZooEntry, check_name, format_index, parse_index

#: Entries of a checkpoint's meta that are published besides the config.
_KEPT = ('iter', 'seed', 'mmengine_version', 'mpc_phase', META_KEY)
# Arguments of transforms that say where the run's files were, and by which login.
_OF_A_RUN = ('backend_args', 'file_client_args')


def publish(
    source: str | Path,
    zoo: str | Path,
    name: str,
    terms: str,
    card: str | Path,
    half: bool = False,
    results: str | Path | None = None,
    config: str | None = None,
    address: str | None = None,
    date: str | None = None,
    trust_config: bool = False,
) -> ZooEntry:
    """Publishes a checkpoint; averaged weights if it contains them, which were scored.

    Each file is written atomically, the index last, so that a concurrent reader finds
    the zoo either before or after the publication; a concurrent publication waits. The
    file of an earlier model of the same name is kept.

    Args:
        source: Checkpoint of a run.
        zoo: Folder of the zoo; created if it is missing.
        name: Name of the model.
        terms: Terms of use, in one line.
        card: Markdown file, copied to the zoo.
        half: Whether to store float16, which halves the size and changes the maps by
            rounding.
        results: File of tools/test.py --results, for these weights.
        config: See `check_config`; None for that of the run.
        address: Public address of the zoo for the metafile; None for the folder's name.
        date: YYYYMMDD; None for today.
        trust_config: See `stored_config`; for a model of your own types.

    Raises:
        FileNotFoundError, ValueError: If a file is missing or an argument is invalid.
        RuntimeError: If the checkpoint cannot be read, or its copy cannot be loaded.
    """
    zoo = Path(zoo)
    check_name(name)
    date = date or f'{datetime.date.today():%Y%m%d}'
    if not re.fullmatch(r'\d{8}', date):
        raise ValueError(f'date must be YYYYMMDD, such as 20260131, got {date!r}')
    check_card(card)
    checkpoint, scored = read_with_hash(source)
    metrics, origin = {}, None
    if results is not None:
        found = read_results(results)
        origin = found.get('origin')
        check_scores(origin, scored)
        metrics = _metrics_of(found)
    try:
        content = _published(checkpoint, half, metrics, trust_config)
    except ValueError as error:
        raise ValueError(f'{source}: {error}') from error
    config = config or config_name(checkpoint['meta'])
    if not config:
        raise ValueError(f'{source} does not contain the name of its config: give it')
    config_file = check_config(config)
    # Through a buffer: torch would store the file's name in the file.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    saved = buffer.getvalue()
    digest = sha256(saved)
    entry = ZooEntry(
        name=name,
        file=f'{name}_{date}-{digest[:8]}.pth',
        sha256=digest,
        size=len(saved),
        config=Path(config_file).stem,
        card=f'{name}.md',
        terms=terms,
        metrics=metrics,
    )
    with tempfile.TemporaryDirectory() as folder:  # loaded as a user will
        file = Path(folder) / entry.file
        file.write_bytes(saved)
        model, _ = load_model(file, device='cpu', trust_config=trust_config)
    n_parameters = sum(p.numel() for p in model.parameters())
    with locked(zoo / '.lock', f'another process is publishing in {zoo}: waiting'):
        index = zoo / FILE
        entries = parse_index(index.read_bytes(), str(index)) if index.is_file() else {}
        AtomicLocalBackend().put(saved, zoo / entry.file)
        write_atomic(zoo / entry.card, Path(card).read_text(encoding='utf-8'))
        url = f'{(address or zoo.resolve().name).rstrip("/")}/{entry.file}'
        metafile = _metafile(entry, n_parameters, url, config_file, origin)
        write_atomic(zoo / f'{name}.yml', metafile)
        write_atomic(index, format_index({**entries, name: entry}.values()))
    return entry


def _published(
    checkpoint: Mapping[str, Any],
    half: bool,
    metrics: Mapping[str, Any],
    trust_config: bool,
) -> dict[str, Any]:
    """The content of a published checkpoint.

    Of the run's config the model and its test pipeline are kept, if they consist of
    numbers and words: no path, address or password of the run can be among them.
    """
    state = checkpoint.get('state_dict')
    if not state:
        raise ValueError('the checkpoint contains no state_dict')
    cfg = stored_config(checkpoint, 'its config', trust_config, checked=False)
    meta = checkpoint['meta']
    steps = next(filter(None, test_pipelines(cfg.get('test_dataloader'))), None)
    if not steps or 'model' not in cfg:
        raise ValueError('its config has no model or no test pipeline')
    pipeline = [{k: v for k, v in s.items() if k not in _OF_A_RUN} for s in steps]
    kept = test_config(without_pretrained(cfg.to_dict()['model']), pipeline)
    for part, where in ((kept['model'], 'model'), (pipeline, 'pipeline')):
        check_plain(part, where, 'its config', any_type=trust_config)
    return {
        'meta': {
            **{key: meta[key] for key in _KEPT if key in meta},
            'cfg': Config(kept).pretty_text,
            # MMEngine saves averaged weights as state_dict, the last ones beside them.
            'weights': 'ema' if 'ema_state_dict' in checkpoint else 'raw',
            'half': half,
            'protocols': dict(_protocols(cfg)),
            'metrics': metrics,
            'versions': installed_versions(),
        },
        'state_dict': {k: _stored(v, k, half) for k, v in state.items()},
    }


def _metrics_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """The scores of a results file for `ZooEntry`.

    Of several conventions, MPC's is kept if present; for a data set without forged
    images, which MPC's does not score, the native one.
    """
    conventions = set(results['conventions'])

    def kept(score: str, n_forged: int) -> bool:
        wanted, convention = 'mpc' if n_forged else 'native', score.partition('.')[0]
        return convention == wanted or not {convention, wanted} <= conventions

    return {
        name: {
            'n_images': summary['n_images'],
            'list_hash': summary['list_hash'],
            'scores': {
                score: {key: found[key] for key in ('value', 'low', 'high')}
                for score, found in summary['scores'].items()
                if kept(score, summary['n_forged'])
            },
        }
        for name, summary in results['datasets'].items()
    }


def _stored(value: Tensor, name: str, half: bool) -> Tensor:
    # torch.save would store the whole storage of a view.
    value = value.detach().clone(memory_format=torch.contiguous_format)
    if not half or value.dtype not in (torch.float32, torch.float64):
        return value
    small = value.half()
    if not torch.equal(small.isfinite(), value.isfinite()):
        raise ValueError(f'{name} has values beyond float16: publish it without half')
    return small


def _protocols(cfg: Config) -> Iterator[tuple[str, list[dict[str, str | None]]]]:
    """The lists for training, selection and test; hashes of those that exist here."""
    for side in ('train', 'val', 'test'):
        loader = cfg.get(f'{side}_dataloader')
        lists = []
        for each in innermost_datasets(loader.dataset) if loader else ():
            if not each.get('ann_file'):
                continue
            path = os.path.join(each.get('data_root') or '', each['ann_file'])
            found = read_list_file(path) if os.path.isfile(path) else None
            lists.append(
                {
                    'list': os.path.basename(path),
                    'name': found.header.name if found and found.header else None,
                    'sha256': found.sha256 if found else None,
                }
            )
        yield side, lists


def _metafile(
    entry: ZooEntry,
    n_parameters: int,
    url: str,
    config_file: str,
    origin: Mapping[str, Any] | None,
) -> str:
    """A model in the format of OpenMMLab's model-index."""
    model = {
        'Name': entry.name,
        'In Collection': 'MPC',
        'Metadata': {
            'Parameters': n_parameters,
            'Terms': entry.terms,
            'SHA256': entry.sha256,
            # Of the checkpoint of the run, of which the published one is a part.
            **({'Scored': origin} if origin else {}),
        },
        'Results': [
            {
                'Task': 'Image Forgery Localization',
                'Dataset': dataset,
                'Metrics': {
                    score: round(found['value'], 4)
                    for score, found in metrics['scores'].items()
                },
            }
            for dataset, metrics in entry.metrics.items()
        ],
        'Config': config_file,
        'Weights': url,
        'README': entry.card,
    }
    return yaml.safe_dump({'Models': [model]}, sort_keys=False, allow_unicode=True)
