"""Put a trained model into a zoo, a folder that others load it from by name.

    python tools/publish_model.py work_dirs/RUN/best.pth zoo --name NAME \\
        --card card.md --terms 'CC BY 4.0' --results results.json

Written are NAME_DATE-HASH.pth (weights, config, scores, hashes of the protocols,
versions; no optimizer, no logs), the card, NAME.yml (metafile of the model) and, last,
index.json, by which tools/infer.py --model NAME finds and checks it. A zoo elsewhere is
such a folder, copied to where it is served; see docs/zoo.md.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help='checkpoint of tools/train.py')
    parser.add_argument('zoo', help='folder of the zoo; made if it is missing')
    parser.add_argument('--name', required=True, help='by which it is asked for')
    parser.add_argument(
        '--terms', required=True, help='what it may be used for, in a line'
    )
    card = parser.add_mutually_exclusive_group(required=True)
    card.add_argument(
        '--card',
        metavar='FILE',
        help='Markdown: data, scores, limits; copied. zoo/template/card.md is one to '
        'fill in',
    )
    card.add_argument(
        '--card-link', metavar='LINK', help='the same at an address, or seen from zoo'
    )
    parser.add_argument(
        '--weights',
        choices=('ema', 'raw'),
        help='averaged or last weights, of a checkpoint that holds both',
    )
    parser.add_argument(
        '--half', action='store_true', help='store float16: half of the size'
    )
    parser.add_argument(
        '--results',
        metavar='FILE',
        help='of tools/test.py --results, for these weights',
    )
    parser.add_argument('--config', metavar='NAME', help="default: the run's")
    parser.add_argument(
        '--address', metavar='URL', help='where the zoo is served, for the metafile'
    )
    parser.add_argument('--date', metavar='YYYYMMDD', help='default: today')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # Imported late: --help need not wait for torch.
    from mpc_mmseg.apis.zoo.publish import publish

    try:
        entry = publish(
            args.checkpoint,
            args.zoo,
            args.name,
            args.terms,
            args.card or args.card_link,
            link_card=args.card is None,
            weights=args.weights,
            half=args.half,
            results=args.results,
            config=args.config,
            address=args.address,
            date=args.date,
        )
    except (OSError, ValueError, RuntimeError) as error:
        print(f'publish_model.py: {error}', file=sys.stderr)
        return 2
    print(f'{args.zoo}/{entry.file}: {entry.size / 2**20:.1f} MiB')
    print(f'sha256 {entry.sha256}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
