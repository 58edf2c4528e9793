"""proto.improv with any bytes: packets and keys are separated, whatever surrounds them."""

from hypothesis import given
from hypothesis import strategies as st

from proto.improv import HEADER, RESULT, RPC, Splitter, packet, result, strings

DATA = st.binary(max_size=255)
NOISE = st.lists(st.sampled_from([*HEADER, 3, 10, 0, 255]), max_size=60).map(bytes)
KEYS = st.text(alphabet="IMPROV x\x03\r", max_size=30).map(str.encode)


def split(stream):
    """Return (keys, packets, splitter) of bytes that arrive without a pause."""
    splitter, keys, packets = Splitter(), b"", []
    for byte in stream:
        keys += splitter.feed(byte)
        if splitter.packet:
            packets.append(splitter.packet)
    return keys, packets, splitter


@given(st.lists(st.tuples(KEYS, st.integers(0, 255), DATA), max_size=4), KEYS)
def test_packets_among_keys(parts, end):
    stream = b"".join(keys + packet(kind, data) + b"\n" for keys, kind, data in parts) + end
    keys, packets, splitter = split(stream)
    assert keys + splitter.stop() == b"".join(keys for keys, _, _ in parts) + end
    assert packets == [(kind, data) for _, kind, data in parts]


@given(DATA, st.integers(1, 255))
def test_wrong_checksum(data, change):
    whole = packet(RPC, data)
    keys, packets, splitter = split(whole[:-1] + bytes(((whole[-1] + change) & 0xFF,)))
    assert (keys, packets, splitter.pending) == (b"", [(RPC, None)], False)


@given(DATA, st.integers(min_value=1))
def test_packet_that_ends_early(data, left):
    """The keys after the pause are keys again; without the whole header, all of it was typed."""
    whole = packet(RPC, data)
    part = whole[: left % len(whole)]
    keys, packets, splitter = split(part)
    assert (keys, packets) == (b"", [])
    if len(part) >= len(HEADER):
        assert (splitter.stop(), splitter.packet) == (b"", (RPC, None))
    else:
        assert (splitter.stop(), splitter.packet) == (part, None)
    assert not splitter.pending
    assert splitter.feed(3) == b"\x03"


@given(NOISE)
def test_any_noise_keeps_its_limits_and_ends(noise):
    keys, packets, splitter = split(noise)
    keys += splitter.stop()
    packets += [splitter.packet] if splitter.packet else []
    assert len(keys) + len(packets) * len(HEADER) <= len(noise)
    assert packets or keys == noise
    assert not splitter.pending


@given(st.integers(0, 255), st.lists(st.text(max_size=12), max_size=5))
def test_result(command, texts):
    _, packets, _ = split(result(command, texts))
    kind, data = packets[0]
    assert (kind, data[0], data[1]) == (RESULT, command, len(data) - 2)
    assert strings(data[2:]) == texts


@given(DATA)
def test_strings_of_any_data(data):
    try:
        found = strings(data)
    except ValueError:
        return
    assert b"".join(bytes((len(text.encode()),)) + text.encode() for text in found) == data
