"""Checks for pictures and a client for the MJPEG stream."""

import contextlib
import io
import socket
import sys

from PIL import Image
from sim import ROOT, wait_until

sys.path.append(str(ROOT / "tools" / "sim"))
from scene_reader import frame_number  # noqa: E402

__all__ = ["check", "frame_number", "viewers", "Viewer"]
UXGA = (1600, 1200)


def check(jpeg, size=UXGA):
    """Fail unless `jpeg` is a complete, decodable picture of `size`; return its frame number."""
    assert jpeg[:2] == b"\xff\xd8", jpeg[:20]
    assert jpeg[-2:] == b"\xff\xd9", jpeg[-20:]
    with Image.open(io.BytesIO(jpeg)) as image:
        image.load()
        assert image.size == size
    return frame_number(jpeg)


class Viewer:
    """Stream client on a plain socket, so that a test can stall or break the connection."""

    def __init__(self, port, path="/mjpg", receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(15)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self._file = self.sock.makefile("rb")

    def head(self):
        """Read a header block and return (first line, {lower-case name: value})."""
        first = self._file.readline().decode().rstrip("\r\n")
        fields = {}
        while line := self._file.readline().decode().rstrip("\r\n"):
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        return first, fields

    def part(self):
        """Read the next part and return (header fields, picture)."""
        first, fields = self.head()
        assert first == "--frame", first
        picture = self._file.read(int(fields["content-length"]))
        assert self._file.read(2) == b"\r\n"
        return fields, picture

    def skip(self, size=200_000):
        """Read and discard `size` bytes of the stream."""
        assert len(self._file.read(size)) == size

    def rest(self):
        """Return the remaining data until the connection ends."""
        return self._file.read()

    def close(self):
        self._file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@contextlib.contextmanager
def viewers(port, count):
    """Yield `count` viewers that have each received a picture; wait while slots are in use.

    The camera frees a slot once it has noticed that the viewer has gone, not when it goes.
    """
    opened = []

    def joined():
        """Add a viewer if a slot is free."""
        viewer = stack.enter_context(Viewer(port))
        if " 200 " in viewer.head()[0]:
            viewer.part()
            opened.append(viewer)
        else:
            viewer.close()
        return len(opened) == count

    with contextlib.ExitStack() as stack:
        wait_until(joined, 20, f"{count} viewers", 0.05)
        yield opened
