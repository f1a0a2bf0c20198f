"""From the command line to a config that a runner can be built from."""

import gc
import importlib
import os
from collections.abc import Sequence

import torch
from mmengine.config import Config, ConfigDict, DictAction

from mpc_mmseg.datasets.dataset_configs import innermost_by_key

from .image_size import set_image_size
from .phases import known_phases, read_phases, set_phases

# Arguments of MMEngine's Runner, and of our hooks, that a config need not hold to be
# overridden.
_RUNNER_KEYS = {
    'allow_selection_on_test', 'auto_scale_lr', 'compile', 'find_unused_parameters',
    'launcher', 'model_wrapper_cfg', 'sync_bn', 'work_dir',
}  # fmt: skip
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def set_data_root(
    cfg: Config, data_root: str, loaders: Sequence[str] = LOADERS
) -> None:
    """Point every data set of some dataloaders of a config to one folder.

    Raises:
        ValueError: If a dataloader mixes data sets of different folders.
    """
    for key in loaders:
        if not cfg.get(key):
            continue
        found = dict(innermost_by_key(cfg[key].dataset, f'{key}.dataset'))
        if len({each.get('data_root') for each in found.values()}) > 1:
            options = '; '.join(
                f'{name}.data_root=DIR (now {each.get("data_root")!r})'
                for name, each in found.items()
            )
            raise ValueError(
                f'--data-root {data_root}: {key} mixes data sets of several folders, '
                f'which one folder cannot replace. Give --cfg-options {options}'
            )
        for dataset in found.values():
            dataset['data_root'] = data_root


def override(cfg: Config, options: Sequence[str]) -> None:
    """Apply ``KEY=VALUE`` overrides; ``image_size`` reaches all pipelines.

    Raises:
        ValueError: If an option's first word is no key of the config, which MMEngine
            would accept and never read; or as ``set_image_size``.
    """
    for option in options:
        key, separator, value = option.partition('=')
        head = key.split('.')[0]
        if not separator:
            raise ValueError(f'--cfg-options {option}: expected KEY=VALUE')
        if head not in cfg and head not in _RUNNER_KEYS:
            raise ValueError(
                f'--cfg-options {option}: the config has no {head!r}; its keys are '
                f'{", ".join(sorted(cfg.keys()))}'
            )
        parsed = DictAction._parse_iterable(value)
        if key == 'image_size':
            set_image_size(cfg, parsed)
        else:
            cfg.merge_from_dict({key: parsed})


def leave_process_group() -> None:
    """Ends the process group, with its threads, after a run.

    The caller must have released its runner: a wrapped model keeps the group alive, and
    a thread of it that is left at interpreter exit may abort the process.
    """
    if torch.distributed.is_initialized():
        torch.distributed.barrier()  # the main process holds the store of all others
        gc.collect()  # runner, loops and hooks refer to one another
        torch.distributed.destroy_process_group()


def load_config(
    path: str | Config,
    options: Sequence[str] = (),
    data_root: str | None = None,
    launcher: str = 'none',
    work_dir: str | None = None,
    phases: Sequence[str] | None = None,
) -> Config:
    """A config file with overrides, checked as far as possible without data.

    Without a GPU a distributed run gets the gloo backend, whose process group is
    started here. Errors are those of `override`, `set_data_root` and `read_phases`.

    Args:
        path: Config file, or a config with a ``work_dir``.
        options: ``KEY=VALUE`` overrides.
        data_root: Folder for every data set, or None.
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        work_dir: Folder of the run; by default the config's own, or work_dirs/NAME with
            the name of the config and, if given, of the phases.
        phases: Names of the phases to train; by default the config's ``phases``.
    """
    cfg = path if isinstance(path, Config) else Config.fromfile(path)
    override(cfg, options)
    if data_root is not None:
        set_data_root(cfg, data_root)
    if known_phases(cfg) or phases is not None:
        set_phases(cfg, phases)
    if cfg.get('train_cfg', {}).get('type') == 'PhaseTrainLoop':
        read_phases(cfg)
    name = os.path.splitext(os.path.basename(cfg.filename or 'config'))[0]
    if phases is not None:
        name = f'{name}_{"-".join(phases)}'
    cfg.work_dir = work_dir or cfg.get('work_dir') or os.path.join('work_dirs', name)
    cfg.launcher = launcher
    if launcher != 'none':
        # Imported first by DistributedDataParallel, this module would bind the process
        # group as a default argument and keep it, with its threads, to the end.
        importlib.import_module('torch.distributed.nn.functional')
    if launcher != 'none' and not torch.cuda.is_available():
        # MMEngine's launcher sets a CUDA device whatever the backend, unless the
        # process group is there already.
        if not torch.distributed.is_initialized() and 'RANK' in os.environ:
            torch.distributed.init_process_group('gloo')
        cfg.model_wrapper_cfg = ConfigDict(
            type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False
        )
    return cfg
