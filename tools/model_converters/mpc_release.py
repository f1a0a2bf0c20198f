"""Convert a checkpoint of the released MPC, or HRFormer's ImageNet one.

    python tools/model_converters/mpc_release.py SRC DST.pth
    python tools/test.py DST.py DST.pth --data-root my_forgeries

Reads files of phase 2, of phase 1 and the ImageNet file, of any width; a file with
anything but tensors and plain data is refused. Writes DST.pth, whose meta contains its
config, and the config as DST.py. Parts missing in the file (head, projection) are named
and get random weights; such a checkpoint predicts by clustering, or is a starting point
for training.
"""

import argparse
import sys


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('src', help='released file')
    parser.add_argument('dst', help='checkpoint to write')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # Imported here, so that --help does not wait for torch.
    from mpc_mmseg.apis.release.mpc_release import (
        convert_release,
        read_release,
        write_checkpoint,
    )
    from mpc_mmseg.plain_text import print_error

    try:
        state, cfg, lacks = convert_release(read_release(args.src), args.src)
        config = write_checkpoint(state, cfg, lacks, args.dst)
    except (OSError, ValueError, RuntimeError) as error:
        print_error('mpc_release.py', error)
        return 1
    if lacks:
        print(f'{args.src} has no {" and no ".join(lacks)}: their weights are random')
    print(f'wrote {args.dst} and {config} (phase {cfg["model"]["phase"]})')
    return 0


if __name__ == '__main__':
    sys.exit(main())
