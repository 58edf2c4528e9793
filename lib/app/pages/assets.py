"""The files of lib/www, sent in small pieces; those without blanks packed, with an ETag."""

import binascii
import os
import sys

import deflate
from micropython import const

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
    name += ".gz"
    file = opened(name)
    try:
        file.seek(-_FOOTER, 2)
        footer = file.read(_FOOTER)
        file.seek(0)
        tag = '"{}"'.format(binascii.hexlify(footer[:4]).decode())
        headers = "ETag: {}\r\nVary: Accept-Encoding\r\nCache-Control: no-cache\r\n".format(tag)
        if tag in exchange.header("If-None-Match"):
            await exchange.start(304, kind, headers)
            return
        if "gzip" in exchange.header("Accept-Encoding"):
            size, source = os.stat(_path(name))[6], file
            headers += "Content-Encoding: gzip\r\n"
        else:
            size, source = (
                int.from_bytes(footer[4:], "little"),
                deflate.DeflateIO(file, deflate.GZIP, _WINDOW),
            )
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
    """A file of lib/www as it lies in the flash, to be read and closed."""
    return open(_path(name), "rb")


def _path(name):
    """Where it lies beside the firmware's modules: /lib on the board, whatever is frozen."""
    for folder in sys.path:
        path = "{}/www/{}".format(folder, name)
        try:
            os.stat(path)
            return path
        except OSError:
            pass
    raise RuntimeError("no file {} in www".format(name))
