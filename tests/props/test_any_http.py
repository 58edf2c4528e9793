"""proto.http against h11: both parse an accepted head in the same way."""

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from proto.http import REASONS, HTTPError, parse_head

TOKEN = st.text(alphabet="abcXYZ019-_!~", min_size=1, max_size=8)
VALUE = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
PIECES = st.sampled_from(
    "GET|POST| |/|/a|%41|%|HTTP/1.1|HTTP/1.0|HTTP/2|\r\n|\r|\n|Host: a|Host: b|:|\t|\0|ü|"
    "Content-Length: 3|Content-Length: 03|Content-Length: +3|Transfer-Encoding: chunked| chunked|,"
    "|X: 1".split("|")
)


def parsed(head):
    try:
        return parse_head(head)
    except HTTPError as error:
        assert error.status in REASONS and str(error)
        return None


def as_h11_reads(head):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head)
    return connection.next_event()


@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert parsed(data + b"\r\n\r\n") is None or data.count(b" ") >= 2


@given(st.lists(PIECES, max_size=14))
@example(["GET", " ", "/", " ", "HTTP/1.1", "\r\n", "Host: a", "\r\n", "Host: b"])
@example(["GET", " ", "/", " ", "HTTP/1.1", "\r\n", "Host: a", "\r", "Content-Length: 3"])
def test_h11_parses_an_accepted_head_in_the_same_way(pieces):
    head = "".join(["GET / HTTP/1.1\r\n", *pieces]).encode("latin-1") + b"\r\n\r\n"
    if b"\r\n\r\n" in head[:-4]:
        return  # the head would end there
    found = parsed(head)
    if found:
        event = as_h11_reads(head)
        assert isinstance(event, h11.Request)
        assert (event.method.decode(), event.target.decode()) == (found.method, found.target)
        lengths = [value for name, value in event.headers if name == b"content-length"]
        assert (int(lengths[0]) if lengths else 0) == found.content_length
        assert b"transfer-encoding" not in [name for name, _ in event.headers]
        assert [name for name, _ in event.headers].count(b"host") == 1
        for name, value in event.headers:
            assert name.decode() in found.headers, (name, value)


@given(TOKEN, st.lists(st.tuples(TOKEN, VALUE), max_size=10), st.integers(0, 10**6))
def test_good_heads_are_accepted(method, fields, length):
    known = ("host", "content-length", "transfer-encoding")
    lines = [f"{method} /x HTTP/1.1", "Host: cam", f"Content-Length: {length}"]
    fields = [(name, value) for name, value in fields if name.lower() not in known]
    lines += [f"{name}: {value}" for name, value in fields]
    found = parsed("\r\n".join(lines + ["", ""]).encode())
    assert (found.method, found.target, found.content_length) == (method, "/x", length)
    for name, value in {name.lower(): value for name, value in fields}.items():
        assert found.headers[name] == value.strip()


@given(st.text(alphabet="ab.:[]0159%-_ /@\t", max_size=12))
def test_any_host_is_accepted_or_refused_as_bad(host):
    found = parsed(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    if found:
        assert not set(found.headers["host"]) & set(" /@\t")
        assert parsed(f"GET http://{host.strip() or 'a'}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
