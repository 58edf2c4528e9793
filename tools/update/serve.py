"""HTTP server of a folder for `upgrade`, with ranges, so that downloads can be resumed."""

import os
import re
import socket
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from update.errors import UpdateError


class Handler(SimpleHTTPRequestHandler):
    """Files of one folder; cameras request `Range: bytes=N-` (RFC 9110 section 14.2)."""

    protocol_version = "HTTP/1.1"

    def send_head(self):
        """Send the headers; return the open file at the requested offset, None after an error."""
        requested = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        path = self.translate_path(self.path)
        if not requested or not os.path.isfile(path):
            return super().send_head()
        file = open(path, "rb")  # the caller closes it  # noqa: SIM115
        size, first = os.fstat(file.fileno()).st_size, int(requested[1])
        if first >= size:
            file.close()
            self.send_error(416)
            return None
        file.seek(first)
        self.send_response(206)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - first))
        self.end_headers()
        return file


def server(folder, bind="", port=0):
    """Return the server, not yet running; its `server_port` is the port. Raises UpdateError."""
    if not folder.is_dir():
        raise UpdateError(f"{folder} is not a folder")
    try:
        return ThreadingHTTPServer((bind, port), partial(Handler, directory=folder))
    except (OSError, OverflowError) as error:  # taken, or no port at all
        raise UpdateError(f"port {port}: {getattr(error, 'strerror', error)}") from None


def serve(folder, bind, port):
    """Print the values for `otaurl`, and serve until Ctrl-C."""
    with server(folder, bind, port) as made:
        host = bind or _own_address()
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix in (".bin", ".app-bin", ".zip", ".json"):
                print(f"otaurl http://{host}:{made.server_port}/{path.name}", flush=True)
        print(
            f"{folder} at http://{host}:{made.server_port}/; Ctrl-C stops the server", flush=True
        )
        made.serve_forever()


def _own_address():
    """Return the IPv4 address of the interface with the default route, or 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent
            return sock.getsockname()[0]
        except OSError:
            return "127.0.0.1"
