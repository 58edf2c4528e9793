"""Line editor for a terminal: editing keys, history, every kind of line end."""

from micropython import const

from config import limits

_BACKSPACE, _DELETE, _CTRL_U, _ESC = const(8), const(127), const(21), const(27)
_CR, _LF = const(13), const(10)
_NOT_UTF8 = const(0xF8)  # and up: telnet and the terminal would interpret the echo


class LineEditor:
    """After each `feed`, `line` is the finished line or None.

    CR, LF, CR LF and CR NUL (RFC 854) end a line. `too_long` is set if it was cut off.
    """

    def __init__(self, history=limits.CONSOLE_HISTORY_LINES):
        self._buffer = bytearray()
        self._history = []
        self._max_history = history
        self._recall = 0
        self._after_cr = False
        self._escape = b""
        self.line = None
        self.too_long = False

    def feed(self, byte):
        """Process a byte from the keyboard; return the bytes to echo."""
        self.line = None
        after_cr, self._after_cr = self._after_cr, byte == _CR
        if self._escape and byte >= 32:
            return self._escaped(byte)
        self._escape = b""  # a control character aborts a sequence and is executed (ECMA-48)
        if byte in (_CR, _LF):
            return b"" if after_cr and byte == _LF else self._end()
        if byte == _ESC:
            self._escape = b"\x1b"
        elif byte in (_BACKSPACE, _DELETE):
            return self._erase(1)
        elif byte == _CTRL_U:
            return self._erase(len(self._buffer))
        elif 32 <= byte < _NOT_UTF8:
            return self._insert(byte)
        return b""

    def _insert(self, byte):
        if len(self._buffer) >= limits.CONSOLE_LINE_BYTES:
            first, self.too_long = not self.too_long, True
            return b"\x07" if first else b""
        self._buffer.append(byte)
        return bytes((byte,))

    def _end(self):
        self.line = bytes(self._buffer)
        self._buffer = bytearray()
        if self.line.strip() and not self.too_long and self.line not in self._history[-1:]:
            self._history.append(self.line)
            if len(self._history) > self._max_history:
                self._history.pop(0)
        self._recall = len(self._history)
        return b"\r\n"

    def forget(self, line):
        """Remove a line from the history."""
        if line in self._history:
            self._history.remove(line)
        self._recall = len(self._history)

    def typed(self):
        """Return the line so far."""
        return bytes(self._buffer)

    def _erase(self, characters):
        shown = 0
        while self._buffer and shown < characters:
            byte = self._buffer[-1]
            self._buffer = self._buffer[:-1]
            shown += byte & 0xC0 != 0x80  # continuation bytes of UTF-8 have no width
        if not self._buffer:
            self.too_long = False
        return b"\b \b" * shown

    def _escaped(self, byte):
        """Go through the history on ESC [ A (up) and ESC [ B (down); ignore other sequences."""
        self._escape += bytes((byte,))
        if len(self._escape) == 2 and byte in b"[O":
            return b""
        if len(self._escape) > 2 and not 0x40 <= byte <= 0x7E and len(self._escape) < 8:
            return b""
        key, self._escape = self._escape, b""
        step = {b"A": -1, b"B": 1}.get(key[-1:], 0) if len(key) == 3 else 0
        return self._show_history(step) if step else b""

    def _show_history(self, step):
        at = self._recall + step
        if not 0 <= at <= len(self._history):
            return b""
        self._recall = at
        erased = self._erase(len(self._buffer))
        line = self._history[at] if at < len(self._history) else b""
        self._buffer = bytearray(line)
        return erased + line
