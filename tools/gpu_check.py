"""What only a GPU can show, checked on one within ten minutes.

    python tools/gpu_check.py --out work_dirs/gpu_check

Each check runs in a process of its own with a time limit, so that one that fails,
hangs or crashes stops no other. Nothing is fetched. Prints a table; --out names the
.json with all figures and the .md with the rows for docs/benchmarks.md.

Exit status: 0, all passed or were left out for a stated reason; 1, a check failed;
2, there is no GPU.

    contrast       naive, blocked and fused: values, gradients, time, peak memory
    data           which share of the steps waits for data, at 512x512
    attention      HRFormer's attention runs in a fused kernel of torch, which one
    resume         a run resumed before, at and after the switch of phases
    nccl           one rank for each GPU: all-reduce, and a step under DDP
    compile        torch.compile (inductor) against eager, values, gradients and time
    network:NAME   each model of configs/_base_/models: predictions; loss and gradients
                   of its phases in float64 against the CPU (1e-5), then in float32
                   without TF32 (1e-4), float16 with GradScaler and bfloat16 against
                   float64; what this shows and what not: gpu_checks/networks.py
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gpu_checks.kernels import check_attention, check_compile, check_contrast
from gpu_checks.networks import check_network
from gpu_checks.rows import MODELS_FOLDER, LeftOut, Row
from gpu_checks.runs import check_data, check_nccl, check_resume

ROOT = Path(__file__).resolve().parents[1]

#: Name -> check, its time limit in seconds, and whether it measures time, for which
#: nothing else runs beside it. The cheap and telling ones come first.
CHECKS: dict[str, tuple[Callable[..., Iterator[Row]], int, bool]] = {
    'contrast': (check_contrast, 120, True),
    'data': (check_data, 120, True),
    'attention': (check_attention, 90, False),
    'resume': (check_resume, 120, False),
    'nccl': (check_nccl, 90, False),
    'compile': (check_compile, 150, False),
}
NETWORK_LIMIT = 120
LARGEST = ('mpc_hrnet_w32', 'mpc_hrnet_w48', 'mpc_hrformer_small', 'mpc_hrformer_base')


def names_of_checks() -> list[str]:
    """All checks in their order; the networks by their base configs, largest last."""
    # Bases of several models name no backbone.
    paths = [p for p in MODELS_FOLDER.glob('mpc_*.py') if 'backbone=' in p.read_text()]
    stems = sorted((p.stem for p in paths), key=lambda stem: (stem in LARGEST, stem))
    return [*CHECKS, *(f'network:{stem}' for stem in stems)]


def run_here(name: str, device: str, report: Path) -> None:
    """Run a check, rewriting its report after each row."""
    kind, _, argument = name.partition(':')
    rows: list[Row] = []
    found: dict[str, Any] = dict(rows=rows, left_out=None, error='ended early')

    def save() -> None:
        report.write_text(json.dumps(found))

    save()
    try:
        if kind == 'network':
            steps = check_network(device, argument)
        else:
            steps = CHECKS[kind][0](device)
        for each in steps:
            rows.append(each)
            save()
        found['error'] = None
    except LeftOut as reason:
        found.update(left_out=str(reason), error=None)
    except Exception as error:
        import traceback

        traceback.print_exc()
        found['error'] = f'{type(error).__name__}: {error}'
    save()


def run_apart(name: str, device: str, limit: int, threads: int) -> dict[str, Any]:
    """Run a check in a process of its own and give its report."""
    with tempfile.TemporaryDirectory() as root:
        report = Path(root) / 'report.json'
        command = [sys.executable, __file__, '--run-here', name, '--device', device]
        environment = {
            **os.environ,
            'OMP_NUM_THREADS': str(threads),
            'PYTHONPATH': os.pathsep.join(
                [str(ROOT), os.environ.get('PYTHONPATH', '')]
            ),
        }
        begin = time.perf_counter()
        late = False
        log = Path(root) / 'log'
        with log.open('w') as stream:
            process = subprocess.Popen(
                [*command, '--out', str(report)],
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # its workers end with it
            )
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                late = True
                os.killpg(process.pid, 9)
                process.wait()
        found: dict[str, Any] = dict(rows=[], left_out=None, error='it left no report')
        if report.is_file():
            found = json.loads(report.read_text())
        if late:
            found['error'] = f'over its limit of {limit} s'
        elif process.returncode and not found['error']:
            found['error'] = f'exit status {process.returncode}'
        if found['error']:
            found['log'] = log.read_text(errors='replace')[-3000:]
    return dict(check=name, seconds=time.perf_counter() - begin, **found)


def failed(report: dict[str, Any]) -> bool:
    """Whether a check or one of its rows failed."""
    return bool(report['error']) or not all(each['ok'] for each in report['rows'])


def show(value: Any) -> str:
    """A figure as it stands in a table."""
    return f'{value:.3g}' if isinstance(value, float) else str(value)


def table_lines(reports: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Name, verdict and figures of each row."""
    lines = []
    for report in reports:
        for each in report['rows']:
            figures = ', '.join(f'{k} {show(v)}' for k, v in each['figures'].items())
            lines.append((each['name'], 'ok' if each['ok'] else 'FAILED', figures))
        if report['left_out']:
            lines.append((report['check'], 'left out', report['left_out']))
        if report['error']:
            lines.append((report['check'], 'FAILED', report['error'].splitlines()[0]))
    return lines


def markdown(result: dict[str, Any]) -> str:
    """The rows for docs/benchmarks.md."""
    where = ', '.join(f'{key} {value}' for key, value in result['environment'].items())
    lines = [
        f'`python tools/gpu_check.py`, {where}; {result["seconds"]:.0f} s:',
        '',
        '| check | result | figures |',
        '|---|---|---|',
    ]
    for line in table_lines(result['checks']):
        lines.append('| ' + ' | '.join(x.replace('|', '/') for x in line) + ' |')
    return '\n'.join(lines) + '\n'


def environment() -> dict[str, str]:
    """What the figures depend on."""
    import torch

    found = dict(python=sys.version.split()[0], torch=torch.__version__)
    if torch.cuda.is_available():
        found |= dict(
            gpu=torch.cuda.get_device_name(),
            gpus=str(torch.cuda.device_count()),
            cuda=str(torch.version.cuda),
            cudnn=str(torch.backends.cudnn.version()),
        )
    return found


def run_all(names: list[str], device: str, seconds: float) -> list[dict[str, Any]]:
    """Run checks in the order of names: those that measure time, then eight at once."""
    cores = os.cpu_count() or 1
    beside = max(1, min(8, cores // 2))
    end = time.perf_counter() + seconds

    def run(name: str, threads: int) -> dict[str, Any]:
        limit = CHECKS[name][1] if name in CHECKS else NETWORK_LIMIT
        left = int(end - time.perf_counter())
        if left < 5:
            error = 'the time for all checks was over'
            return dict(check=name, seconds=0, rows=[], left_out=None, error=error)
        return run_apart(name, device, min(limit, left), threads)

    alone = [name for name in names if name in CHECKS and CHECKS[name][2]]
    together = [name for name in names if name not in alone]
    found = [run(name, max(1, cores // 2)) for name in alone]
    with ThreadPoolExecutor(beside) as pool:
        threads = max(1, cores // beside)
        found += pool.map(lambda name: run(name, threads), together)
    return sorted(found, key=lambda report: names.index(report['check']))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--out', default='work_dirs/gpu_check', help='names .json, .md')
    parser.add_argument('--only', nargs='+', help='checks to run; default all')
    parser.add_argument(
        '--seconds', type=float, default=570, help='for all checks; default %(default)s'
    )
    parser.add_argument('--device', default='cuda', help=argparse.SUPPRESS)
    parser.add_argument('--run-here', help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    if args.run_here:
        run_here(args.run_here, args.device, Path(args.out))
        return 0
    known = names_of_checks()
    names = args.only or known
    if unknown := [name for name in names if name not in known]:
        sys.exit(f'--only {" ".join(unknown)}: the checks are {", ".join(known)}')
    import torch

    if args.device == 'cuda' and not torch.cuda.is_available():
        print('gpu_check: torch sees no GPU here, so nothing was checked.')
        return 2
    begin = time.perf_counter()
    reports = run_all(names, args.device, args.seconds)
    result = dict(
        environment=environment(),
        seconds=time.perf_counter() - begin,
        ok=not any(map(failed, reports)),
        checks=reports,
    )
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix('.json').write_text(json.dumps(result, indent=1) + '\n')
    out.with_suffix('.md').write_text(markdown(result))
    for report in reports:
        if report.get('log'):
            print(f'--- {report["check"]}\n{report["log"]}')
    lines = table_lines(reports)
    widths = [max(len(line[i]) for line in lines) for i in (0, 1)]
    for name, verdict, figures in lines:
        print(f'{name:<{widths[0]}}  {verdict:<{widths[1]}}  {figures}')
    print(f'{result["seconds"]:.0f} s; {sum(map(failed, reports))} checks failed')
    return 0 if result['ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
