"""proto.http against h11: what is passed on, h11 reads in the same way."""

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from proto.http import BadRequest, check_head
from proto.reasons import titled

TOKEN = st.text(alphabet="abcXYZ019-_!~", min_size=1, max_size=8)
VALUE = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
PIECES = st.sampled_from(
    "GET|POST| |/|/a|%41|%|HTTP/1.1|HTTP/1.0|HTTP/2|\r\n|\r|\n|Host: a|Host: b|:|\t|\0|ü|"
    "Content-Length: 3|Content-Length: 03|Content-Length: +3|Transfer-Encoding: chunked| chunked|,"
    "|X: 1".split("|")
)


def verdict(head):
    try:
        return check_head(head)
    except BadRequest as error:
        assert titled(error.status) and str(error)
        return None


def as_h11_reads(head):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head)
    return connection.next_event()


@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert verdict(data + b"\r\n\r\n") is None or data.count(b" ") >= 2


@given(st.lists(PIECES, max_size=14))
@example(["GET", " ", "/", " ", "HTTP/1.1", "\r\n", "Host: a", "\r\n", "Host: b"])
@example(["GET", " ", "/", " ", "HTTP/1.1", "\r\n", "Host: a", "\r", "Content-Length: 3"])
def test_what_is_passed_on_is_what_another_reader_sees(pieces):
    head = "".join(["GET / HTTP/1.1\r\n", *pieces]).encode("latin-1") + b"\r\n\r\n"
    if b"\r\n\r\n" in head[:-4]:
        return  # there the head would end
    passed = verdict(head)
    if passed:
        event = as_h11_reads(head)
        assert isinstance(event, h11.Request)
        assert (event.method, event.target) == passed[:2]
        lengths = [value for name, value in event.headers if name == b"content-length"]
        assert (int(lengths[0]) if lengths else 0) == passed[2]
        assert b"transfer-encoding" not in [name for name, _ in event.headers]
        assert [name for name, _ in event.headers].count(b"host") == 1


@given(TOKEN, st.lists(st.tuples(TOKEN, VALUE), max_size=10), st.integers(0, 10**6))
def test_good_heads_pass(method, fields, length):
    known = ("host", "content-length", "transfer-encoding")
    lines = [f"{method} /x HTTP/1.1", "Host: cam", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in fields if name.lower() not in known]
    head = "\r\n".join(lines + ["", ""]).encode()
    assert verdict(head) == (method.encode(), b"/x", length)
