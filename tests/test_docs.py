"""What README and docs say can be done: tools, options, configs, links, snippets."""

import argparse
import ast
import functools
import os
import runpy
import shlex
import shutil
import subprocess
import sys

import pytest
from markdown_pages import PAGES, ROOT, anchors, blocks, commands, links
from mmengine.config import Config
from mmengine.registry import Registry

from mpc_mmseg.evaluation.conventions import CONVENTIONS

# A script hands what it does not know itself to a tool.
_HANDS_ON = {
    'tools/dist_train.sh': ('tools/train.py', 2),
    'tools/dist_test.sh': ('tools/test.py', 3),
    'tools/slurm_train.sh': ('tools/train.py', 3),
    'tools/slurm_test.sh': ('tools/test.py', 4),
}
_REGISTRIES = (
    'datasets', 'evaluator', 'hooks', 'loops', 'metrics', 'models', 'optim_wrappers',
    'optimizers', 'param_schedulers', 'runners', 'strategies', 'transforms',
)  # fmt: skip


class _Captured(Exception):
    pass


@functools.cache
def parser_of(tool: str) -> argparse.ArgumentParser:
    """The parser that a tool makes, before it does anything else."""

    def capture(self, *args, **kwargs):
        raise _Captured(self)

    path, argv = ROOT / tool, sys.argv
    original = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = capture
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path)]
    try:
        runpy.run_path(str(path), run_name='__main__')
    except _Captured as caught:
        return caught.args[0]
    finally:
        argparse.ArgumentParser.parse_args = original
        sys.path.remove(str(path.parent))
        sys.argv = argv
    raise AssertionError(f'{tool} reads no arguments')


@pytest.mark.parametrize('page', PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands(page):
    for where, (tool, *words), complete in commands(page):
        assert (ROOT / tool).is_file(), f'{where}: there is no {tool}'
        for word in words:
            if word.startswith('configs/') and '*' not in word:
                assert (ROOT / word).is_file(), f'{where}: there is no {word}'
        if tool in _HANDS_ON:
            tool, own = _HANDS_ON[tool]
            words = ['CONFIG', 'CHECKPOINT'][: 1 + tool.endswith('test.py')] + words[
                own:
            ]
        parser = parser_of(tool)
        known = parser._option_string_actions
        for word in words:
            option = word.strip('[]').partition('=')[0]
            if option.startswith('--'):
                assert option in known, f'{where}: {tool} has no {option}'
        if complete and not {'|', '>'} & set(words):
            try:
                parser.parse_args(words)
            except SystemExit:
                pytest.fail(f'{where}: {tool} does not take these arguments')


@pytest.mark.parametrize('page', PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links(page):
    for target in links(page):
        file, _, anchor = target.partition('#')
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f'{page.name}: there is no {target}'
        if anchor and path.suffix == '.md':
            assert anchor in anchors(path), f'{page.name}: no heading {target}'


def _types(tree: ast.AST):
    """The names in ``dict(type='NAME')``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == 'type':
            value = node.value
            yield from [value.value] if isinstance(value, ast.Constant) else []


@pytest.mark.parametrize('page', PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_python_snippets(page):
    import mmseg.registry

    known = set(CONVENTIONS.module_dict)
    for name in _REGISTRIES:
        registry = getattr(mmseg.registry, name.upper(), None)
        while isinstance(registry, Registry):
            known |= registry.module_dict.keys()
            registry = registry.parent
    python = [block for block in blocks(page) if block.language == 'python']
    known |= {
        node.name
        for block in python
        for node in ast.walk(ast.parse(block.text))
        if isinstance(node, ast.ClassDef)
    }
    for block in python:
        where = f'{page.name}:{block.line}'
        tree = ast.parse(block.text, filename=where)
        for name in _types(tree):
            known_here = name in known or '.' in name
            assert known_here, f'{where}: no registry has {name}'
        if all(isinstance(node, ast.Assign) for node in tree.body):
            # A piece of a config; what it leaves out is an ellipsis.
            names: dict = {}
            exec(compile(tree, where, 'exec'), {}, names)
            Config(names)


def _tools_alone(text: str) -> list[list[str]]:
    """The commands of a block that calls Python tools and nothing else."""
    lines = text.replace('\\\n', ' ').splitlines()
    words = [w for w in (shlex.split(line, comments=True) for line in lines) if w]
    alone = all(w[0] == 'python' and w[1].startswith('tools/') for w in words)
    return [w[1:] for w in words] if alone else []


def _has_runs(page) -> bool:
    return any(block.run for block in blocks(page))


@pytest.mark.parametrize(
    'page', filter(_has_runs, PAGES), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_what_is_marked_runs(page, tmp_path, forgery_folder, monkeypatch):
    folder = tmp_path / 'checkout'
    folder.mkdir()
    for name in ('configs', 'tools', 'zoo', 'mpc_mmseg'):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(forgery_folder, folder / 'my_forgeries')
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ['PATH']])
    monkeypatch.setenv('PATH', path)
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join([str(ROOT), str(folder)]))
    names: dict = {'__name__': page.stem}
    for block in blocks(page):
        if not block.run:
            continue
        where = f'{page.name}:{block.line}'
        if block.language == 'python':
            exec(compile(block.text, where, 'exec'), names)
        elif tools := _tools_alone(block.text):
            for tool, *words in tools:
                # In this process, where all is imported.
                monkeypatch.setattr(sys, 'argv', [tool, *words])
                monkeypatch.syspath_prepend(os.path.dirname(tool))
                try:
                    runpy.run_path(tool, run_name='__main__')
                except SystemExit as ended:
                    assert not ended.code, f'{where}: exit status {ended.code}'
        else:
            done = subprocess.run(
                ['bash', '-euo', 'pipefail', '-c', block.text],
                capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert done.returncode == 0, f'{where}\n{done.stdout}{done.stderr}'


def test_the_checks_can_fail(tmp_path, monkeypatch):
    page = tmp_path / 'page.md'
    for text, test in (
        ('```bash\npython tools/absent.py\n```\n', test_commands),
        ('```bash\ntools/dist_train.sh CONFIG 2 --absent\n```\n', test_commands),
        ('`tools/train.py CONFIG --absent`\n', test_commands),
        ('```bash\npython tools/train.py configs/absent.py\n```\n', test_commands),
        ('```bash\npython tools/test.py\n```\n', test_commands),
        ('[a](absent.md)\n', test_links),
        ('# Here it is\n[a](#here-is)\n', test_links),
        ('```python\na = dict(type="Absent")\n```\n', test_python_snippets),
        ('```python\na = b\n```\n', test_python_snippets),
    ):
        page.write_text(text)
        with pytest.raises((AssertionError, NameError, pytest.fail.Exception)):
            test(page)
    page.write_text('# Here, it is!\n[a](#here-it-is)\n```python\na = [1, ...]\n```\n')
    test_links(page)
    test_python_snippets(page)
