"""Random keys: for the consoles' parsers on CPython, and for consoles of a running camera."""

from telnet_client import TelnetClient

from config import limits
from proto.improv import HEADER, RPC, Splitter, packet
from proto.lineedit import LineEditor
from proto.telnet import Telnet

LINES = [
    b"pulse 5\r\n",
    b"power\r",
    b"timer\n",
    b"pulse 70000\r\0",
    b"nothing \xc3\xbc\r\n",
    b"\r\n",
]
KEYS = [b"\x1b[A", b"\x1b[B", b"\x1b[1;5C", b"\x1bOA", b"\x7f", b"\b", b"\x15", b"x" * 300]
OPTIONS = [
    *(b"\xff\xfb\x01", b"\xff\xfd\x03", b"\xff\xfc\x18", b"\xff\xfe\x22", b"\xff\xff"),
    *(
        b"\xff\xfa\x18\x00xterm\xff\xf0",
        b"\xff\xfa\x22\x01",
        b"\xff\xf0",
        b"\xff\xf4",
        b"\xff\xfd\x06",
    ),
]
PACKETS = [
    packet(RPC, data) for data in (b"\x02\0", b"\x03\0", b"\x07\0", b"\x02\1x", b"", b"\x02")
]
CTRL_C = 3
_END_OF_OPTION = 2 * b"\xff\xf0"  # the first may be the argument of an IAC
_END_OF_PACKET = b"\n" * 265  # the longest, with its checksum
_CLEAR = b"\x15"
_FIRST_NUMBER = 10_000  # of a command that no input contains
_MOST = 200  # bytes of an input: what a console shows is bounded


def _type(data, editor):
    """Return the finished lines; check that line and echo are bounded."""
    lines = []
    for byte in data:
        echo = editor.feed(byte)
        assert b"\xff" not in echo and len(echo) <= 4 * limits.CONSOLE_LINE_BYTES
        if editor.line is not None:
            assert len(editor.line) <= limits.CONSOLE_LINE_BYTES
            lines.append(editor.line)
    return lines


def _telnet(data, telnet):
    """Return (data, responses) as telnet's parser separates them."""
    keys, responses = b"", b""
    for byte in data:
        responses += telnet.feed(byte)
        if telnet.data is not None:
            keys += bytes((telnet.data,))
    return keys, responses


def _telnet_reference(data):
    """Return (data, options to refuse), from RFC 854 and 855; the end may be an unfinished one."""
    keys, refused = b"", []
    while data:
        plain, iac, data = data.partition(b"\xff")
        keys += plain
        if not iac or not data:
            break
        verb, data = data[0], data[1:]
        if verb == 255:
            keys += b"\xff"
        elif verb == 250:  # ends at IAC SE; any other IAC in it has an argument
            at = 0
            while at < len(data) and data[at : at + 2] != b"\xff\xf0":
                at += 2 if data[at] == 255 else 1
            data = data[at + 2 :]
        elif 251 <= verb <= 254 and data:
            option, data = data[0], data[1:]
            answer = (verb, option)
            if verb in (251, 253) and answer not in ((253, 1), (253, 3)) and answer not in refused:
                refused.append(answer)
    return keys, refused


def compare_telnet(data):
    """Compare telnet's parser with the reference; a command after the input is a line."""
    telnet, editor = Telnet(), LineEditor()
    keys, responses = _telnet(data, telnet)
    expected, refused = _telnet_reference(data)
    assert keys == expected
    verbs = {251: 254, 253: 252}
    assert responses == b"".join(bytes((255, verbs[verb], option)) for verb, option in refused)
    _type(keys, editor)
    keys, _ = _telnet(_END_OF_OPTION + _CLEAR + b"help\r\n", telnet)
    assert _type(keys, editor)[-1] == b"help"


def _split(stream, splitter):
    """Return (keys, packets) of bytes that arrive without a pause."""
    keys, packets = b"", []
    for byte in stream:
        keys += splitter.feed(byte)
        if splitter.packet:
            packets.append(splitter.packet)
    return keys, packets


def _split_reference(stream):
    """Return (keys, packets) as the Improv protocol defines them, without an unfinished end."""
    keys, packets = b"", []
    while stream:
        before, header, rest = stream.partition(HEADER)
        if not header:
            held = next(n for n in range(len(HEADER), -1, -1) if stream.endswith(HEADER[:n]))
            return keys + stream[: len(stream) - held], packets
        keys += before
        size = 2 + rest[1] if len(rest) > 1 else 256
        if len(rest) <= size:
            break
        body, checksum, stream = rest[:size], rest[size], rest[size + 1 :]
        is_whole = sum(HEADER + body) & 255 == checksum
        packets.append((body[0], body[2:] if is_whole else None))
        stream = stream[1:] if is_whole and stream[:1] == b"\n" else stream
    return keys, packets


def compare_uart(data):
    """Compare the splitter with the reference; a command after the input is a line."""
    splitter, editor = Splitter(), LineEditor()
    found = _split(data, splitter)
    assert found == _split_reference(data)
    _type(found[0] + splitter.stop() + _CLEAR, editor)
    keys, packets = _split(b"help\r", splitter)
    assert _type(keys, editor) == [b"help"] and not packets


def batch(mutator, inputs):
    """Return inputs joined, without a Ctrl-D, which ends a connection on an empty line."""
    return b"".join(mutator()[:_MOST] for _ in range(inputs)).replace(b"\x04", b"")


def uart_batch(mutator, inputs):
    """Return inputs joined, without a Ctrl-C outside of packets, which ends the application."""
    joined = b""
    for _ in range(inputs):
        data = joined + mutator()[:_MOST]
        keys, _ = _split_reference(data + _END_OF_PACKET)
        joined = joined if CTRL_C in keys else data
    return joined + _END_OF_PACKET


def through_telnet(camera, row, batches):
    """Send batches on one connection; after each, a command must work."""
    with TelnetClient.with_console(camera.facts["telnet"]) as client:
        for number, data in enumerate(batches, _FIRST_NUMBER):
            with row.injection(repr(data)):
                client.send(data + _END_OF_OPTION + _CLEAR)
                client.run(f"pulse {number}", f"pulse = {number}\n")
        answers = client.options[2:]  # without those of the greeting
        assert len(set(answers)) == len(answers)


def through_uart(camera, row, batches):
    """Type batches; after each, a command must work."""
    for number, data in enumerate(batches, _FIRST_NUMBER):
        with row.injection(repr(data)):
            since = len(camera.output)
            camera.type(data + _CLEAR + f"pulse {number}\n".encode())
            camera.wait_output(f"pulse = {number}", since=since)
