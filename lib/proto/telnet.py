"""The telnet protocol of a console (RFC 854, 857, 858): separates options from data."""

from micropython import const

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = 255, 254, 253, 252, 251, 250, 240
_ECHO, _SGA = const(1), const(3)
_DATA, _COMMAND, _OPTION, _SUB, _SUB_IAC = range(5)

HELLO = bytes((_IAC, _WILL, _ECHO, _IAC, _WILL, _SGA))  # we echo, character by character


class Telnet:
    """Parser of one connection: after each `feed`, `data` is the byte for the console, or None.

    Each option is answered at most once, so that no negotiation loops.
    """

    def __init__(self):
        self._state = _DATA
        self._verb = 0
        self._answered = bytearray(64)  # a bit for each option, for WILL and for DO
        self.data = None

    def feed(self, byte):
        """Process a received byte; return the bytes to send in response."""
        self.data = None
        if self._state == _DATA:
            if byte == _IAC:
                self._state = _COMMAND
            else:
                self.data = byte
        elif self._state == _COMMAND:
            self._command(byte)
        elif self._state == _OPTION:
            self._state = _DATA
            return self._answer(self._verb, byte)
        elif self._state == _SUB:
            if byte == _IAC:
                self._state = _SUB_IAC
        else:
            self._state = _DATA if byte == _SE else _SUB
        return b""

    def _command(self, byte):
        self._state = _DATA
        if byte == _IAC:
            self.data = byte
        elif byte == _SB:
            self._state = _SUB
        elif _WILL <= byte <= _DONT:
            self._verb = byte
            self._state = _OPTION

    def _answer(self, verb, option):
        """Refuse what the peer offers or requests, except for what HELLO has offered."""
        if verb in (_WONT, _DONT) or (verb == _DO and option in (_ECHO, _SGA)):
            return b""
        at, bit = (0 if verb == _WILL else 32) + option // 8, 1 << option % 8
        if self._answered[at] & bit:
            return b""
        self._answered[at] |= bit
        return bytes((_IAC, _DONT if verb == _WILL else _WONT, option))
