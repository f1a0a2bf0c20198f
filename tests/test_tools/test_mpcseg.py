"""The command mpcseg: what it lists, completes and calls."""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

TOOLS = Path(__file__).parents[2] / 'tools'
MPCSEG = runpy.run_path(str(TOOLS / '__main__.py'), run_name='mpcseg')
FILES = {name: file for name, file in MPCSEG['FILES'].items() if file}


def call(*words):
    done = subprocess.run(
        [sys.executable, str(TOOLS), *words], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def test_help_lists_each_command_once_and_imports_the_standard_library_alone():
    # -I: nothing is found but the standard library.
    done = subprocess.run(
        [sys.executable, '-I', '-S', str(TOOLS), '--help'],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in MPCSEG['FILES']:
        assert len(re.findall(rf'^  {name} ', done.stdout, re.MULTILINE)) == 1
    for user in ('Analyst', 'Researcher', 'Team'):
        assert user in done.stdout


@pytest.mark.parametrize(('name', 'file'), FILES.items(), ids=FILES)
def test_a_command_is_a_file_with_a_main_function(name, file):
    tree = ast.parse((TOOLS / file).read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert 'main' in defined


def test_a_command_gets_its_arguments_and_gives_its_status():
    status, out, err = call('config', 'mpc_resnet50_1xb4_folders-augmented-512x512')
    assert (status, err) == (0, '') and 'mpc_resnet50.py' in out
    status, out, err = call('config', 'mpc_resnet5')
    assert status == 2 and not out
    assert err.startswith('mpcseg config: no config mpc_resnet5')
    assert 'did you mean mpc_resnet50' in err


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['infr'], 'no command infr; did you mean infer?'),
        (['completion', 'fish'], 'usage: mpcseg completion bash|zsh'),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_status_2(words, message):
    status, out, err = call(*words)
    assert status == 2 and not out
    assert message in err and len(err.splitlines()) == 1


def completed(*words):
    """What bash completes for these words, the last one incomplete."""
    script = MPCSEG['completion']('bash') + (
        f'COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _mpcseg\n'
        'echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(['bash', '-c', script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, '')
    return done.stdout.split()


def test_a_shell_completes_commands_and_their_options():
    assert completed('mpcseg', 'inf') == ['infer']
    assert completed('mpcseg', 'infer', '--th') == ['--threshold']
    assert completed('mpcseg', 'train', '--work') == ['--work-dir']
    assert completed('mpcseg', 'completion', 'z') == ['zsh']
    # File names are the shell's own.
    assert completed('mpcseg', 'infer', 'ph') == []


def test_a_copied_config_is_the_same_without_the_project(tmp_path):
    name = 'mpc_hrnet-w18s_1xb8_folders-256x256'
    status, out, _ = call('config', name, '--copy', str(tmp_path))
    assert status == 0 and out.strip() == f'{tmp_path}/hrnet/{name}.py'
    original = TOOLS.parent / 'configs/hrnet' / f'{name}.py'
    assert Config.fromfile(out.strip()).to_dict() == Config.fromfile(original).to_dict()
    # Again, nothing changes; a changed file is not replaced.
    assert call('config', name, '--copy', str(tmp_path))[0] == 0
    Path(out.strip()).write_text('mine = 1\n')
    status, _, err = call('config', name, '--copy', str(tmp_path))
    assert status == 2 and 'exists and differs' in err
    assert Path(out.strip()).read_text() == 'mine = 1\n'
