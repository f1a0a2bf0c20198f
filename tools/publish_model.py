"""Publish a trained model in a zoo, a folder from which others load it by name.

    python tools/publish_model.py work_dirs/RUN/best.pth zoo --name NAME \\
        --card card.md --terms 'CC BY 4.0' --results results.json

It writes NAME_DATE-HASH.pth (weights, config, scores, hashes of the protocols,
versions; no optimizer, no logs), the card, NAME.yml (metafile of the model) and, last,
index.json, with which tools/infer.py --model NAME finds and verifies it. To serve a
zoo, copy the folder to a server; see docs/zoo.md.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help='checkpoint of tools/train.py')
    parser.add_argument('zoo', help='folder of the zoo; created if it is missing')
    parser.add_argument('--name', required=True, help='name of the model')
    parser.add_argument('--terms', required=True, help='terms of use, in one line')
    parser.add_argument(
        '--card',
        required=True,
        metavar='FILE',
        help='Markdown file (data, scores, limits), copied; zoo/template/card.md is a '
        'template',
    )
    parser.add_argument(
        '--half', action='store_true', help='store float16, half the size'
    )
    parser.add_argument(
        '--results',
        metavar='FILE',
        help='file of tools/test.py --results, for these weights',
    )
    parser.add_argument('--config', metavar='NAME', help="default: the run's")
    parser.add_argument(
        '--address', metavar='URL', help='public address of the zoo, for the metafile'
    )
    parser.add_argument('--date', metavar='YYYYMMDD', help='default: today')
    parser.add_argument(
        '--trust-config',
        action='store_true',
        help="execute the checkpoint's config; for a model of your own types, which "
        'others then load with --trust-config only',
    )
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # Imported here, so that --help does not wait for torch.
    from mpc_mmseg.apis.zoo.publish import publish
    from mpc_mmseg.plain_text import print_error

    try:
        entry = publish(
            args.checkpoint,
            args.zoo,
            args.name,
            args.terms,
            args.card,
            half=args.half,
            results=args.results,
            config=args.config,
            address=args.address,
            date=args.date,
            trust_config=args.trust_config,
        )
    except (OSError, ValueError, RuntimeError) as error:
        print_error('publish_model.py', error)
        return 2
    print(f'{args.zoo}/{entry.file}: {entry.size / 2**20:.1f} MiB')
    print(f'sha256 {entry.sha256}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
