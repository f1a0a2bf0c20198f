"""The tables cover what the pages print, and hold nothing else."""

import re

import pytest
from as_run import as_run, why_not
from markdown_pages import PAGES, ROOT, blocks, printed, prose
from tables import (
    DRY,
    NOT_RUN,
    PLACEHOLDERS,
    READY,
    REPLACED,
    SHORTENED,
    STATUS,
    WRITTEN_OUT,
)

COMMANDS = [command for page in PAGES for command in printed(page)]


@pytest.fixture
def command(tmp_path):
    """The command of a page that prints nothing else."""

    def of(text):
        page = tmp_path / 'page.md'
        page.write_text(f'```bash\n{text}\n```\n')
        [command] = printed(page)
        return command

    return of


def test_all_that_the_pages_print_can_be_run():
    for command in COMMANDS:
        if command.words and not why_not(command):
            as_run(command)


def test_no_command_stands_where_it_is_not_seen():
    for page in PAGES:
        # Blocks are fenced and say that they are bash.
        texts = [block.text for block in blocks(page) if block.language != 'bash']
        for text in (*texts, re.sub('`[^`]*`', '', prose(page))):
            assert not re.search(r'(?m)^ *(?:python )?tools/\S+\.(py|sh)', text), page


def test_what_is_to_be_installed_exists():
    setup = (ROOT / 'setup.py').read_text()
    scripts = [c.script for c in COMMANDS if 'pip install' in c.script]
    assert scripts
    for script in scripts:
        for constraints in re.findall(r'-c (\S+)', script):
            assert (ROOT / constraints).is_file(), script
        for extras in re.findall(r'\.\[([\w,]+)\]', script):
            for extra in extras.split(','):
                assert f"'{extra}': [" in setup, script


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('python tools/train.py NEW_CONFIG', 'fill NEW_CONFIG in.*PLACEHOLDERS'),
        ('python tools/infer.py PHOTO ...', 'abridged: .*WRITTEN_OUT'),
    ],
)
def test_a_command_that_the_tables_do_not_cover_is_named(command, text, says):
    with pytest.raises(ValueError, match=f'(?s)page.md:1: tools/.*{says}'):
        as_run(command(text))


def test_names_are_filled_in_by_tool_option_page_or_alone(command):
    run = as_run(command('A=1 python tools/test.py CONFIG DST.pth --data-root DIR'))
    assert run.before == ('A=1',) and not run.shortened
    assert ' '.join(run.words) == (
        'tools/test.py small.py DST.pth --data-root my_forgeries'
    )
    run = as_run(command('tools/infer.py P.jpg --model X.pth [--amp] [--out DIR]'))
    assert run.words[-3:] == ('--amp', '--out', 'out/new')
    run = as_run(command('tools/test.py CONFIG X.pth --cfg-options a.b=[1]'))
    assert run.words[-1] == 'a.b=[1]'


def test_overrides_are_added_behind_the_printed_ones(command):
    config = 'configs/hrnet/mpc_hrnet-w18s_1xb8_folders-256x256.py'
    run = as_run(command(f'tools/train.py {config} --cfg-options a.b=1 --resume'))
    assert run.shortened and run.words[-1] == '--resume'
    assert run.words[2:4] == ('--cfg-options', 'a.b=1')
    assert 'train_dataloader.batch_size=2' in run.words[4:-1]
    run = as_run(command('A=8 tools/slurm_test.sh PARTITION JOB CONFIG CHECKPOINT'))
    assert run.before == ('A=8', 'GPUS_PER_NODE=1', 'PORT={port}')


def test_each_entry_of_the_tables_is_of_use():
    texts = {' '.join(command.words) for command in COMMANDS}
    assert texts >= WRITTEN_OUT.keys()
    printed_words = {
        word
        for command in COMMANDS
        for text in (WRITTEN_OUT.get(' '.join(command.words), ' '.join(command.words)),)
        for word in (*command.before, *text.replace('[', '').replace(']', '').split())
    }
    for key in (*PLACEHOLDERS, *REPLACED):
        assert key.split()[-1] in printed_words, key
    runs = [as_run(command) for command in COMMANDS if command.words]
    words = {word for run in runs for word in run.words}
    assert words >= {*SHORTENED, *READY}
    for key in STATUS:
        assert any(str(run).startswith(key) for run in runs), key
    for key in NOT_RUN:
        assert any(key in ' '.join(c.script.split()) for c in COMMANDS), key
    for key in DRY:
        assert any(key in command.script for command in COMMANDS), key
