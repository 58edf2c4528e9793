"""The files of lib/www, sent in small pieces; those without blanks packed, with an ETag."""

import binascii
import io
import sys

import deflate
from micropython import const

try:
    from frozenpages import FILES  # of a firmware image that has all of it (tools/frozenpages.py)
except ImportError:
    FILES = {}

_PIECE = const(512)
_WINDOW = const(10)  # tools/compile.py packs with 2**10 bytes
_FOOTER = const(8)  # of gzip: the CRC-32 of what is packed, its length


async def style(exchange):
    await _send(exchange, "style.css", "text/css; charset=UTF-8")


async def script(exchange):
    await _send(exchange, "app.js", "text/javascript; charset=UTF-8")


async def icon(exchange):
    await _send(exchange, "icon.svg", "image/svg+xml")


async def camera(exchange):
    await _send(exchange, "camera.html", "text/html; charset=UTF-8")


async def _send(exchange, name, kind):
    file = opened(name + ".gz")
    try:
        size = file.seek(-_FOOTER, 2) + _FOOTER
        footer = file.read(_FOOTER)
        file.seek(0)
        tag = '"{}"'.format(binascii.hexlify(footer[:4]).decode())
        headers = "ETag: {}\r\nVary: Accept-Encoding\r\nCache-Control: no-cache\r\n".format(tag)
        if tag in exchange.header("If-None-Match"):
            await exchange.start(304, kind, headers)
            return
        source = file
        if "gzip" in exchange.header("Accept-Encoding"):
            headers += "Content-Encoding: gzip\r\n"
        else:
            size = int.from_bytes(footer[4:], "little")
            source = deflate.DeflateIO(file, deflate.GZIP, _WINDOW)
        headers += "Content-Length: {}\r\n".format(size)
        await exchange.start(200, kind, headers)
        await _pump(exchange, source)
    finally:
        file.close()


async def _pump(exchange, source):
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    while True:
        got = source.readinto(buffer)
        if not got:
            break
        await exchange.write(view[:got])


def opened(name):
    """A file of lib/www as it lies in the flash, to be read and closed.

    It is where the firmware's modules are: in the copy that runs, frozen, or in /lib.
    """
    for folder in sys.path:
        if folder == ".frozen" and name in FILES:
            return io.BytesIO(FILES[name])  # what is frozen is not copied
        try:
            return open("{}/www/{}".format(folder, name), "rb")
        except OSError:
            pass
    raise RuntimeError("no file {} in www".format(name))
