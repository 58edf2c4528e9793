"""Random HTTP requests: for the firmware's parser on CPython, and for a running camera."""

import contextlib
import socket

import h11

from config import limits
from proto.http import REASONS, HTTPError, parse_head

SEEDS = [
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /api/status HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nCookie: session=0123\r\n\r\n",
    b'HEAD /style.css HTTP/1.0\r\nIf-None-Match: "1"\r\n\r\n',
    b"GET /api/settings?a=%41&b=+ HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"
    b"Authorization: Basic YTpi\r\n\r\n",
    b"GET http://127.0.0.1/api/camera HTTP/1.1\r\nHost: other\r\nX: \xc3\xbc\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\npassword=x",
    b"POST /api/command HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n"
    b'Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{"command": "time"}',
    b"POST /login HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n\r\n",
]
TOKENS = [
    *(b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b":", b"%", b"%00", b"/../", b"//", b"?", b"#"),
    *(b"Host: x\r\n", b"Host: 127.0.0.1\r\n", b"Content-Length: 0\r\n", b" HTTP/1.1\r\n"),
    *(b"Content-Length: 4294967296\r\n", b"Content-Length: -1\r\n", b"Content-Length: 65537\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"X: " + b"y" * 30_000 + b"\r\n", b"Z:\r\n" * 70),
]
_MOST = 65_536  # bytes of a response that are read
_TIMEOUT_S = 15


def parsed(data):
    """Return (head, 0), or (None, the status that refuses it)."""
    try:
        return parse_head(data), 0
    except HTTPError as error:
        assert error.status in REASONS and str(error)
        return None, error.status


def compare(data):
    """Let the firmware and h11 parse the head; h11 must read an accepted one in the same way."""
    at = data.find(b"\r\n\r\n")
    head = data[:at] + b"\r\n\r\n" if at >= 0 else data + b"\r\n\r\n"
    found, _ = parsed(head)
    if not found:
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head)
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    fields = [(name.decode(), value) for name, value in event.headers]
    hosts = [value for name, value in fields if name == "host"]
    assert event.method.decode() == found.method and len(hosts) <= 1
    if not event.target.lower().startswith(b"http://"):
        assert event.target.decode() == found.target
        assert found.headers.get("host", "").encode() == (hosts or [b""])[0]
    assert int(dict(fields).get("content-length", 0)) == found.content_length
    assert "transfer-encoding" not in dict(fields)
    assert set(dict(fields)) | {"host"} == set(found.headers) | {"host"}


def expected_status(data):
    """Return the status with which the server must refuse a request, None for no response.

    0: the request is well-formed, so its handler decides.
    """
    if not data:
        return None
    at = data[: limits.HTTP_HEAD_BYTES].find(b"\r\n\r\n")
    if at < 0:
        return 431 if len(data) >= limits.HTTP_HEAD_BYTES else 400
    return parsed(data[: at + 4])[1]


def send(port, data):
    """Send a request, and no more; return the response."""
    response = b""
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as sock:
        with contextlib.suppress(ConnectionError):  # refused before all of it was read
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while len(response) < _MOST and (piece := sock.recv(_MOST)):
                response += piece
    return response


def check(port, data):
    """Send a request to the camera; its response is valid, and as the parser on CPython says."""
    response = send(port, data)
    wanted = expected_status(data)
    if not response:
        assert wanted in (None, 0), f"no response instead of {wanted}"
        return
    connection = h11.Connection(h11.CLIENT)
    method = "HEAD" if data[:5] == b"HEAD " else "GET"
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.receive_data(response)
    event = connection.next_event()
    while isinstance(event, h11.InformationalResponse):
        event = connection.next_event()
    assert isinstance(event, h11.Response), event
    assert event.status_code in REASONS and event.status_code != 500
    assert wanted in (0, event.status_code), f"{event.status_code} instead of {wanted}"
