from mpc_mmseg.plain_text import plain_text, print_error


def test_plain_text_shows_what_would_hide():
    assert plain_text('gpj.\u202ephoto') == 'gpj.\\u202ephoto'
    assert plain_text('\udcff.png') == '\\udcff.png'
    assert plain_text('Müller 写真') == 'Müller 写真'
    assert plain_text(b'ASCII\0\0') == 'ASCII'
    assert plain_text(b'\x01\xff') == '01 ff (2 bytes)'
    assert plain_text('a' * 400) == 'a' * 300 + ' ... (100 more characters)'


def test_neither_a_terminal_nor_a_reader_of_lines_obeys_a_name():
    for name in ('a\x1b[2Jb', 'a\nunaltered', 'a\rb', 'a\x85b', 'a\u2028b', 'a\x9b31m'):
        shown = plain_text(name)
        assert shown.isprintable() and len(shown.splitlines()) == 1
    assert plain_text('a' * 400, 10) == 'a' * 10 + ' ... (390 more characters)'


def test_an_error_fakes_neither_lines_nor_colours(capsys):
    print_error('infer.py', 'no a\x1b[2J.jpg\nsha256:0 unaltered\x85c')
    shown = capsys.readouterr().err
    assert shown == 'infer.py: no a\\x1b[2J.jpg\n  sha256:0 unaltered\n  c\n'
