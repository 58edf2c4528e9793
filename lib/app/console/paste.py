"""A certificate that is pasted into a console, line by line, after the name of its setting."""

from time import ticks_diff, ticks_ms

from config import limits

_BEGIN, _END = b"-----BEGIN ", b"-----END "


class Paste:
    """Joins the lines of a PEM text (RFC 7468) to one command line; other lines stay as they are.

    A certificate that follows at once is added to the ones before it.
    """

    def __init__(self):
        self._text = bytearray()  # the command line so far
        self._is_open = False  # between BEGIN and END
        self._last_ms = 0  # ticks of the last of its lines

    def feed(self, line):
        """Return the command line that `line` (bytes) completes; None if more lines follow."""
        now = ticks_ms()
        is_late = ticks_diff(now, self._last_ms) > limits.CONSOLE_PASTE_MS
        begins = _BEGIN in line
        if is_late or not (self._is_open or line.startswith(_BEGIN)):
            self._text = bytearray()
            self._is_open = False
        if not (self._is_open or begins):
            return line
        self._last_ms = now
        if len(self._text) <= limits.TLS_CA_BYTES:  # a longer text is refused as a whole
            self._text += line + b"\n"
        self._is_open = _END not in line
        return None if self._is_open else bytes(self._text)
