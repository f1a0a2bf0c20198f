"""The arithmetic of docs/scaling.md, against cases worked out by hand."""

import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/scaling.py'
MODEL = dict(
    contrast_loss=dict(
        views=[dict(type='WithinImageView'), dict(type='CrossModalityView')],
        sampler=dict(max_pixels=50),
    ),
    neck=dict(out_channels=8),
)
#: Part -> (parameters, multiply-adds).
COMPLEXITY = dict(
    backbone=(100, 1000), neck=(10, 200), decode_head=(5, 30), total=(115, 1230)
)


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOL), run_name='scaling')


def test_a_step_of_each_phase(tool):
    step = tool['step_of'](MODEL, COMPLEXITY, 'contrast', 2, (64, 64), 0.125)
    # Two passes, each three times forward; a multiply-add is two operations.
    assert step.network == 2 * 2 * 3 * 2 * 1200
    # 256 pixels, 32 of them forged; three products for each of three pairs.
    assert step.contrast == 2 * 2 * 3 * 3 * 50 * 32 * 8
    assert step.gradients == 4 * 110
    assert step.state == 4 * (115 + 220)
    step = tool['step_of'](MODEL, COMPLEXITY, 'localize', 2, (64, 64), 0.125)
    assert step.network == 2 * 2 * (1200 + 3 * 30)
    assert (step.contrast, step.gradients) == (0, 20)


def test_a_ring(tool):
    # Each of four sends a quarter three times to add up and three times to hand out.
    assert tool['ring_seconds'](400, 4, 100) == pytest.approx(6 * 100 / 100)
    assert tool['ring_seconds'](400, 1, 100) == 0
