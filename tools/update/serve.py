"""A folder over HTTP, for cameras that `upgrade`: with ranges, so that a download is resumed."""

import os
import re
import socket
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from update.errors import UpdateError


class Handler(SimpleHTTPRequestHandler):
    """Files of one folder; `Range: bytes=N-` is what a camera asks for."""

    protocol_version = "HTTP/1.1"

    def send_head(self):
        """The open file, from where it was asked for."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        path = self.translate_path(self.path)
        if not asked or not os.path.isfile(path):
            return super().send_head()
        file = open(path, "rb")  # the caller closes it  # noqa: SIM115
        size, first = os.fstat(file.fileno()).st_size, int(asked[1])
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
    """The server, not yet running; its `server_port` is the port."""
    if not folder.is_dir():
        raise UpdateError(f"{folder} is no folder")
    try:
        return ThreadingHTTPServer((bind, port), partial(Handler, directory=folder))
    except OSError as error:
        raise UpdateError(f"port {port}: {error.strerror}") from None


def serve(folder, bind, port):
    """Serve until Ctrl-C, and say what to set."""
    with server(folder, bind, port) as made:
        host = bind or _own_address()
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix in (".bin", ".tar"):
                print(f"otaurl http://{host}:{made.server_port}/{path.name}", flush=True)
        print(f"{folder} at http://{host}:{made.server_port}/; Ctrl-C ends it", flush=True)
        made.serve_forever()


def _own_address():
    """The address that others in the network reach us by, as far as that can be told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent
            return sock.getsockname()[0]
        except OSError:
            return "127.0.0.1"
