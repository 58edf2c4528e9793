"""Requests to web servers: connection, TLS by the broker's CA, and the head of the response."""

import asyncio

from aio.reader import Paced, Reader
from app import tls
from config import limits, product
from proto.httpreply import BadReply, Reply, is_needed
from proto.values import BadArgument


def is_verified(settings):
    """Return True if web servers must have a certificate of the CA; `mqttpin` is not their key."""
    return settings["mqttverify"] != tls.OFF


class WebClient:
    """Sends one request at a time; `reader` has the body of the response. `close` it.

    buffer: for what the server sends, at least as long as a line that is read.
    """

    def __init__(self, connector, settings, buffer, stall_ms):
        self._connector = connector
        self._settings = settings
        self._buffer = buffer
        self._stall_ms = stall_ms
        self._stream = None
        self.reader = None

    def close(self):
        if self._stream:
            self._stream.close()
            self._stream = None

    async def request(self, method, url, headers, body=(), limit_ms=0):
        """Send a request on a new connection; return the head of the response (a Reply).

        body: parts that are sent one after the other. The request takes `limit_ms` at most. Raises
        OSError with the reason, BadArgument for a certificate.
        """
        self.close()
        limit_ms = limit_ms or limits.UPDATE_CONNECT_MS + self._stall_ms
        try:
            return await asyncio.wait_for_ms(self._request(method, url, headers, body), limit_ms)
        except asyncio.TimeoutError:
            raise OSError("no answer in time") from None
        except ValueError as e:  # the certificate
            raise BadArgument(tls.describe(e)) from None

    async def _request(self, method, url, headers, body):
        context = None
        if url.tls:
            context = tls.client_context(is_verified(self._settings), self._settings["mqttca"])
        self._stream = await self._connector.connect(url.host, url.port, context)
        lines = ["{} {} HTTP/1.1".format(method, url.path), "Host: " + url.authority()]
        lines += ["User-Agent: {}/{}".format(product.NAME, product.VERSION)]
        lines += ["Accept-Encoding: identity", "Connection: close"]
        if url.login:
            lines.append("Authorization: Basic " + url.login)
        lines += headers
        await self._stream.send("\r\n".join(lines + ["", ""]).encode(), *body)
        self.reader = Reader(Paced(self._stream), self._buffer, self._stall_ms)
        for _ in range(limits.UPDATE_INTERIM + 1):
            reply = Reply()
            while not reply.feed(await self.line()):
                pass
            if not reply.is_interim():
                return reply
        raise BadReply("more than {} interim responses".format(limits.UPDATE_INTERIM))

    async def line(self):
        """Read a line without its end; only the beginning of a long header that is not needed."""
        line, length, most = bytearray(), 0, limits.UPDATE_LINE_BYTES
        while True:
            byte = await self.reader.read_byte()
            if byte == 10:
                break
            length += 1
            if length <= most:
                line.append(byte)
            elif length > limits.UPDATE_SKIPPED_BYTES or length == most + 1 and is_needed(line):
                raise BadReply("the response has too long a line")
        return bytes(line).rstrip(b"\r")
