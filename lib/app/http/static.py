"""Files of lib/www that are sent as they are: compressed, with an ETag."""

import binascii
import io
import sys

import deflate
from microdot import Response
from micropython import const

try:
    from frozenpages import FILES  # of firmware with frozen pages (tools/frozenpages.py)
except ImportError:
    FILES = {}

_WINDOW = const(10)  # tools/compile.py compresses with 2**10 bytes
_PIECE = const(512)
_FOOTER = const(8)  # of gzip: the CRC-32 of the content, its length (RFC 1952)


class StaticFiles:
    """Routes of the files without blanks, the camera's page among them."""

    def add_routes(self, app):
        app.get("/")(self.camera)
        app.get("/camera")(self.camera)
        app.get("/style.css")(self.style)
        app.get("/app.js")(self.script)
        app.get("/icon.svg")(self.icon)
        app.get("/zones.txt")(self.zones)

    async def camera(self, request):
        return _send(request, "camera.html", "text/html; charset=UTF-8")

    async def style(self, request):
        return _send(request, "style.css", "text/css; charset=UTF-8")

    async def script(self, request):
        return _send(request, "app.js", "text/javascript; charset=UTF-8")

    async def icon(self, request):
        return _send(request, "icon.svg", "image/svg+xml")

    async def zones(self, request):
        return _send(request, "zones.txt", "text/plain; charset=UTF-8")


def _send(request, name, kind):
    file = open_page(name + ".gz")
    headers = {"Content-Type": kind, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    size = file.seek(-_FOOTER, 2) + _FOOTER
    footer = file.read(_FOOTER)
    file.seek(0)
    headers["ETag"] = tag = '"{}"'.format(binascii.hexlify(footer[:4]).decode())
    known = request.headers.get("If-None-Match", "")
    accepts_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    if tag in known or known.strip() == "*":
        file.close()
        return Response("", 304, headers)
    if accepts_gzip:
        headers["Content-Encoding"] = "gzip"
    else:
        file, size = _unpacked(file), int.from_bytes(footer[4:], "little")
    headers["Content-Length"] = str(size)
    return Response(_Pieces(file), 200, headers)


class _Pieces:
    """The content of a file in pieces, for microdot; all its memory is allocated at once."""

    def __init__(self, file):
        self._file = file
        self._buffer = memoryview(bytearray(_PIECE))

    def __next__(self):
        size = self._file.readinto(self._buffer)
        if not size:
            raise StopIteration
        return self._buffer[:size]

    def close(self):
        self._file.close()


def open_text(name):
    """Open a compressed file of lib/www; reading it returns its content as bytes."""
    return _unpacked(open_page(name + ".gz"))


def _unpacked(file):
    return deflate.DeflateIO(file, deflate.GZIP, _WINDOW, True)


def open_page(name):
    """Open a file of lib/www for reading, as it is stored in flash.

    It is where the firmware's modules are: in the copy that runs, frozen, or in /lib.
    """
    for folder in sys.path:
        if folder == ".frozen" and name in FILES:
            return io.BytesIO(FILES[name])  # frozen bytes are not copied
        try:
            return open("{}/www/{}".format(folder, name), "rb")
        except OSError:
            pass
    raise RuntimeError("no file {} in www".format(name))
