"""The world's time server: SNTP on a loopback port, honest unless told otherwise."""

import asyncio
import struct
import time

from errors import UsageError

_EPOCH_1900 = 2_208_988_800  # seconds from 1900, as NTP counts, to 1970
_ANSWER_V4 = 0x24  # no leap second, version 4, mode 4: server


class SNTPServer(asyncio.DatagramProtocol):
    """Answers every request with the PC's time, or as `answer` says."""

    def __init__(self, other=None):
        self.answer = "ok"
        self.address = other
        self.requests = 0
        self._transport = None

    async def open(self):
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        self.address = self.address or self._transport.get_extra_info("sockname")

    def datagram_received(self, data, addr):
        self.requests += 1
        if self.answer == "silent" or len(data) < 48:
            return
        reply = self._reply(data)
        self._transport.sendto(reply[:20] if self.answer == "short" else reply, addr)

    def _reply(self, request):
        now = time.time()
        if self.answer.startswith("epoch:"):
            now = float(self.answer[6:])
        whole = int(now // 1)
        stamp = struct.pack("!II", (whole + _EPOCH_1900) % 2**32, int((now - whole) * 2**32))
        stratum = 0 if self.answer == "stratum0" else 2
        head = struct.pack("!BBbbII4s", _ANSWER_V4, stratum, 6, -20, 0, 0, b"SIM ")
        return head + stamp + request[40:48] + stamp + stamp

    def controls(self):
        return {"sntp": self.change}

    def change(self, answer="ok"):
        """Answer well, not at all, as stratum 0, too short, or with a given time since 1970."""
        if answer.startswith("epoch:"):
            float(answer[6:])
        elif answer not in ("ok", "silent", "stratum0", "short"):
            raise UsageError("answer is ok, silent, stratum0, short or epoch:<seconds>")
        self.answer = answer
