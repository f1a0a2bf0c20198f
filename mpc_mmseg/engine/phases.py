"""Phases: those that a config defines, those that a run trains, their bounds."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mmengine.config import Config
from mmengine.hooks import EarlyStoppingHook

_SUFFIX = '_phase'
_REQUIRED = {'max_iters', 'optim_wrapper'}
_OPTIONAL = {'early_stop', 'load_best', 'param_scheduler', 'val_interval'}
_SPANS = ('begin', 'end', 'T_max', 'total_iters')


@dataclass(frozen=True)
class Phase:
    """One phase of a run, in iterations of the whole run.

    Attributes:
        name: What ``MPCSegmentor.set_phase`` takes.
        begin: First iteration.
        end: First iteration after it.
        val_interval: Iterations between validations, counted from ``begin``.
        optim_wrapper: The phase's optimizer wrapper config.
        param_scheduler: Scheduler configs, in iterations of the phase.
        early_stop: Arguments of MMEngine's ``EarlyStoppingHook``, which here ends
            the phase and not the run; None for the full length.
        load_best: Begin with the best weights of the previous phase, not its last.
    """

    name: str
    begin: int
    end: int
    val_interval: int
    optim_wrapper: dict
    param_scheduler: list[dict]
    early_stop: dict | None = None
    load_best: bool = False

    def validates_after(self, iteration: int) -> bool:
        """Whether a validation is due when ``iteration`` iterations are done."""
        done = iteration - self.begin
        return done % self.val_interval == 0 or iteration == self.end


def _positive(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f'{name} must be a positive integer, got {value!r}')
    return value


def resolve_spans(
    schedule: dict, length: int, name: str, val_interval: int | None = None
) -> dict:
    """A scheduler's config with its spans in iterations of a phase.

    Args:
        schedule: Config; ``begin``, ``end``, ``T_max`` and ``total_iters`` are
            iterations (int) or shares of the phase (float in 0..1). ``T_max``, a
            period, may be a text such as ``'20 validations'`` and longer than the
            phase. A ReduceOnPlateau counts validations and is not changed.
        length: Iterations of the phase.
        name: Name in errors.
        val_interval: Iterations between validations; the phase's length by default.
    """
    if str(schedule.get('type', '')).startswith('ReduceOnPlateau'):
        # MMEngine steps these by validations, which it calls epochs.
        return {'by_epoch': True, 'end': 10**9, **schedule}
    schedule = {'by_epoch': False, 'end': 1.0, **schedule}
    for key in _SPANS:
        value = schedule.get(key)
        if value is None:
            continue
        if key == 'T_max' and isinstance(value, str):
            validations = _multiple(value, 'validations', f'{name}.T_max')
            schedule[key] = max(1, round(validations * (val_interval or length)))
            continue
        if isinstance(value, float) and 0 <= value <= 1:
            value = round(value * length)
        if not isinstance(value, int) or not 0 <= value <= length:
            raise ValueError(
                f'{name}.{key} = {schedule[key]!r} does not fit the phase of '
                f'{length} iterations: give iterations up to that, or a share in 0..1'
            )
        schedule[key] = value
    return schedule


def _multiple(value: object, unit: str, name: str) -> float:
    """The number in a text such as ``'20 validations'``."""
    number, _, word = str(value).partition(' ')
    try:
        found = float(number) if word in (unit, unit.removesuffix('s')) else 0.0
    except ValueError:
        found = 0.0
    if not 0 < found < float('inf'):
        raise ValueError(f"{name} must be a text such as '2 {unit}', got {value!r}")
    return found


def resolve_interval(
    value: int | str, length: int, epoch_iters: int | None, name: str
) -> int:
    """Iterations between validations, of iterations or a text like ``'0.01 epochs'``.

    Where ``epoch_iters`` is unknown, the phase counts as an epoch.
    """
    if not isinstance(value, str):
        return _positive(value, name)
    epochs = _multiple(value, 'epochs', name)
    return max(1, round(epochs * (epoch_iters or length)))


def known_phases(cfg: Config) -> list[str]:
    """Names of the phases that a config defines: its keys that end in ``_phase``."""
    return [k.removesuffix(_SUFFIX) for k in cfg if k.endswith(_SUFFIX) and cfg[k]]


def run_phases(cfg: Config) -> list[str]:
    """Names of the phases that a run trains, in order: ``phases``, by default all.

    Raises:
        ValueError: If there is none, or ``phases`` names one that is not defined, or
            one twice.
    """
    known = known_phases(cfg)
    if not known:
        raise ValueError(
            'the config defines no phase: add for instance contrast_phase = dict(...)'
        )
    names = cfg.get('phases')
    names = known if names is None else [names] if isinstance(names, str) else names
    unknown = [name for name in names if name not in known]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            f'phases = {list(names)}: give one or more of the phases that the config '
            f'knows, {", ".join(known)}, each once'
        )
    return list(names)


def set_phases(cfg: Config, names: Sequence[str] | None = None) -> None:
    """Writes the phases of a run into its config, and the first into its model.

    Names are those of ``train.py --phases``; None for the config's own, which do not
    replace the model's ``phase``. Errors are those of ``run_phases``.
    """
    if names is not None:
        cfg.phases = list(names)
    cfg.phases = run_phases(cfg)
    if 'model' in cfg and (names is not None or 'phase' not in cfg.model):
        cfg.model.phase = cfg.phases[0]


def read_phases(cfg: Config, epoch_iters: int | None = None) -> list[Phase]:
    """The phases that a run trains, in order.

    All values that depend on a phase's length are derived here, when the run starts, so
    overriding ``contrast_phase.max_iters`` is enough. A phase's ``optim_wrapper`` is
    merged over the config's own, which holds common settings (AMP, clipping,
    accumulation).

    Args:
        cfg: The run's config, with a key ``NAME_phase`` for each of ``run_phases``.
        epoch_iters: Iterations of an epoch, or None if unknown.

    Raises:
        ValueError: If there is no phase, one has unknown or missing keys, a number
            does not fit, or a common setting would not be used.
    """
    phases: list[Phase] = []
    names = run_phases(cfg)
    if cfg.get('param_scheduler'):
        raise ValueError(
            'param_scheduler of the config would not be used: each phase has its own, '
            f'{names[0]}_phase.param_scheduler'
        )
    own = [cfg[name + _SUFFIX].get('optim_wrapper') or {} for name in names]
    for path, first in _replaced(cfg.get('optim_wrapper') or {}, own, 'optim_wrapper'):
        raise ValueError(
            f'{path} would not be used: each phase replaces it (the first by '
            f'{first!r}); set {names[0]}_phase.{path}'
        )
    for name in names:
        key = name + _SUFFIX
        spec = Config(cfg[key]).to_dict()
        if unknown := set(spec) - _REQUIRED - _OPTIONAL:
            raise ValueError(f'{key} has unknown keys {sorted(unknown)}')
        if missing := _REQUIRED - set(spec):
            raise ValueError(f'{key} lacks {sorted(missing)}')
        length = _positive(spec['max_iters'], f'{key}.max_iters')
        load_best = spec.get('load_best', False)
        if not isinstance(load_best, bool) or (load_best and not phases):
            raise ValueError(
                f'{key}.load_best must be True or False, and False in the first phase '
                f'of a run, got {load_best!r}'
            )
        if (early_stop := spec.get('early_stop')) is not None:
            try:
                EarlyStoppingHook(**early_stop)
            except (TypeError, ValueError) as error:
                text = f'{key}.early_stop = {early_stop!r}: {error}'
                raise ValueError(text) from error
        schedules = spec.get('param_scheduler') or []
        schedules = [schedules] if isinstance(schedules, dict) else schedules
        begin = phases[-1].end if phases else 0
        val_interval = resolve_interval(
            spec.get('val_interval', length), length, epoch_iters, f'{key}.val_interval'
        )
        schedules = [
            resolve_spans(s, length, f'{key}.param_scheduler.{i}', val_interval)
            for i, s in enumerate(schedules)
        ]
        common = Config(dict(wrapper=copy.deepcopy(cfg.get('optim_wrapper') or {})))
        common.merge_from_dict(dict(wrapper=spec['optim_wrapper']))
        phases.append(
            Phase(
                name=name,
                begin=begin,
                end=begin + length,
                val_interval=val_interval,
                optim_wrapper=common.to_dict()['wrapper'],
                # In a short phase a warm-up's share may round to no iteration.
                param_scheduler=[s for s in schedules if s.get('begin', 0) < s['end']],
                early_stop=early_stop,
                load_best=load_best,
            )
        )
    return phases


def _replaced(
    common: Mapping, phases: Sequence[Mapping], path: str
) -> Iterator[tuple[str, object]]:
    """Common settings that every phase replaces, and the first phase's value."""
    for key, value in common.items():
        own = [phase[key] for phase in phases if key in phase]
        if len(own) < len(phases):
            continue
        if all(isinstance(each, Mapping) for each in (value, *own)):
            yield from _replaced(value, own, f'{path}.{key}')
        elif value not in own:
            yield f'{path}.{key}', own[0]


def phase_at(phases: list[Phase], iteration: int) -> Phase:
    """The phase that trains iteration ``iteration`` (0-based)."""
    return next((p for p in phases if iteration < p.end), phases[-1])


def end_phase(phases: list[Phase], name: str, iteration: int) -> list[Phase]:
    """The phases, one ending at ``iteration``; later ones keep their length."""
    shift, moved = 0, []
    for phase in phases:
        phase = replace(phase, begin=phase.begin + shift, end=phase.end + shift)
        if phase.name == name:
            shift += iteration - phase.end
            phase = replace(phase, end=iteration)
        moved.append(phase)
    return moved
