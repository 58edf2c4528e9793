"""Web server whose responses a test scripts, one for each request."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mosquitto import HOST


class Web:
    """Web server that handles request n with `handlers[n]` and records it in `requests`."""

    def __init__(self, *handlers, chain=None):
        self.requests = []
        web, remaining = self, list(handlers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                web.requests.append(self)
                remaining.pop(0)(self)

            def do_POST(self):
                self.body = self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"{'https' if chain else 'http'}://{HOST}:{self._server.server_port}/"
        if chain:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def respond(status, data=b"", **headers):
    """Return a handler that sends status, body and headers (`_` in a name becomes `-`)."""

    def handle(request):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return handle
