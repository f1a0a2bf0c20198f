"""Every command of README and docs runs, in a small world made for them.

What is run differs from what is printed by what stands in tables.py. The commands run
in the order of the pages: some read what others have written.
"""

import pytest
from as_run import as_run, why_not
from calls import Calls
from markdown_pages import PAGES, ROOT, Command, blocks, printed
from tables import STATUS
from world import world

COMMANDS = [command for page in PAGES for command in printed(page)]
IDS = {f'{c.page}: {" ".join(c.script.split())}': c for c in COMMANDS}


def beside(command: Command) -> list[Command]:
    """The same command of the other machines of a run."""
    ranked = any(word.startswith('NODE_RANK=') for word in command.before)
    return [
        other
        for other in COMMANDS
        if ranked
        and (other.page, other.line, other.words)
        == (command.page, command.line, command.words)
        and other.before != command.before
    ]


@pytest.fixture(scope='module')
def calls(tmp_path_factory):
    with world(tmp_path_factory.mktemp('world')) as made:
        yield Calls(made)


def check(command: Command, calls: Calls) -> None:
    if not command.words:
        status, output = calls.of_shell(command.script)
        assert status == 0, f'{command.page}:{command.line}\n{command.script}\n{output}'
        return
    run = as_run(command)
    status, output = calls.of_tool(run, [as_run(other) for other in beside(command)])
    if len(command.words) == 1 and status == 2 and 'usage: ' in output:
        # Not a command but a tool's name, if it cannot do without arguments.
        tool = command.words[0]
        assert any(c.words[:1] == (tool,) and c.words[1:] for c in COMMANDS), (
            f'{command.page}:{command.line}: no page has a command that calls {tool}'
        )
        return
    expected = next((s for k, (s, _) in STATUS.items() if str(run).startswith(k)), 0)
    assert status == expected, (
        f'{command.page}:{command.line} prints\n  {" ".join(command.script.split())}\n'
        f'run as\n  {run}\nexit status {status}\n{output[-6000:]}\n'
        'If it is right, see whether tables.py has to fill in or shorten it.'
    )


@pytest.mark.docs
@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('python tools/zoo.py fetch absent', 'exit status 1'),
        ('python tools/absent.py --all', 'exit status 1'),
        ('cp absent elsewhere', 'cannot stat'),
    ],
)
def test_a_command_that_fails_is_named(text, says, calls, tmp_path):
    (tmp_path / 'page.md').write_text(f'```bash\n{text}\n```\n')
    [command] = printed(tmp_path / 'page.md')
    with pytest.raises(AssertionError, match=rf'(?s)page\.md:1.*{says}'):
        check(command, calls)


@pytest.mark.docs
@pytest.mark.parametrize('command', IDS.values(), ids=IDS.keys())
def test_a_documented_command_runs(command, calls):
    if why := why_not(command):
        pytest.skip(why)
    check(command, calls)


@pytest.mark.docs
def test_the_snippets_of_mmsegmentation_run(calls):
    page = ROOT / 'docs/mmsegmentation.md'
    python = [block.text for block in blocks(page) if block.language == 'python']
    script = '\n'.join(python).replace('CONFIG.py', 'small.py')
    (calls.world.folder / 'mmseg_snippets.py').write_text(script)
    status, output = calls.of_shell('python mmseg_snippets.py')
    assert status == 0, output
    assert (calls.world.folder / 'shown/vis/photo.jpg').is_file()


@pytest.mark.docs
def test_the_snippet_of_inference_runs(calls):
    [snippet] = [
        block.text
        for block in blocks(ROOT / 'docs/get_started.md')
        if block.language == 'python'
    ]
    (calls.world.folder / 'snippet.py').write_text(snippet)
    status, output = calls.of_shell('python snippet.py')
    lines = [line for line in output.splitlines() if line.startswith('photos/')]
    assert status == 0 and lines, output
