"""Baselines for the demo's model, as JSON for tools/demo/report.py.

    python tools/demo/baselines.py --per-image IMAGES.jsonl --out baselines.json \\
        "Untrained network=untrained.json" "Phase 1 alone (clusters)=phase1.json"

"Everything forged" follows from the areas in the per-image file; the others are
score files of tools/test.py.
"""

import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'scores', nargs='*', metavar='NAME=FILE', help='further baselines'
    )
    parser.add_argument(
        '--per-image', required=True, help='JSON lines of tools/test.py --per-image'
    )
    parser.add_argument('--out', required=True, help='JSON file to write')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    import json
    from pathlib import Path

    from mpc_mmseg.evaluation.functional import Confusion, mpc_scores
    from mpc_mmseg.json_files import json_lines

    by_dataset: dict[str, list[tuple[float, float]]] = {}
    for _, image in json_lines(args.per_image):
        if image['forged']:
            forged = image['tp'] + image['fn']
            authentic = image['fp'] + image['tn']
            scores = mpc_scores(Confusion(forged, authentic, 0, 0))
            by_dataset.setdefault(image['dataset'], []).append(scores)
    everything = {}
    for name, scores in by_dataset.items():
        f1, iou = (sum(column) / len(scores) for column in zip(*scores))
        everything |= {f'{name}/F1': f1, f'{name}/IoU': iou}
    baselines = {'Everything forged': everything}
    for item in args.scores:
        name, _, path = item.partition('=')
        baselines[name] = json.loads(Path(path).read_text(encoding='utf-8'))
    Path(args.out).write_text(json.dumps(baselines, indent=2), encoding='utf-8')


if __name__ == '__main__':
    main()
