import json
import runpy
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import RandomApply, RandomChoice
from mmengine.dataset import Compose

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/benchmark_data.py'
STAGES = runpy.run_path(str(TOOL.with_name('stage_times.py')))
innermost_steps, watch_stages = STAGES['innermost_steps'], STAGES['watch_stages']


class Sleep:
    def transform(self, results):
        time.sleep(0.01)
        return results

    __call__ = lambda self, results: self.transform(results)  # noqa: E731


class Nothing(Sleep):
    def transform(self, results):
        return results


def test_nested_steps_are_found_and_timed():
    pipeline = Compose([
        Nothing(),
        RandomApply(prob=0.5, transforms=[
            RandomChoice(transforms=[[Sleep()], [Nothing(), Sleep()]])
        ]),
    ])  # fmt: skip
    names = [type(step).__name__ for step in innermost_steps(pipeline)]
    assert names == ['Nothing', 'Sleep', 'Nothing', 'Sleep']
    nothing, sleep = watch_stages(pipeline)
    np.random.seed(0)
    for _ in range(20):
        assert pipeline({'a': 1}) == {'a': 1}
    assert (nothing.name, sleep.name) == ('Nothing', 'Sleep')
    assert 4 <= sleep.calls <= 16 and 20 < nothing.calls < 20 + sleep.calls
    assert sleep.seconds >= 0.01 * sleep.calls > nothing.seconds


@pytest.mark.parametrize('workers', [0, 2])
def test_benchmark_tool(tmp_path, monkeypatch, capsys, workers):
    out = tmp_path / 'out.json'
    arguments = ['--cases', 'casia', '--seconds', '0.3', '--json', str(out)]
    monkeypatch.setattr(sys, 'argv', ['x', *arguments, '--workers', str(workers)])
    monkeypatch.syspath_prepend(str(TOOL.parent))
    runpy.run_path(str(TOOL), run_name='__main__')
    found = json.loads(out.read_text())['cases']['casia']
    times = {row['stage']: row['per_image_ms'] for row in found['stages']}
    assert {'LoadForgeryImage', 'RandomJPEG', 'PackForgeryInputs', 'rest'} <= set(times)
    # the stages are all there is
    assert sum(times.values()) == pytest.approx(1e3 / found['images_per_second'])
    assert ('loader_images_per_second' in found) == bool(workers)
    assert 'images per second in one process' in capsys.readouterr().out
