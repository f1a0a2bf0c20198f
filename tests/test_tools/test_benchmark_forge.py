import runpy
import sys
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

SCRIPT = Path(__file__).resolve().parents[2] / 'tools/analysis_tools/benchmark_forge.py'


def test_each_kind_is_timed(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for number in range(3):
        coarse = rng.uniform(0, 255, (8, 8, 3)).astype(np.float32)
        image = cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(tmp_path / f'{number}.png'), image)
    arguments = [str(SCRIPT), str(tmp_path), '--size', '96', '96', '--count', '12']
    with mock.patch.object(sys, 'argv', arguments):
        runpy.run_path(str(SCRIPT), run_name='__main__')
    first, *kinds = capsys.readouterr().out.strip().split('\n')
    assert first.startswith('96x96: ') and 'images per second' in first
    assert sum(int(line.split()[-2]) for line in kinds) == 12
