"""Serve a web page for examining photographs.

    mpcseg serve                       # or: python tools/serve.py
    mpcseg serve --model best.pth

It needs gradio (pip install 'mpc_mmseg[web]'), prints its address when it is ready, and
stops on Ctrl-C or SIGTERM. By default (--host) only this machine can reach it. With
another --host, visitors need the password --token; encryption needs a proxy in front.
No data is sent elsewhere, and no photograph is kept on disk.
"""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from inference_arguments import (
    add_calibration,
    add_device,
    add_map_arguments,
    add_model,
    check_model,
)

#: Interval of deleting incomplete uploads, and their minimum age.
SECONDS = 300


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    add_device(parser)
    add_map_arguments(parser)
    add_calibration(parser)
    parser.add_argument('--host', default='127.0.0.1', help='default: %(default)s')
    parser.add_argument(
        '--token',
        metavar='TEXT',
        help='password of the visitors, with any user name; needed with a --host that '
        'other machines reach; default: the environment variable MPC_MMSEG_TOKEN',
    )
    parser.add_argument(
        '--allow-host',
        nargs='+',
        default=[],
        metavar='NAME',
        help='further names, such as that of a proxy, by which the page is reached',
    )
    parser.add_argument('--port', type=int, default=7860, help='default: %(default)s')
    parser.add_argument(
        '--max-megabytes',
        type=int,
        default=64,
        help='maximum size of an upload; default: 64',
    )
    parser.add_argument(
        '--max-megapixels',
        type=int,
        default=50,
        help='maximum size of a photograph; default: 50',
    )
    args = parser.parse_args()
    check_model(parser, args)
    return args


def main() -> int:
    args, prog = parse_args(), Path(sys.argv[0]).name
    stopped = threading.Event()
    for name in ('SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'):
        if hasattr(signal, name):  # Windows has two of them
            signal.signal(getattr(signal, name), lambda *_: stopped.set())
    from mpc_mmseg.forensics.web.upload_folder import forget_uploads, upload_folder
    from mpc_mmseg.plain_text import print_error

    # Deleted at the end with all temporary files of Gradio.
    with upload_folder() as folder:
        try:
            from mpc_mmseg.forensics.case.case_report import Examiner
            from mpc_mmseg.forensics.web.web_page import build_page
            from mpc_mmseg.forensics.web.web_server import serve

            examiner = Examiner.load(
                args.model,
                args.weights,
                args.device,
                threshold=args.threshold,
                tile=args.tile,
                overlap=args.overlap,
                tta=args.tta,
                calibration=args.calibration,
                trust_config=args.trust_config,
            )
            page = build_page(examiner, args.max_megapixels * 10**6)
            print(
                serve(
                    page,
                    args.host,
                    args.port,
                    args.max_megabytes * 2**20,
                    args.token or os.environ.get('MPC_MMSEG_TOKEN'),
                    args.allow_host,
                ),
                flush=True,
            )
        except ModuleNotFoundError as error:
            if error.name != 'gradio':
                raise
            print(f"{prog}: pip install 'mpc_mmseg[web]' first", file=sys.stderr)
            return 2
        except (OSError, ValueError, RuntimeError) as error:
            print_error(prog, error)
            return 2
        while not stopped.wait(SECONDS):
            forget_uploads(folder, SECONDS)
        page.close(verbose=False)
    return 0


if __name__ == '__main__':
    sys.exit(main())
