"""Syslog server on a UDP socket."""

import socket

from sim import wait_until


class SyslogServer:
    """Syslog server; each datagram is a line."""

    def __init__(self):
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self._sock.setblocking(False)
        self.address = "127.0.0.1:%d" % self._sock.getsockname()[1]
        self._lines = []

    @property
    def lines(self):
        while True:
            try:
                self._lines.append(self._sock.recv(4096).decode())
            except BlockingIOError:
                return self._lines

    def wait(self, text, since=0):
        wait_until(
            lambda: any(text in line for line in self.lines[since:]), 10, f"{text} {self.lines}"
        )

    def close(self):
        self._sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
