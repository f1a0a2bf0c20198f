"""The command mpcseg: one body for each NAME, the same as tools/NAME.py.

mpcseg                          # the commands, by who uses them
mpcseg infer photo.jpg --out results
mpcseg NAME --help
mpcseg completion bash          # or zsh: prints a script for the shell
"""

import ast
import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
#: User -> command -> (file, what it does).
COMMANDS = {
    'Analyst: look at photographs': {
        'infer': ('infer.py', 'localize forgeries: masks, maps, verdicts'),
        'case': ('case_report.py', 'write sealed reports for a case file'),
        'serve': ('serve.py', 'a local web page for examining photographs'),
        'zoo': ('zoo.py', 'list, fetch and verify published models'),
    },
    'Researcher: train and score': {
        'config': ('config.py', 'list the configs, or copy one to change it'),
        'train': ('train.py', 'train a model'),
        'test': ('test.py', 'score a checkpoint'),
        'calibrate': ('calibrate.py', 'calibrate image scores, for verdicts'),
        'robustness': ('robustness.py', 'score under JPEG, noise, resizing'),
        'report': ('report.py', 'make a page of results'),
        'split': (
            'dataset_converters/split_by_source.py',
            'divide a data set by source photograph',
        ),
        'check': ('dataset_converters/check_data.py', 'check the files of a data set'),
        'convert': (
            'dataset_converters/to_protocol.py',
            'write the lists of public data sets',
        ),
        'forge': ('dataset_converters/make_forgeries.py', 'synthesize forgeries'),
    },
    'Team: hand models on': {
        'publish': ('publish_model.py', 'publish a checkpoint in a zoo'),
        'export': ('export_onnx.py', 'export a model to ONNX'),
        'completion': ('', 'print completion for a shell: bash or zsh'),
    },
}
FILES = {name: file for group in COMMANDS.values() for name, (file, _) in group.items()}


def usage() -> str:
    """The commands, by who uses them."""
    lines = ['usage: mpcseg COMMAND ...   (mpcseg COMMAND --help explains one)']
    for user, commands in COMMANDS.items():
        lines += ['', user]
        lines += [f'  {name:<12}{what}' for name, (_, what) in commands.items()]
    return '\n'.join(lines)


def options_of(file: str) -> list[str]:
    """The options of a command, read from its source: its imports take seconds."""
    texts = [(FOLDER / file).read_text(encoding='utf-8')]
    if 'from inference_arguments import' in texts[0]:
        texts.append((FOLDER / 'inference_arguments.py').read_text(encoding='utf-8'))
    found = {
        node.value
        for text in texts
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call)
        and getattr(call.func, 'attr', None) == 'add_argument'
        for node in call.args
        if isinstance(node, ast.Constant) and str(node.value).startswith('--')
    }
    return sorted({'--help', *found})


def completion(shell: str) -> str:
    """A script that completes commands and options, and file names otherwise."""
    cases = '\n'.join(
        f'    {name}) words="{" ".join(options_of(file))}" ;;'
        for name, file in FILES.items()
        if file
    )
    script = f"""_mpcseg() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{' '.join(FILES)}" -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
    completion) words="bash zsh" ;;
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) [ "${{COMP_WORDS[1]}}" = completion ] &&
      COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}}
complete -o default -F _mpcseg mpcseg
"""
    if shell == 'zsh':
        script = f'autoload -U +X bashcompinit && bashcompinit\n{script}'
    return script


def main() -> int:
    name, *rest = sys.argv[1:] or ['--help']
    if name in ('-h', '--help', 'help'):
        print(usage())
        return 0
    if name == '--version':
        sys.path.insert(0, str(FOLDER))
        from lazy_package import parts_when_used

        with parts_when_used():
            from mpc_mmseg.version import __version__
        print(f'mpc_mmseg {__version__}')
        return 0
    if name not in FILES:
        from difflib import get_close_matches

        similar = get_close_matches(name, FILES, n=1)
        hint = f'; did you mean {similar[0]}?' if similar else ''
        print(f'mpcseg: no command {name}{hint} (mpcseg --help)', file=sys.stderr)
        return 2
    if name == 'completion':
        if len(rest) != 1 or rest[0] not in ('bash', 'zsh'):
            print('usage: mpcseg completion bash|zsh', file=sys.stderr)
            return 2
        print(completion(rest[0]), end='')
        return 0
    file = FOLDER / FILES[name]
    # As Python does with the folder of a script.
    sys.path.insert(0, str(file.parent))
    sys.argv = [f'mpcseg {name}', *rest]
    spec = importlib.util.spec_from_file_location(f'mpcseg_{name}', file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.main() or 0


if __name__ == '__main__':
    sys.exit(main())
