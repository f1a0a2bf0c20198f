import pytest
from mmengine.config import Config

from mpc_mmseg.engine.phases import (
    end_phase,
    known_phases,
    phase_at,
    read_phases,
    run_phases,
    set_phases,
)


def config(**changes):
    adam = dict(optimizer=dict(type='AdamW', lr=1e-3))
    return Config(
        dict(
            optim_wrapper=dict(type='OptimWrapper', clip_grad=dict(max_norm=1)),
            contrast_phase=dict(
                max_iters=100,
                val_interval=30,
                optim_wrapper=adam,
                param_scheduler=[
                    dict(type='LinearLR', begin=0.0, end=0.1),
                    dict(type='CosineAnnealingLR', begin=0.1),
                ],
            ),
            localize_phase=dict(max_iters=10, val_interval=4, optim_wrapper=adam),
            **changes,
        )
    )


def test_bounds_and_spans_follow_from_the_lengths():
    cfg = config()
    cfg.merge_from_dict({'contrast_phase.max_iters': 200})
    contrast, localize = read_phases(cfg)
    assert (contrast.begin, contrast.end) == (0, 200)
    assert (localize.begin, localize.end) == (200, 210)
    spans = [(s['begin'], s['end']) for s in contrast.param_scheduler]
    assert spans == [(0, 20), (20, 200)]
    assert all(s['by_epoch'] is False for s in contrast.param_scheduler)


def test_common_wrapper_options_hold_in_both_phases():
    for phase in read_phases(config()):
        assert phase.optim_wrapper['clip_grad'] == dict(max_norm=1)
        assert phase.optim_wrapper['optimizer']['type'] == 'AdamW'


def test_validations_count_from_the_phase_and_close_it():
    contrast, localize = read_phases(config())
    assert [i for i in range(1, 101) if contrast.validates_after(i)] == [
        30, 60, 90, 100,
    ]  # fmt: skip
    assert [i for i in range(101, 111) if localize.validates_after(i)] == [
        104, 108, 110,
    ]  # fmt: skip


def test_phase_at():
    phases = read_phases(config())
    names = [phase_at(phases, i).name for i in (0, 99, 100, 109, 110)]
    assert names == ['contrast', 'contrast', 'localize', 'localize', 'localize']


def test_short_phase_drops_a_warm_up_that_rounds_to_nothing():
    cfg = config()
    cfg.merge_from_dict({'contrast_phase.max_iters': 4})
    assert [s['type'] for s in read_phases(cfg)[0].param_scheduler] == [
        'CosineAnnealingLR'
    ]


def test_plateau_counts_validations():
    cfg = config()
    cfg.contrast_phase.param_scheduler = [
        dict(type='ReduceOnPlateauLR', monitor='mean/score', rule='greater')
    ]
    (plateau,) = read_phases(cfg)[0].param_scheduler
    assert plateau['by_epoch'] is True and plateau['end'] > 10**6


def test_intervals_in_epochs_and_periods_in_validations():
    cfg = config()
    cfg.contrast_phase.val_interval = '0.01 epochs'
    cfg.contrast_phase.param_scheduler = [
        dict(type='CosineAnnealingLR', T_max='20 validations', end=90)
    ]
    (phase, _) = read_phases(cfg, epoch_iters=300)
    assert phase.val_interval == 3
    assert phase.param_scheduler[0]['T_max'] == 60
    # the period may be longer than the phase, its end may not
    (phase, _) = read_phases(cfg, epoch_iters=1000)
    assert phase.param_scheduler[0]['T_max'] == 200
    assert phase.param_scheduler[0]['end'] == 90
    assert read_phases(cfg, epoch_iters=10)[0].val_interval == 1
    # an interval given in iterations is followed, too
    cfg.merge_from_dict({'contrast_phase.val_interval': 4})
    assert read_phases(cfg)[0].param_scheduler[0]['T_max'] == 80


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('contrast_phase.max_iters', 0, 'contrast_phase.max_iters'),
        ('contrast_phase.max_iters', 1.5, 'contrast_phase.max_iters'),
        ('localize_phase.val_interval', -1, 'localize_phase.val_interval'),
        ('localize_phase.epochs', 3, 'unknown keys'),
        ('contrast_phase.val_interval', 'often', "as '2 epochs', got 'often'"),
        ('contrast_phase.val_interval', '-1 epochs', 'contrast_phase.val_interval'),
        (
            'contrast_phase.param_scheduler',
            [dict(type='X', T_max='2 epochs')],
            "as '2 validations'",
        ),
        ('contrast_phase.param_scheduler', [dict(type='X', end=101)], 'does not fit'),
    ],
)
def test_bad_values_are_named(key, value, message):
    cfg = config()
    cfg.merge_from_dict({key: value})
    with pytest.raises(ValueError, match=message):
        read_phases(cfg)


def test_no_phase_and_missing_keys():
    with pytest.raises(ValueError, match='no phase'):
        read_phases(Config(dict(optim_wrapper=dict())))
    with pytest.raises(ValueError, match='optim_wrapper'):
        read_phases(Config(dict(contrast_phase=dict(max_iters=3))))


def test_a_run_trains_the_phases_that_it_names_in_their_order():
    adam = dict(optimizer=dict(type='AdamW', lr=1e-3))
    other = dict(max_iters=7, optim_wrapper=adam)
    cfg = config(warm_up_phase=other, model=dict(type='MPCSegmentor'))
    assert known_phases(cfg) == run_phases(cfg) == ['contrast', 'localize', 'warm_up']
    set_phases(cfg, ['warm_up', 'contrast'])
    assert (cfg.phases, cfg.model.phase) == (['warm_up', 'contrast'], 'warm_up')
    bounds = [(p.name, p.begin, p.end) for p in read_phases(cfg)]
    assert bounds == [('warm_up', 0, 7), ('contrast', 7, 107)]
    # Without names the config's own hold, and what the model names stays.
    set_phases(cfg)
    assert (cfg.phases, cfg.model.phase) == (['warm_up', 'contrast'], 'warm_up')
    cfg.phases, cfg.model.phase = 'localize', 'contrast'
    set_phases(cfg)
    assert (cfg.phases, cfg.model.phase) == (['localize'], 'contrast')


@pytest.mark.parametrize(
    'names', [['contrast', 'joint'], [], ['contrast', 'contrast'], 'localise']
)
def test_phases_that_a_run_cannot_have_are_refused(names):
    cfg = config(phases=names)
    with pytest.raises(ValueError, match='that the config knows, contrast, localize'):
        read_phases(cfg)


def test_a_phase_that_ends_elsewhere_moves_those_after_it():
    phases = read_phases(config())
    bounds = [(p.begin, p.end) for p in end_phase(phases, 'contrast', 60)]
    assert bounds == [(0, 60), (60, 70)]
    assert [p.end for p in end_phase(phases, 'localize', 104)] == [100, 104]
    assert end_phase(phases, 'supervised', 5) == phases


@pytest.mark.parametrize(
    'change, message',
    [
        ({'contrast_phase.load_best': True}, r'contrast_phase\.load_best.*first phase'),
        ({'localize_phase.load_best': 'yes'}, r'localize_phase\.load_best.*yes'),
        ({'contrast_phase.early_stop': dict(patience=1)}, 'monitor'),
        (
            {'contrast_phase.early_stop': dict(monitor='x', rule='up')},
            r'contrast_phase\.early_stop.*up',
        ),
    ],
)
def test_wrong_ways_to_end_and_begin_are_refused(change, message):
    cfg = config()
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=message):
        read_phases(cfg)


def test_settings_that_no_phase_would_use_are_refused():
    adam = dict(optimizer=dict(type='AdamW', lr=1e-3))
    phase = dict(max_iters=4, optim_wrapper=adam)
    cfg = Config(
        dict(
            optim_wrapper=dict(clip_grad=dict(max_norm=1), optimizer=dict(lr=0.1)),
            contrast_phase=phase,
            localize_phase=phase,
        )
    )
    with pytest.raises(ValueError, match=r'optim_wrapper\.optimizer\.lr would not be'):
        read_phases(cfg)
    cfg.localize_phase.optim_wrapper.optimizer.pop('lr')
    assert [p.optim_wrapper['optimizer']['lr'] for p in read_phases(cfg)] == [1e-3, 0.1]
    cfg.param_scheduler = [dict(type='PolyLR')]
    with pytest.raises(ValueError, match=r'contrast_phase\.param_scheduler'):
        read_phases(cfg)
