import os
import runpy
import sys

import pytest
from tool_by_path import TOOLS


@pytest.fixture
def threads(monkeypatch, capsys):
    """Gives OMP_NUM_THREADS and what is printed for a machine's free cores."""

    def chosen(idle, cores, stated=None):
        monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
        if stated is not None:
            monkeypatch.setenv('OMP_NUM_THREADS', stated)
        tool = runpy.run_path(str(TOOLS / 'free_cores.py'))
        leave_busy_cores = tool['leave_busy_cores']
        stand_ins = {'idle_cores': lambda _: idle, 'own_cores': lambda: cores}
        leave_busy_cores.__globals__.update(stand_ins)
        leave_busy_cores()
        return os.environ.get('OMP_NUM_THREADS'), capsys.readouterr().err

    return chosen


def test_threads_are_those_that_others_leave(threads):
    assert threads(1.95, 2) == (None, '')
    number, said = threads(1.02, 2)
    assert number == '1' and '1 of 2 cores' in said
    assert threads(0.1, 2)[0] == '1'
    assert threads(3.1, 4)[0] == '3'
    assert threads(15.0, 8) == (None, '')  # eight cores of two threads each


def test_a_stated_number_is_kept(threads):
    assert threads(0.0, 2, stated='2') == ('2', '')


@pytest.mark.skipif(sys.platform != 'linux', reason='/proc is of Linux')
def test_cores_of_this_machine_are_counted():
    tool = runpy.run_path(str(TOOLS / 'free_cores.py'))
    assert 0 <= tool['idle_cores'](0.05) <= os.cpu_count() + 0.5
    assert 1 <= tool['own_cores']() <= os.cpu_count()
