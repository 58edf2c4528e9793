"""proto.lineedit behind proto.telnet, compared with a terminal model."""

import re

from hypothesis import given
from hypothesis import strategies as st

from config.limits import CONSOLE_LINE_BYTES
from proto.lineedit import LineEditor
from proto.telnet import Telnet

PIECES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.text(alphabet="aü€😀 ", max_size=10).map(str.encode),
        st.sampled_from(
            [b"\r", b"\n", b"\r\n", b"\r\0", b"\x15", b"\x7f", b"\x08", b"\x1b[A", b"\x1b[B"]
        ),
        st.sampled_from([b"\x1b", b"\x1b[", b"\x1b[1;5", b"\xff", b"\xff\xfa", b"\xff\xf0"]),
        st.integers(1, 400).map(lambda n: b"x" * n),
    ),
    max_size=40,
)


def type_in(data, editor):
    """Return (finished lines, echo)."""
    lines, shown = [], b""
    for byte in data:
        shown += editor.feed(byte)
        if editor.line is not None:
            lines.append((editor.line, editor.too_long))
            editor.too_long = False
    return lines, shown


def held_bytes(thing):
    """Return the total size of the attributes of an object that are bytes."""
    total = 0
    for value in vars(thing).values():
        for each in value if isinstance(value, list) else [value]:
            total += len(each) if isinstance(each, (bytes, bytearray)) else 8
    return total


@given(PIECES)
def test_any_bytes_stay_within_bounds(pieces):
    telnet, editor = Telnet(), LineEditor(history=4)
    for byte in b"".join(pieces) * 3:
        response = telnet.feed(byte)
        assert len(response) in (0, 3)
        if telnet.data is None:
            continue
        shown = editor.feed(telnet.data)
        assert b"\xff" not in shown  # 0xFF would start an option
        assert len(shown) <= 4 * CONSOLE_LINE_BYTES
        assert editor.line is None or len(editor.line) <= CONSOLE_LINE_BYTES
        assert held_bytes(editor) <= 6 * CONSOLE_LINE_BYTES + 100
        assert held_bytes(telnet) <= 200


@given(PIECES)
def test_command_after_any_noise_is_a_line(pieces):
    editor = LineEditor()
    type_in(b"".join(pieces), editor)
    for end in (b"\r", b"\n", b"\r\n", b"\r\0"):
        lines, _ = type_in(b"\x15" + b"help" + end, editor)
        assert lines[-1] == (b"help", False) and len(lines) == 1


@given(st.lists(st.integers(0, 600), max_size=6))
def test_lines_of_any_length_are_complete_or_too_long(lengths):
    lines, _ = type_in(b"".join(b"x" * n + b"\r\n" for n in lengths), LineEditor())
    assert lines == [(b"x" * min(n, CONSOLE_LINE_BYTES), n > CONSOLE_LINE_BYTES) for n in lengths]


@given(PIECES)
def test_each_line_end_ends_exactly_one_line(pieces):
    data = re.sub(rb"[\x1b\xf8-\xff]", b"", b"".join(pieces))
    lines, shown = type_in(data, LineEditor())
    expected = len(re.findall(rb"\r\n|\r|\n", data))
    assert len(lines) == expected == shown.count(b"\r\n")


@given(st.text(alphabet="aü€😀", max_size=40), st.lists(st.booleans(), max_size=60))
def test_screen_shows_the_line(text, erase):
    """The echo draws the line on a terminal."""
    editor, shown, keys = LineEditor(), b"", list(text)
    for gone in erase:
        key = b"\x7f" if gone or not keys else keys.pop().encode()
        shown += type_in(key, editor)[1]
    screen = []
    for char in shown.decode().replace("\b \b", "\b"):
        screen[-1:] = [] if char == "\b" else [*screen[-1:], char]
    assert "".join(screen) == editor.typed().decode()
