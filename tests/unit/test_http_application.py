"""app.http.application over the loopback: errors, faults in handlers, and the captive portal."""

import json
import unittest

import suite
from fakes import run
from webserver import NoPeer, Web, WiFi, body, header, status

from proto.http import REASONS, HTTPError, parse_head

GET = "GET /api/x HTTP/1.0\r\n\r\n"


def generated(*parts):
    """Yield the parts of a body; raise a part that is an exception."""
    for part in parts:
        if isinstance(part, Exception):
            raise part
        yield part


class TestHandlers(unittest.TestCase):
    def respond(self, result, request=GET):
        """Return (response, log) if the handler of /api/x returns or raises `result`."""

        async def handler(request):
            if isinstance(result, Exception):
                raise result
            return result(request) if callable(result) else result

        web = Web(routes={("GET", "/api/x"): handler, ("POST", "/api/x"): handler})
        return run(web.fetch(request.encode())), web.log.errors

    def sent(self, *parts):
        return self.respond(lambda request: generated(*parts))

    def test_unexpected_fault_is_logged_once_and_gets_a_response(self):
        found, errors = self.respond(KeyError("x"))
        self.assertEqual(status(found), 500)
        error = json.loads(body(found))
        self.assertTrue("log" in error["error"] and error["advice"])
        self.assertEqual(len(errors), 1)
        self.assertTrue("KeyError" in errors[0][1] and "/api/x" in errors[0][1])

    def test_lack_of_memory_gets_a_503(self):
        found, errors = self.respond(MemoryError())
        self.assertEqual((status(found), header(found, "Retry-After")), (503, "5"))
        self.assertTrue("memory" in json.loads(body(found))["error"])
        self.assertEqual(len(errors), 1)

    def test_lack_of_memory_for_the_response_itself_gets_a_503(self):
        class Headers:
            def __iter__(self):
                raise MemoryError

        found, errors = self.respond(lambda request: ("", 200, Headers()))
        self.assertEqual((status(found), len(errors)), (503, 1))

    def test_fault_within_the_body_ends_the_connection_without_a_second_head(self):
        for fault in (ValueError("x"), MemoryError()):
            found, errors = self.sent("half" * 400, fault)
            self.assertEqual((status(found), found.count(b"HTTP/"), len(errors)), (200, 1, 1))

    def test_fault_before_the_first_byte_gets_a_response(self):
        for fault, expected in ((ValueError("x"), 500), (MemoryError(), 503)):
            found, errors = self.sent("a little", fault)
            self.assertEqual((status(found), len(errors)), (expected, 1))
            self.assertTrue(b"little" not in found and json.loads(body(found))["advice"])

    def test_closed_connection_is_not_a_fault(self):
        self.assertEqual(self.respond(OSError(104)), (b"", []))

    def test_handler_raises_an_http_error(self):
        found, errors = self.respond(HTTPError(400, "Not so."))
        self.assertEqual((status(found), json.loads(body(found))["error"]), (400, "Not so."))
        self.assertEqual(errors, [])

    def test_parts_of_any_size_are_complete(self):
        sizes = (0, 1, 1_439, 1_440, 1_441, 5_000)
        parts = []
        for n in sizes:
            parts += ["x" * n, memoryview(b"y")]
        found, _ = self.sent(*parts)
        self.assertEqual(body(found), b"".join(b"x" * n + b"y" for n in sizes))

    def test_file_is_closed_even_after_head(self):
        class File:
            is_closed = False

            def read(self, size):
                return b""

            def close(self):
                self.is_closed = True

        for method in ("GET", "HEAD"):
            file = File()
            self.respond(lambda request, file=file: file, GET.replace("GET", method))
            self.assertTrue(file.is_closed)

    def test_handler_gets_the_body_in_memory(self):
        request = "POST /api/x HTTP/1.0\r\nContent-Length: 10\r\n\r\n0123456789"
        found, _ = self.respond(lambda request: request.body, request)
        self.assertEqual(body(found), b"0123456789")

    def test_overlong_body_is_refused(self):
        for accept, kind in (("", "application/json"), ("Accept: text/html\r\n", "application/")):
            request = "POST /api/x HTTP/1.0\r\nContent-Length: 32769\r\n{}\r\n".format(accept)
            found, _ = self.respond("", request)
            self.assertEqual(status(found), 413)
            self.assertTrue(header(found, "Content-Type").startswith(kind))


class TestErrors(unittest.TestCase):
    def test_page_for_browsers_json_for_scripts_and_a_line_for_others(self):
        web = Web()
        found = run(web.fetch(b"GET /none HTTP/1.0\r\nAccept: text/html\r\n\r\n"))
        self.assertEqual(header(found, "Content-Type"), "text/html; charset=UTF-8")
        self.assertTrue(b"<h1>There is no such page.</h1>" in found)
        found = run(web.fetch(b"GET /api/none HTTP/1.0\r\nAccept: text/html\r\n\r\n"))
        self.assertEqual(set(json.loads(body(found))), {"error", "advice"})
        found = run(web.fetch(b"GET /none HTTP/1.0\r\n\r\n"))
        self.assertTrue(body(found).startswith(b"404 Not Found: There is no such page. "))

    def test_login_page_for_browsers(self):
        web = Web(password="x")
        found = run(web.fetch(b"GET /setup HTTP/1.0\r\nAccept: text/html\r\n\r\n"))
        self.assertEqual((status(found), header(found, "Location")), (303, "/login?next=/setup"))
        found = run(web.fetch(b"GET /setup HTTP/1.0\r\n\r\n"))
        self.assertEqual(status(found), 401)
        self.assertTrue(header(found, "WWW-Authenticate").startswith("Basic "))
        found = run(web.fetch(b"GET /setup HTTP/1.0\r\nX-Requested-With: page\r\n\r\n"))
        self.assertEqual((status(found), header(found, "WWW-Authenticate")), (401, None))

    def test_every_error_has_a_reason(self):
        web, head = Web(), b"GET /none HTTP/1.0\r\n\r\n"
        request = web.app.request(parse_head(head), b"", NoPeer(), 1_000)
        for code in (400, 401, 403, 404, 405, 413, 421, 429, 500, 503):
            response = web.app.refuse(request, code)
            self.assertEqual((response.status_code, response.reason), (code, REASONS[code]))
            self.assertEqual(response.headers["Cache-Control"], "no-store")

    def test_dots_in_a_route_match_only_dots(self):
        self.assertEqual(status(run(Web().fetch(b"GET /styleXcss HTTP/1.0\r\n\r\n"))), 404)


class TestPortal(unittest.TestCase):
    """Clients of the access point are redirected to the home page."""

    def get(self, path, host="captive.example", ap="192.168.1.1"):
        head = "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n".format(path, host)
        return run(Web(wifi=WiFi("", ap)).fetch(head.encode()))

    def test_probes_of_each_vendor(self):
        home = "http://192.168.1.1/"
        for path in (
            "/generate_204 /gen_204 /hotspot-detect.html /library/test/success.html /ncsi.txt "
            "/redirect /fwlink /canonical.html /any/other"
        ).split():
            for host in ("captive.example", "192.168.1.1"):
                found = self.get(path, host)
                self.assertEqual((status(found), header(found, "Location")), (302, home), path)
        found = self.get("/connecttest.txt")
        self.assertEqual((status(found), header(found, "Location")), (302, "http://logout.net/"))
        for path in ("/wpad.dat", "/favicon.ico"):
            self.assertEqual(status(self.get(path)), 404)
        for path in ("/success.txt", "/chrome-variations/seed", "/service/update2/json"):
            found = self.get(path)
            self.assertEqual((status(found), body(found)), (200, b""))

    def test_no_portal_without_an_access_point(self):
        for path in ("/generate_204", "/success.txt", "/connecttest.txt"):
            self.assertEqual(status(self.get(path, ap="")), 421)
            self.assertEqual(status(self.get(path, "cam", ap="")), 404)

    def test_root_accepts_the_setup_form_while_the_access_point_is_open(self):
        head = b"POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"
        found = run(Web(wifi=WiFi("", "192.168.1.1")).fetch(head))
        self.assertEqual(status(found), 400)  # a form without a button
        found = run(Web().fetch(head))
        self.assertEqual((status(found), header(found, "Allow")), (405, "GET, HEAD"))


suite.main()
