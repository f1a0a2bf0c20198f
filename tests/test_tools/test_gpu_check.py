"""What of the checks on a GPU a CPU can run, and how they are reported."""

import json
import sys
from pathlib import Path

import pytest
import torch

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture
def gpu_check(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import gpu_check

    return gpu_check


@pytest.fixture
def checks(gpu_check):
    from gpu_checks import kernels, networks

    return kernels, networks


def good(device):
    yield dict(name='good', ok=True, figures=dict(value=1e-7))


def worse(device):
    yield dict(name='near', ok=True, figures={})
    yield dict(name='far', ok=False, figures=dict(value=0.5))
    raise RuntimeError('broke here')


def absent(device):
    from gpu_checks.rows import need

    need('no_such_module')
    yield {}


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_without_a_gpu_it_says_so(gpu_check, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['gpu_check.py'])
    assert gpu_check.main() == 2
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_rows_outlive_what_breaks_after_them(gpu_check, monkeypatch, tmp_path):
    checks = dict(good=(good, 9, False), worse=(worse, 9, True), absent=(absent, 9, 0))
    monkeypatch.setattr(gpu_check, 'CHECKS', checks)
    reports = []
    for name in checks:
        gpu_check.run_here(name, 'cpu', tmp_path / name)
        found = json.loads((tmp_path / name).read_text())
        reports.append(dict(check=name, seconds=1.0, **found))
    assert [gpu_check.failed(each) for each in reports] == [False, True, False]
    result = dict(environment=dict(torch='2'), seconds=3.0, checks=reports)
    rows = gpu_check.markdown(result).splitlines()[4:]
    assert rows == [
        '| good | ok | value 1e-07 |',
        '| near | ok |  |',
        '| far | FAILED | value 0.5 |',
        '| worse | FAILED | RuntimeError: broke here |',
        '| absent | left out | no_such_module not installed |',
    ]


def test_processes_that_fail_or_hang_stop_no_other(gpu_check, monkeypatch, tmp_path):
    script = tmp_path / 'check.py'
    script.write_text(
        'import sys, time\n'
        "name = sys.argv[sys.argv.index('--run-here') + 1]\n"
        "if name == 'slow': time.sleep(60)\n"
        "if name == 'crash': print('its last words'); sys.exit(3)\n"
        "open(sys.argv[-1], 'w').write("
        '\'{"rows": [], "left_out": null, "error": null}\')\n'
    )
    monkeypatch.setattr(gpu_check, '__file__', str(script))
    limits = dict(slow=2, crash=20, fine=20)
    checks = {name: (good, limit, False) for name, limit in limits.items()}
    monkeypatch.setattr(gpu_check, 'CHECKS', checks)
    slow, crash, fine = gpu_check.run_all(list(limits), 'cpu', 100)
    assert slow['error'] == 'over its limit of 2 s'
    assert crash['error'] and 'its last words' in crash['log']
    assert not gpu_check.failed(fine)


def test_the_cheap_checks_come_first(gpu_check):
    names = gpu_check.names_of_checks()
    assert names[0] == 'contrast' and names[-1] == 'network:mpc_hrnet_w48'
    assert names.index('data') < names.index('network:mpc_lite0')


def test_networks_are_compared_by_losses_gradients_and_maps(checks):
    rows = list(checks[1].check_network('cpu', 'mpc_r18s_blocks'))
    assert [row['name'].split(' ', 1)[1] for row in rows] == [
        'predict',
        *(
            f'{phase}, {kind}'
            for phase in ('contrast', 'localize', 'supervised', 'joint')
            for kind in ('float64', 'float32', 'bfloat16')
        ),
    ]
    assert all(row['ok'] for row in rows)


def test_a_wrong_gradient_is_seen(checks, monkeypatch):
    _, networks = checks
    right = networks.loss_and_gradient
    calls = []

    def wrong(*args):
        loss, gradient = right(*args)
        calls.append(args)
        return loss, gradient * (1 + 1e-3 * (len(calls) % 2))

    monkeypatch.setattr(networks, 'loss_and_gradient', wrong)
    rows = networks.check_network('cpu', 'mpc_r18s_blocks')
    _, double, single = (next(rows) for _ in range(3))
    for row in (double, single):
        assert not row['ok'] and row['figures']['gradient'] == pytest.approx(1e-3, 0.1)


def test_attention_is_judged_by_its_kernel(checks):
    """A CPU takes its fused kernel unless the bias has a gradient."""
    for row in checks[0].check_attention('cpu'):
        assert row['ok'] == ('inference' in row['name'])
        assert ('math' in row['figures']['kernels']) == ('training' in row['name'])
        assert row['figures']['worst'] < 0.05


def test_the_contrasts_forms_agree(checks):
    rows = list(checks[0].check_contrast('cpu', counts=(64,), channels=16))
    assert [row['name'] for row in rows] == [
        'contrast naive, 64 pixels, float32', 'contrast naive, 64 pixels, bfloat16',
        'contrast blocked, 64 pixels, float32', 'contrast blocked, 64 pixels, bfloat16',
    ]  # fmt: skip
    assert all(row['ok'] and row['figures']['milliseconds'] > 0 for row in rows)
