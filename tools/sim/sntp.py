"""SNTP server (RFC 4330) on a loopback port, with optional faults."""

import asyncio
import socket
import struct
import time

from errors import UsageError

_EPOCH_1900 = 2_208_988_800  # seconds from 1900, as NTP counts, to 1970
_RESPONSE_V4 = 0x24  # no leap second, version 4, mode 4: server
_ANSWERS = ("ok", "silent", "stratum0", "short", "origin", "port")


class SNTPServer(asyncio.DatagramProtocol):
    """Responds to every request with the PC's time, or as set by `change`."""

    def __init__(self, other=None):
        self.mode = "ok"
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
        if self.mode == "silent" or len(data) < 48:
            return
        reply = self._reply(data)
        if self.mode == "port":
            with socket.socket(type=socket.SOCK_DGRAM) as other:
                other.sendto(reply, addr)
        else:
            self._transport.sendto(reply[:20] if self.mode == "short" else reply, addr)

    def _reply(self, request):
        now = time.time()
        if self.mode.startswith("epoch:"):
            now = float(self.mode[6:])
        whole = int(now // 1)
        stamp = struct.pack("!II", (whole + _EPOCH_1900) % 2**32, int((now - whole) * 2**32))
        stratum = 0 if self.mode == "stratum0" else 2
        head = struct.pack("!BBbbII4s", _RESPONSE_V4, stratum, 6, -20, 0, 0, b"SIM ")
        origin = bytes(8) if self.mode == "origin" else request[40:48]
        return head + stamp + origin + stamp + stamp

    def controls(self):
        return {"sntp": self.change}

    def change(self, answer="ok"):
        """Set the response: ok, silent, epoch:<seconds since 1970>, or a faulty one.

        stratum0: the server has no time. short: cut off. origin: to another request. port: from
        another port.
        """
        if answer.startswith("epoch:"):
            float(answer[6:])
        elif answer not in _ANSWERS:
            raise UsageError(f"answer must be one of {', '.join(_ANSWERS)}, epoch:<seconds>")
        self.mode = answer
