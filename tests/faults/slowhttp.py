"""Clients that occupy the web server: slow headers, slow bodies, slow readers and ranges."""

import socket
import time

from rawhttp import check_responsive
from sim import starved_s

AT_ONCE = 50
LIMIT_S = 15  # for any of them
_TICK_S = 0.1
_PER_TICK = 5
_DRAIN_S = 13  # a slow reader then checks if it was disconnected
_GET = "GET {} HTTP/1.1\r\nHost: localhost\r\n"
_POST = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8192\r\n\r\n"
_RANGES = "Range: bytes=0-" + ",5-".join(map(str, range(400))) + "\r\n\r\n"
KINDS = {  # bytes that client n sends first, bytes it sends in each tick, bytes it reads there
    "headers": lambda n: (_GET.format("/"), b"X-A: b\r\n", 4_096),
    "bodies": lambda n: (_POST, b"a", 4_096),
    "readers": lambda n: (_GET.format(("/jpg", "/mjpg")[n % 2]) + "\r\n", b"", 1),
    "ranges": lambda n: (_GET.format("/jpg") + _RANGES, b"", 1),
    "silence": lambda n: ("", b"", 4_096),
}


class SlowClient:
    """Connection that sends `first`, and in each tick `more`; it reads up to `reads` bytes."""

    def __init__(self, camera, first, more, reads):
        self._pid = camera.pid
        self._more = more
        self._reads = reads
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._sock.settimeout(10)
        self._sock.connect(("127.0.0.1", camera.facts["http"]))
        self._sock.send(first.encode())
        self._sock.setblocking(False)
        self._started = time.monotonic()
        self._starved_s = starved_s(self._pid)

    @property
    def age_s(self):
        return time.monotonic() - self._started

    @property
    def is_late(self):
        """True if it is too old, not counting the waits for a core of the PC."""
        return self.age_s - (starved_s(self._pid) - self._starved_s) > LIMIT_S

    def is_open(self):
        """Send and read a little; return False once the camera has closed the connection."""
        try:
            if self._more:
                self._sock.send(self._more)
            while data := self._sock.recv(self._reads):
                if self.age_s < _DRAIN_S:
                    break
                self._reads = 1 << 20
        except BlockingIOError:
            return True
        except OSError:
            return False
        return bool(data)

    def close(self):
        self._sock.close()


def attack(camera, kind):
    """Connect 50 clients of a kind in a second; return once the camera has closed all of them.

    Returns (the longest age, the longest time that the page took meanwhile), in seconds.
    """
    waiting = [KINDS[kind](n) for n in range(AT_ONCE)]
    clients, oldest_s, slowest_s = [], 0, 0
    try:
        while waiting or clients:
            for _ in range(min(len(waiting), _PER_TICK)):
                clients.append(SlowClient(camera, *waiting.pop()))
            slowest_s = max(slowest_s, check_responsive(camera))
            for client in tuple(clients):
                oldest_s = max(oldest_s, client.age_s)
                assert not client.is_late, f"{len(clients)} are still connected"
                if not client.is_open():
                    client.close()
                    clients.remove(client)
            time.sleep(_TICK_S)  # the clients are slow
    finally:
        for client in clients:
            client.close()
    return oldest_s, slowest_s
