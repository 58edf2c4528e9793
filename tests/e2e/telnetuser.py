"""Somebody at a telnet console: a bare socket, so that it can also misbehave."""

import contextlib
import socket
import threading

from sim import wait_until

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


class TelnetUser:
    """Connected to the console on `port`; remembers the text it was sent, and the options."""

    def __init__(self, port, reading=True, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(20)
        self.sock.connect(("127.0.0.1", port))
        self.raw = bytearray()
        self.closed = threading.Event()  # by the camera
        if reading:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        self.sock.settimeout(None)
        with contextlib.suppress(OSError):
            while data := self.sock.recv(4096):
                self.raw += data
        self.closed.set()

    @property
    def options(self):
        """What the camera said of options so far: [(verb, option), ...]."""
        return _split(bytes(self.raw))[0]

    @property
    def text(self):
        """All other bytes so far, as text with plain line ends."""
        return _split(bytes(self.raw))[1].decode(errors="replace").replace("\r\n", "\n")

    def send(self, data):
        self.sock.sendall(data)

    def wait(self, text, since=0, limit_s=20):
        """Wait until `text` stands behind the position `since`; returns its end."""

        def end():
            at = self.text.find(text, since)
            return at + len(text) if at >= 0 else 0

        return wait_until(end, limit_s, f"{text!r} in {self.text[since:][-1000:]!r}", 0.005)

    @classmethod
    def admitted(cls, port):
        """One who has a console; those who have just left may still hold it for a moment."""

        def entered():
            user = cls(port)
            wait_until(lambda: "\n" in user.text or user.closed.is_set(), what="a greeting")
            if "\n" in user.text and "in use" not in user.text:
                return user
            user.close()
            return None

        return wait_until(entered, what="a free console")

    def run(self, line, answer, end=b"\r\n", limit_s=20):
        """Type a line and wait for `answer`."""
        since = len(self.text)
        self.send(line.encode() + end)
        return self.wait(answer, since, limit_s)

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _split(raw):
    options, text, at = [], bytearray(), 0
    while at < len(raw):
        if raw[at] != IAC:
            text.append(raw[at])
            at += 1
        elif raw[at + 1 : at + 2] == b"\xff":
            text.append(IAC)
            at += 2
        else:
            options.append(tuple(raw[at + 1 : at + 3]))
            at += 3
    return options, bytes(text)
