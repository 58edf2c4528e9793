"""A command line typed byte by byte: editing, history, every kind of line end."""

from micropython import const

MOST = 255  # bytes of a line

_BACKSPACE, _DELETE, _CTRL_U, _ESC = const(8), const(127), const(21), const(27)
_CR, _LF = const(13), const(10)
_NO_UTF8 = const(0xF8)  # from here on: telnet and a terminal would take the echo for theirs


class LineEditor:
    """`feed` takes one byte and returns what to echo; `line` is then the finished line or None.

    CR, LF, CR LF and CR NUL (RFC 854) end a line. `too_long` says that it was cut at 255 bytes.
    """

    def __init__(self, history=8):
        self._buffer = bytearray()
        self._history = []
        self._most_history = history
        self._recall = 0
        self._after_cr = False
        self._escape = b""
        self.line = None
        self.too_long = False

    def feed(self, byte):
        """The bytes to show for one byte that came in."""
        self.line = None
        after_cr, self._after_cr = self._after_cr, byte == _CR
        if self._escape and byte >= 32:
            return self._escaped(byte)
        self._escape = b""  # a control character ends what was cut off, and counts
        if byte in (_CR, _LF):
            return b"" if after_cr and byte == _LF else self._end()
        if byte == _ESC:
            self._escape = b"\x1b"
        elif byte in (_BACKSPACE, _DELETE):
            return self._erase(1)
        elif byte == _CTRL_U:
            return self._erase(len(self._buffer))
        elif 32 <= byte < _NO_UTF8:
            return self._insert(byte)
        return b""

    def _insert(self, byte):
        if len(self._buffer) >= MOST:
            first, self.too_long = not self.too_long, True
            return b"\x07" if first else b""
        self._buffer.append(byte)
        return bytes((byte,))

    def _end(self):
        self.line = bytes(self._buffer)
        self._buffer = bytearray()
        if self.line.strip() and not self.too_long and self.line not in self._history[-1:]:
            self._history.append(self.line)
            if len(self._history) > self._most_history:
                self._history.pop(0)
        self._recall = len(self._history)
        return b"\r\n"

    def typed(self):
        """What stands in the line so far."""
        return bytes(self._buffer)

    def _erase(self, characters):
        shown = 0
        while self._buffer and shown < characters:
            byte = self._buffer[-1]
            self._buffer = self._buffer[:-1]
            shown += byte & 0xC0 != 0x80  # what follows in UTF-8 has no width of its own
        if not self._buffer:
            self.too_long = False
        return b"\b \b" * shown

    def _escaped(self, byte):
        """ESC [ A is up, ESC [ B is down; other sequences are swallowed whole."""
        self._escape += bytes((byte,))
        if len(self._escape) == 2 and byte in b"[O":
            return b""
        if len(self._escape) > 2 and not 0x40 <= byte <= 0x7E and len(self._escape) < 8:
            return b""
        key, self._escape = self._escape, b""
        step = {b"A": -1, b"B": 1}.get(key[-1:], 0) if len(key) == 3 else 0
        return self._show_history(step) if step else b""

    def _show_history(self, step):
        wanted = self._recall + step
        if not 0 <= wanted <= len(self._history):
            return b""
        self._recall = wanted
        gone = self._erase(len(self._buffer))
        line = self._history[wanted] if wanted < len(self._history) else b""
        self._buffer = bytearray(line)
        return gone + line
