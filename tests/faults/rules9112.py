"""Requests for the rules of RFC 9110 and RFC 9112, with the status that the rule allows.

A status of 0 stands for a connection that is closed without a response.
"""

GET = b"GET /api/status HTTP/1.1\r\n"
POST = b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
HOST = b"Host: localhost\r\n"
END = b"\r\n"


def get(*lines):
    return GET + HOST + b"".join(line + END for line in lines) + END


def post(*lines, body=b""):
    return POST + b"".join(line + END for line in lines) + END + body


def start(line):
    return line + END + HOST + END


RULES = {
    # RFC 9112 section 2.2: line ends
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", {400}),
    "bare LF in a header": (get(b"X: a\nY: b"), {400}),
    "bare LF at the end": (GET + HOST + b"\n\r\n", {400}),
    "bare CR in the request line": (start(b"GET /\r HTTP/1.1"), {400}),
    "bare CR in a name": (get(b"X\rY: a"), {400}),
    "bare CR in a value": (get(b"X: a\rY: b"), {400}),
    "white space before the first header": (GET + b" " + HOST + END, {400}),
    "empty line before the request": (END + get(), {200}),
    "two empty lines": (END + END + get(), {400}),
    # section 2.3: version
    "no version": (b"GET /\r\n\r\n", {400}),
    "lower-case version": (start(b"GET / http/1.1"), {400}),
    "version 1": (start(b"GET / HTTP/1"), {400, 505}),
    "version 2.0": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "version 1.10": (start(b"GET / HTTP/1.10"), {400, 505}),
    # section 3: request line
    "two spaces": (start(b"GET  / HTTP/1.1"), {400}),
    "tab instead of a space": (start(b"GET\t/ HTTP/1.1"), {400}),
    "space at the end": (start(b"GET / HTTP/1.1 "), {400}),
    "space in the address": (start(b"GET /a b HTTP/1.1"), {400}),
    "colon in the method": (start(b"GE:T / HTTP/1.1"), {400}),
    "lower-case method": (start(b"get / HTTP/1.1"), {501}),
    "unknown method": (start(b"BREW / HTTP/1.1"), {405, 501}),
    "NUL in the address": (start(b"GET /\0 HTTP/1.1"), {400}),
    "UTF-8 in the address": (start("GET /ü HTTP/1.1".encode()), {400}),
    "half an escape": (start(b"GET /%4 HTTP/1.1"), {400}),
    "address of 9,000 bytes": (start(b"GET /" + b"a" * 9_000 + b" HTTP/1.1"), {414, 431, 0}),
    # section 3.2: target and Host
    "no Host": (GET + END, {400}),
    "no Host in HTTP/1.0": (b"GET /api/status HTTP/1.0\r\n\r\n", {200}),
    "two Hosts": (GET + HOST + HOST + END, {400}),
    "two different Hosts": (GET + HOST + b"Host: evil.test\r\n\r\n", {400}),
    "Host with a space": (GET + b"Host: local host\r\n\r\n", {400}),
    "Host with a path": (GET + b"Host: localhost/x\r\n\r\n", {400}),
    "Host with a user": (GET + b"Host: joe@localhost\r\n\r\n", {400}),
    "Host with an invalid port": (GET + b"Host: localhost:99999\r\n\r\n", {400}),
    "Host with a comma": (GET + b"Host: localhost, localhost\r\n\r\n", {400, 421}),
    "foreign Host": (GET + b"Host: evil.test\r\n\r\n", {421}),
    "absolute form": (start(b"GET http://localhost/api/status HTTP/1.1"), {200}),
    "absolute form goes before Host": (start(b"GET http://evil.test/ HTTP/1.1"), {421}),
    "absolute form without a host": (start(b"GET http:/// HTTP/1.1"), {400}),
    "authority form": (start(b"CONNECT localhost:80 HTTP/1.1"), {400, 405, 501}),
    "asterisk form of GET": (start(b"GET * HTTP/1.1"), {400}),
    "asterisk form": (start(b"OPTIONS * HTTP/1.1"), {200}),
    "address without a slash": (start(b"GET api/status HTTP/1.1"), {400}),
    # section 5: headers
    "space before the colon": (get(b"X : a"), {400}),
    "tab before the colon": (get(b"X\t: a"), {400}),
    "space before the colon of Host": (GET + b"Host : localhost\r\n\r\n", {400}),
    "no colon": (get(b"nonsense"), {400}),
    "no name": (get(b": a"), {400}),
    "space in a name": (get(b"X Y: a"), {400}),
    "bracket in a name": (get(b"X[0]: a"), {400}),
    "UTF-8 in a name": (get("Ü: a".encode()), {400}),
    "folded header": (get(b"X: a", b" b"), {400}),
    "folded Host": (GET + b"Host:\r\n localhost\r\n\r\n", {400}),
    "NUL in a name": (get(b"X\0: a"), {400}),
    "NUL in a value": (get(b"X: \0"), {400}),
    "NUL in Host": (GET + b"Host: localhost\0\r\n\r\n", {400}),
    "white space around a value": (get(b"X:\t a \t"), {200}),
    "empty value": (get(b"X:"), {200}),
    "opaque bytes in a value": (get(b"X: \xff\xfe"), {200}),
    "mixed case of a name": (GET + b"hOsT: localhost\r\n\r\n", {200}),
    "1,000 headers": (get(*[b"A: b"] * 1_000), {431, 0}),
    # section 6: framing of the body
    "negative length": (post(b"Content-Length: -1"), {400}),
    "signed length": (post(b"Content-Length: +1", body=b"a"), {400}),
    "hexadecimal length": (post(b"Content-Length: 0x1", body=b"a"), {400}),
    "length with a space": (post(b"Content-Length: 1 1", body=b"a"), {400}),
    "empty length": (post(b"Content-Length:"), {400}),
    "list of lengths": (post(b"Content-Length: 1, 2", body=b"ab"), {400}),
    "two lengths": (post(b"Content-Length: 1", b"Content-Length: 2", body=b"ab"), {400}),
    "length of 10^20": (post(b"Content-Length: 1" + b"0" * 20), {413}),
    "chunked body": (post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), {411}),
    "chunked body with a length": (
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        {400},
    ),
    "length after a chunked body": (
        post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        {400},
    ),
    "body that is not chunked at the end": (post(b"Transfer-Encoding: chunked, gzip"), {400}),
    "body that is chunked twice": (post(b"Transfer-Encoding: chunked, chunked"), {400, 501}),
    "unknown coding": (post(b"Transfer-Encoding: gzip, chunked"), {501}),
    "hidden coding": (post(b"Transfer-Encoding: \x0bchunked"), {400}),
    "coding in HTTP/1.0": (
        b"POST /login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400, 411},
    ),
}
