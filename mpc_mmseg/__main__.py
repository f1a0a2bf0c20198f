"""``python -m mpc_mmseg`` is the command ``mpcseg``, which starts faster."""

import sys

from mpcseg.__main__ import main

sys.exit(main())
