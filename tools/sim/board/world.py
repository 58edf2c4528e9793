"""Interpreter's end of the link to the runner, which holds the state of the board.

Calls block until the response arrives. There are two links: one for the main thread, and one for
calls that the firmware may make in another thread (name lookup), so neither waits for the other.
"""

import _thread
import json
import os

PIN_GET = 1
PIN_SET = 2
WDT_FEED = 3
FRAME_AVAILABLE = 4
FRAME_CAPTURE = 5
FLASH_WRITE = 6
FRAME_COPY = 7

_OK = 0
_ERROR = 1
_SKIP = 1_024
_KINDS = {
    "AttributeError": AttributeError,
    "OSError": OSError,
    "ValueError": ValueError,
    "TypeError": TypeError,
    "OverflowError": OverflowError,
    "MemoryError": MemoryError,
    "RuntimeError": RuntimeError,
}


class Link:
    """Sends one request at a time, with preallocated buffers for the hot paths."""

    def __init__(self, fd):
        self._file = open(fd, "r+b", 0)
        self._lock = _thread.allocate_lock()
        self._head = bytearray(8)

    def call(self, name, *args):
        """Call a function of the runner with JSON arguments; raise the exception it raises."""
        body = json.dumps((name,) + args).encode()
        with self._lock:
            self._request(0, 0, 0, len(body))
            self._file.write(body)
            status, length = self._response()
            result = json.loads(self._file.read(length))
        if status == _ERROR:
            raise _KINDS[result[0]](*result[1:])
        return result

    def quick(self, operation, small=0, half=0):
        """Request one small number without using the heap; return None if there is none."""
        with self._lock:
            self._request(operation, small, half, 0)
            status, length = self._response()
            if status == _ERROR:
                self._raise(length)
            return self._head[1] if status == _OK else None

    def fill(self, operation, owner):
        """Read the response into `owner.buffer_for(length)`; return its length, or None."""
        with self._lock:
            self._request(operation, 0, 0, 0)
            status, length = self._response()
            if status == _ERROR:
                self._raise(length)
            if status != _OK:
                return None
            buffer = owner.buffer_for(length)
            if buffer is None:
                self._skip(length)
                return None
            self._file.readinto(buffer, length)
            return length

    def write_flash(self, address, buffer):
        """Write the buffer to an erased flash address."""
        with self._lock:
            self._request(FLASH_WRITE, address & 0xFF, address >> 8, len(buffer))
            self._file.write(buffer)
            self._done()

    def _done(self):
        status, length = self._response()
        if status == _ERROR:
            self._raise(length)

    def read(self, operation):
        """Return the response as bytes, or None; raise MemoryError if it does not fit the heap."""
        with self._lock:
            self._request(operation, 0, 0, 0)
            status, length = self._response()
            if status == _ERROR:
                self._raise(length)
            if status != _OK:
                return None
            try:
                return self._file.read(length)
            except MemoryError:
                self._skip(length)
                raise

    def _skip(self, length):
        while length:
            length -= len(self._file.read(min(length, _SKIP)))

    def _request(self, operation, small, half, length):
        head = self._head
        head[0] = operation
        head[1] = small
        head[2] = half & 0xFF
        head[3] = half >> 8
        head[4] = length & 0xFF
        head[5] = (length >> 8) & 0xFF
        head[6] = (length >> 16) & 0xFF
        head[7] = length >> 24
        self._file.write(head)

    def _response(self):
        head = self._head
        if self._file.readinto(head) != 8:
            raise SystemExit  # the runner has ended
        return head[0], head[4] | head[5] << 8 | head[6] << 16 | head[7] << 24

    def _raise(self, length):
        kind, *args = json.loads(self._file.read(length))
        raise _KINDS[kind](*args)


_fds = os.getenv("SIM_LINK").split(",")
main = Link(int(_fds[0]))
side = Link(int(_fds[1]))
call = main.call
quick = main.quick
fill = main.fill
read = main.read
flash = None  # FlashReader, set by start.py
