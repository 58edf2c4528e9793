"""Name server of a captive portal: every name has the same IPv4 address (RFC 1035).

Its clients are untrusted: nothing is allocated by a length in a packet, and a malformed query gets
the shortest reply that the standard allows, or none.
"""

from micropython import const

_HEAD, _NAME_BYTES, _LABEL_BYTES = const(12), const(255), const(63)
_RESPONSE, _OPCODE, _TRUNCATED, _RECURSION = const(0x80), const(0x78), const(2), const(1)
_NO_ERROR, _FORMAT_ERROR, _NOT_IMPLEMENTED, _REFUSED = const(0), const(1), const(4), const(5)
_A, _ANY, _IN = const(1), const(255), const(1)
_TTL_S = const(10)  # short, because on other networks the names have other addresses


class NameServer:
    """Answers every query with `address` (4 bytes)."""

    def __init__(self, address):
        self._record = b"\xc0\x0c\0\1\0\1\0\0\0" + bytes((_TTL_S,)) + b"\0\4" + address

    def answer(self, query):
        """Return the response to the packet `query` (bytes), b"" if it gets none."""
        if len(query) < _HEAD or query[2] & _RESPONSE:
            return b""
        if query[2] & _OPCODE:
            return _reply(query, _NOT_IMPLEMENTED)
        end = _end_of_question(query)
        if not end or query[2] & _TRUNCATED:
            return _reply(query, _FORMAT_ERROR)
        kind, family = _number(query, end - 4), _number(query, end - 2)
        if family not in (_IN, _ANY):
            return _reply(query, _REFUSED, end)
        if kind in (_A, _ANY):
            return _reply(query, _NO_ERROR, end, 1) + self._record
        return _reply(query, _NO_ERROR, end)  # the name exists, but has no such record


def _reply(query, code, end=_HEAD, answers=0):
    """Return a header with the number of records that follow, and the question up to `end`."""
    flags = bytes((_RESPONSE | 4 | query[2] & (_OPCODE | _RECURSION), 0x80 | code))
    counts = bytes((0, end > _HEAD, 0, answers, 0, 0, 0, 0))
    return query[:2] + flags + counts + query[_HEAD:end]


def _end_of_question(query):
    """Return the end of the only question; 0 if there is none, several, or a malformed one.

    Its name is never compressed, because nothing precedes it that it could point to.
    """
    if _number(query, 4) != 1:
        return 0
    at = _HEAD
    while at < len(query) and query[at]:
        if query[at] > _LABEL_BYTES:
            return 0
        at += 1 + query[at]
    end = at + 5  # the root's label, type and class
    return end if at - _HEAD < _NAME_BYTES and end <= len(query) else 0


def _number(data, at):
    return data[at] << 8 | data[at + 1]
