"""Local web server with the live picture: a page, an MJPEG stream, and the state as JSON."""

import json
import select
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_WWW = _HERE.parents[1] / "lib" / "www"
_FILES = {
    "/": (_HERE / "page.html", "text/html; charset=utf-8"),
    "/page.js": (_HERE / "page.js", "text/javascript; charset=utf-8"),
    "/page.css": (_HERE / "page.css", "text/css; charset=utf-8"),
    "/style.css": (_WWW / "style.css", "text/css; charset=utf-8"),
    "/icon.svg": (_WWW / "icon.svg", "image/svg+xml"),
}
_BOUNDARY = "frame"
_CHECK_S = 1  # for a viewer that has gone
_STALL_S = 30  # for which a viewer may accept no data


class Server(ThreadingHTTPServer):
    """Serves this computer only; `viewers` is the number of streams that are being watched."""

    daemon_threads = True

    def __init__(self, newest, title, port=0):
        self.viewers = 0
        self._lock = threading.Lock()
        handler = partial(_Handler, newest, title)
        try:
            super().__init__(("127.0.0.1", port), handler)
        except (OSError, OverflowError):  # taken, privileged, or no port at all
            super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def count(self, change):
        """Add to the number of viewers."""
        with self._lock:
            self.viewers += change

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # the browser has gone


class _Handler(BaseHTTPRequestHandler):
    timeout = _STALL_S

    def __init__(self, newest, title, *args):
        self._newest = newest
        self._title = title
        super().__init__(*args)

    def do_GET(self):
        path = self.path.partition("?")[0]
        if self.headers.get("Host", "").partition(":")[0] not in ("127.0.0.1", "localhost"):
            self.send_error(403, "Open the page by its address, 127.0.0.1")  # DNS rebinding
        elif path == "/state":
            state = {"title": self._title} | self._newest.state()
            self._respond(json.dumps(state).encode(), "application/json")
        elif path == "/live.mjpg":
            self._stream()
        elif path in _FILES:
            file, kind = _FILES[path]
            self._respond(file.read_bytes(), kind)
        else:
            self.send_error(404)

    def _respond(self, body, kind):
        self._send_head(kind)
        self.wfile.write(body)

    def _send_head(self, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")  # no other page shows it
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()

    def _stream(self):
        """Send pictures until the viewer leaves; each with the boundary after it."""
        self.server.count(1)
        try:
            self._send_head(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            self.wfile.write(f"--{_BOUNDARY}\r\n".encode())
            number = 0
            while not (self._newest.ended or self._has_gone()):
                before = number
                number, jpeg = self._newest.wait(before, _CHECK_S)
                if number > before:
                    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode())
        finally:
            self.server.count(-1)

    def _has_gone(self):
        """Return true if the viewer has closed the connection: it sends nothing else."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def log_message(self, *_):
        pass
