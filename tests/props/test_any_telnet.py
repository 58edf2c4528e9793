"""proto.telnet and proto.lineedit with any bytes: bounded memory, no negotiation loops."""

from hypothesis import given
from hypothesis import strategies as st

from config.limits import CONSOLE_LINE_BYTES
from proto.lineedit import LineEditor
from proto.telnet import Telnet

IAC, DO, WILL = 255, 253, 251
STREAM = st.lists(
    st.one_of(st.integers(0, 255), st.sampled_from([255, 250, 240, 251, 252, 253, 254, 13, 10])),
    max_size=300,
)


def feed(stream):
    telnet = Telnet()
    responses, data = b"", b""
    for byte in stream:
        responses += telnet.feed(byte)
        if telnet.data is not None:
            data += bytes((telnet.data,))
    return responses, data


@given(STREAM)
def test_each_option_gets_one_response(stream):
    responses, data = feed(stream)
    assert len(responses) % 3 == 0 and len(data) <= len(stream)
    triples = [responses[i : i + 3] for i in range(0, len(responses), 3)]
    assert len(set(triples)) == len(triples)
    assert all(t[0] == IAC and t[1] in (252, 254) for t in triples)


@given(st.binary(max_size=200))
def test_data_passes_unchanged(data):
    assert feed(data.replace(b"\xff", b"\xff\xff")) == (b"", data)


@given(STREAM)
def test_negotiation_with_itself_ends(stream):
    one, two = Telnet(), Telnet()
    wire, turns = bytes(stream), 0
    while wire:
        turns += 1
        assert turns < 10
        wire = b"".join(one.feed(byte) for byte in wire)
        one, two = two, one


@given(st.lists(st.text(alphabet="abc ü€", min_size=1, max_size=40), min_size=1, max_size=10))
def test_lines_with_every_line_end(lines):
    for end in (b"\r", b"\n", b"\r\n", b"\r\0"):
        editor, got = LineEditor(), []
        for line in lines:
            for byte in line.encode() + end:
                editor.feed(byte)
                if editor.line is not None:
                    got.append(editor.line.decode())
        assert got == lines


@given(STREAM)
def test_line_is_bounded_for_any_keys(stream):
    editor = LineEditor(history=3)
    for byte in stream * 3:
        echo = editor.feed(byte)
        assert len(echo) <= 4 * CONSOLE_LINE_BYTES + 8
        assert editor.line is None or len(editor.line) <= CONSOLE_LINE_BYTES


@given(st.text(alphabet="abcü€😀", max_size=20), st.text(alphabet="xyzü€😀", max_size=20))
def test_erased_text_is_not_in_the_line(wrong, right):
    editor = LineEditor()
    for byte in wrong.encode() + b"\x7f" * len(wrong) + right.encode():
        editor.feed(byte)
    editor.feed(13)
    assert editor.line == right.encode()
