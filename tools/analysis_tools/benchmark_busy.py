"""Training steps and predictions of a CPU beside a process that is always busy.

    python tools/analysis_tools/benchmark_busy.py --threads 2

The threads of an OpenMP region wait for the last of them. By default they spin, which
keeps it from a core that another process shares. Each setting runs in a process of its
own, alternately without and beside the busy process; times are medians of all rounds.
With n threads on n cores, beside one process a step may take (n + 1) / n times as long.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

SETTINGS = {
    'torch': {},
    'passive': {'OMP_WAIT_POLICY': 'PASSIVE'},
    **{f'spin {n}': {'GOMP_SPINCOUNT': str(n)} for n in (100, 1000, 10000)},
    'one thread': {'OMP_NUM_THREADS': '1'},
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--config',
        default='configs/hrnet/mpc_hrnet-w18s_1xb8_demo-128x128.py',
        help='config with the model',
    )
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    parser.add_argument('--steps', type=int, default=5, help='steps of a round')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--size', type=int, default=128, help='height and width')
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument(
        '--settings', nargs='+', choices=SETTINGS, default=list(SETTINGS)
    )
    parser.add_argument('--child', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


def steps(args: argparse.Namespace) -> dict:
    """A training step and a prediction of the config's model, by name."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmengine.structures import PixelData
    from mmseg.registry import MODELS
    from mmseg.structures import SegDataSample

    import mpc_mmseg  # noqa: F401 - registers the plugin

    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(args.config).model)
    optimizer = torch.optim.AdamW(p for p in model.parameters() if p.requires_grad)
    size = (args.size, args.size)
    images = torch.rand(args.batch, 3, *size)
    mask = torch.zeros(1, *size, dtype=torch.long)
    mask[:, : args.size // 3, : args.size // 3] = 1
    meta = dict(ori_shape=size, img_shape=size, img_path='a.png')
    samples = [SegDataSample(metainfo=meta) for _ in images]
    for sample in samples:
        sample.gt_sem_seg = PixelData(data=mask)

    def train() -> None:
        model.train()
        losses = model.loss(images, samples)
        optimizer.zero_grad()
        sum(v for k, v in losses.items() if 'loss' in k).backward()
        optimizer.step()

    def predict() -> None:
        model.eval()
        model.predict(images, samples)

    return {'step': train, 'prediction': predict}


def measure(args: argparse.Namespace) -> None:
    """Prints seconds of each kind of step, idle and busy, as JSON."""
    found: dict[str, list[float]] = {}
    kinds = steps(args)
    for run in kinds.values():
        run()
    for _ in range(args.rounds):
        for state in ('idle', 'busy'):
            loop = None
            if state == 'busy':
                loop = subprocess.Popen([sys.executable, '-c', 'while True: pass'])
                time.sleep(0.3)
            try:
                for name, run in kinds.items():
                    for _ in range(args.steps):
                        start = time.perf_counter()
                        run()
                        spent = time.perf_counter() - start
                        found.setdefault(f'{name}, {state}', []).append(spent)
            finally:
                if loop is not None:
                    loop.kill()
                    loop.wait()
    print(json.dumps({k: statistics.median(v) for k, v in found.items()}))


def main() -> None:
    args = parse_args()
    if args.child:
        return measure(args)
    rows = {}
    for name in args.settings:
        environment = {'OMP_NUM_THREADS': str(args.threads), **os.environ}
        for variable in ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT'):
            environment.pop(variable, None)
        environment |= {'OMP_NUM_THREADS': str(args.threads), **SETTINGS[name]}
        done = subprocess.run(
            [sys.executable, *sys.argv, '--child'],
            env=environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        rows[name] = json.loads(done.stdout.splitlines()[-1])
        shown = ', '.join(f'{k} {v * 1000:.0f} ms' for k, v in rows[name].items())
        print(f'{name:10}  {shown}', flush=True)


if __name__ == '__main__':
    main()
