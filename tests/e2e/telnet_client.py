"""Telnet client on a plain socket, so that a test can also violate the protocol."""

import contextlib
import socket
import threading

from sim import wait_until

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


class TelnetClient:
    """Client of the console at `port`; keeps the text and the options that it receives.

    reading: read at once, in a thread; otherwise `read_on` starts it. source: its own address.
    """

    def __init__(self, port, reading=True, receive_buffer=None, source=None):
        self.sock = socket.socket()
        if source:
            self.sock.bind((source, 0))
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(20)
        self.sock.connect(("127.0.0.1", port))
        self.raw = bytearray()
        self.closed = threading.Event()  # set when the camera closes the connection
        if reading:
            self.read_on()

    def read_on(self):
        """Read all that arrives from now on."""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        self.sock.settimeout(None)
        with contextlib.suppress(OSError):
            while data := self.sock.recv(4096):
                self.raw += data
        self.closed.set()

    @property
    def options(self):
        """Options received so far: [(verb, option), ...]."""
        return _split(bytes(self.raw))[0]

    @property
    def text(self):
        """Text received so far, with \\n line ends."""
        return _split(bytes(self.raw))[1].decode(errors="replace").replace("\r\n", "\n")

    def send(self, data):
        self.sock.sendall(data)

    def wait(self, text, since=0, limit_s=20):
        """Wait for `text` after position `since`; return the position of its end."""

        def end():
            at = self.text.find(text, since)
            return at + len(text) if at >= 0 else 0

        return wait_until(end, limit_s, f"{text!r} in {self.text[since:][-1000:]!r}", 0.005)

    @classmethod
    def with_console(cls, port):
        """Return a client with a console; retry while all consoles are in use."""

        def entered():
            client = cls(port)
            wait_until(lambda: "\n" in client.text or client.closed.is_set(), what="a greeting")
            if "\n" in client.text and "in use" not in client.text:
                return client
            client.close()
            return None

        return wait_until(entered, what="a free console")

    def run(self, line, reply, end=b"\r\n", limit_s=20):
        """Type a line and wait for `reply`; return the position of its end."""
        since = len(self.text)
        self.send(line.encode() + end)
        return self.wait(reply, since, limit_s)

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
