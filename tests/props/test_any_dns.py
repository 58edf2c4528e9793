"""proto.dns with any packet: no exception, and a response of bounded size."""

from hypothesis import given
from hypothesis import strategies as st

from proto.dns import NameServer

ADDRESS = bytes((192, 168, 1, 1))
SERVER = NameServer(ADDRESS)
LABELS = st.lists(st.binary(min_size=1, max_size=63), max_size=6)


def query(number, flags, labels, kind, family, tail):
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    head = number + bytes((flags, 0)) + b"\0\1" + bytes(6)
    return head + name + kind.to_bytes(2, "big") + family.to_bytes(2, "big") + tail, len(name)


@given(st.binary(max_size=600))
def test_any_bytes(data):
    reply = SERVER.answer(data)
    if len(data) < 12 or data[2] & 0x80:
        assert reply == b""
    else:
        assert reply[:2] == data[:2] and reply[2] & 0x80
        assert 12 <= len(reply) <= len(data) + 16


@given(st.binary(min_size=12, max_size=12), st.binary(max_size=300))
def test_one_question_of_any_bytes(head, data):
    packet = head[:2] + b"\1\0\0\1" + bytes(6) + data
    reply = SERVER.answer(packet)
    assert reply[3] & 15 in (0, 1, 5)
    if reply[7]:
        assert reply[-4:] == ADDRESS and reply[12:-16] == packet[12 : len(reply) - 16]


@given(
    st.binary(min_size=2, max_size=2),
    st.sampled_from((0, 1)),
    LABELS,
    st.integers(0, 65_535),
    st.sampled_from((1, 255, 3)),
    st.binary(max_size=40),
)
def test_every_valid_query_gets_a_response(number, flags, labels, kind, family, tail):
    packet, length = query(number, flags, labels, kind, family, tail)
    reply = SERVER.answer(packet)
    assert reply[:2] == number
    if length > 255:
        assert reply[3] & 15 == 1
        return
    assert reply[12 : 12 + length + 4] == packet[12 : 12 + length + 4]
    assert reply[3] & 15 == (5 if family == 3 else 0)
    assert reply[7] == (kind in (1, 255) and family != 3)
