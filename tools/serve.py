"""A web page on which photographs are examined.

    python tools/serve.py --model best.pth

Needs gradio (pip install 'mpc_mmseg[web]'). It listens on this machine only, unless
--host says otherwise; there is no login, so put one in front before others can reach
it. Nothing is sent elsewhere, and no photograph is kept on disk.
"""

import argparse
import os
import sys
import tempfile


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--model', required=True, metavar='FILE', help='a checkpoint, or a config file'
    )
    parser.add_argument(
        '--weights', metavar='FILE', help='checkpoint to use with a config file'
    )
    parser.add_argument('--device', help='default: the GPU if there is one')
    parser.add_argument('--host', default='127.0.0.1', help='default: %(default)s')
    parser.add_argument('--port', type=int, default=7860, help='default: %(default)s')
    parser.add_argument(
        '--max-megabytes', type=int, default=64, help='of an upload; default: 64'
    )
    parser.add_argument(
        '--max-megapixels', type=int, default=50, help='of a photograph; default: 50'
    )
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # Deleted at the end, with what a lost connection may have left in it.
    with tempfile.TemporaryDirectory(prefix='mpc_serve_') as folder:
        os.environ['GRADIO_TEMP_DIR'] = folder
        try:
            from mpc_mmseg.apis.case_report import Examiner
            from mpc_mmseg.apis.web_page import build_page, serve

            examiner = Examiner.load(args.model, args.weights, args.device)
            page = build_page(examiner, args.max_megapixels * 10**6)
            print(f'http://{args.host}:{args.port}/', flush=True)
            serve(page, args.host, args.port, args.max_megabytes * 2**20)
        except ModuleNotFoundError as error:
            if error.name != 'gradio':
                raise
            print("serve.py: pip install 'mpc_mmseg[web]' first", file=sys.stderr)
            return 2
        except (OSError, ValueError, RuntimeError) as error:
            print(f'serve.py: {error}', file=sys.stderr)
            return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
