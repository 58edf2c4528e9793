"""A request as far as the gate, the pictures and the error pages look at it."""

import asyncio
from errno import ETIMEDOUT
from time import ticks_diff, ticks_ms

from micropython import const

from proto.http import BadRequest, check_head, header

_FORM = const(16_384)  # a body up to this has to be there in time as a whole
_READ = b"""
host origin sec-fetch-site cookie authorization content-length content-type expect accept
accept-encoding if-none-match x-requested-with """  # headers that somebody here looks at


class Asked:
    """Bears microdot's names; BadRequest for no request. `args` come from microdot.

    head: request line and headers as bytes; rest: what came behind them already. Reading the
    body raises OSError when it takes longer than `ms`.
    """

    def __init__(self, head, rest, stream, ms):
        method, target, self.content_length = check_head(head)
        try:
            head.decode()
        except UnicodeError:
            raise BadRequest(400, "header") from None
        self.head = _needed(head)
        self.method = method.decode()
        self.path = target.partition(b"?")[0].decode()
        self.client_addr = stream.get_extra_info("peername")
        self.sock = (None, stream)
        self.headers = self.stream = self
        self._rest = rest
        self._ms = ms
        self._since = ticks_ms()

    def get(self, name, default=None):
        """The value of a header."""
        found = header(self.head, name)
        return default if found is None else found

    @property
    def cookies(self):
        pairs = [pair.partition("=") for pair in self.get("cookie", "").split(";")]
        return {name.strip(): value.strip() for name, _, value in pairs}

    async def readinto(self, view):
        """Fill the start of `view` with what has come of the body: the number of bytes, >= 1."""
        got = min(len(view), len(self._rest))
        if got:
            view[:got] = self._rest[:got]
            self._rest = self._rest[got:]
            return got
        left_ms = self._ms
        if self.content_length <= _FORM:
            left_ms = max(0, left_ms - ticks_diff(ticks_ms(), self._since))
        try:
            got = await asyncio.wait_for_ms(self.sock[1].recv_into(view), left_ms)
        except asyncio.TimeoutError:
            raise OSError(ETIMEDOUT) from None
        if not got:
            raise OSError("cut off")
        return got


def _needed(head):
    """A head without the headers that nobody reads: browsers send some 500 bytes of those."""
    request, *lines = head.split(b"\r\n")
    read = _READ.split()
    wanted = [line for line in lines if line.partition(b":")[0].lower() in read]
    return b"\r\n".join([request] + wanted + [b"", b""])
