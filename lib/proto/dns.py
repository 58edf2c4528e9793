"""A name server that knows one answer: every name has the same IPv4 address (RFC 1035).

It serves a captive portal, to devices of any make that are not to be trusted: nothing is made
by a length that came with a packet, and what is no proper query is answered as briefly as the
standard has it, or not at all.
"""

from micropython import const

MOST_QUERY = const(300)  # longer than any question; of a longer packet the rest is not needed
_HEAD, _LONGEST_NAME, _LONGEST_LABEL = const(12), const(255), const(63)
_RESPONSE, _OPCODE, _TRUNCATED, _RECURSION = const(0x80), const(0x78), const(2), const(1)
_NO_ERROR, _FORMAT_ERROR, _NOT_IMPLEMENTED, _REFUSED = const(0), const(1), const(4), const(5)
_A, _ANY, _IN = const(1), const(255), const(1)
_TTL_S = const(10)  # soon forgotten: the names have other addresses elsewhere


class NameServer:
    """Answers queries with `address`, four bytes."""

    def __init__(self, address):
        self._record = b"\xc0\x0c\0\1\0\1\0\0\0" + bytes((_TTL_S,)) + b"\0\4" + address

    def answer(self, query):
        """The packet that answers `query` (bytes), b"" when it deserves none."""
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
        return _reply(query, _NO_ERROR, end)  # the name exists, but has nothing of that kind


def _reply(query, code, end=_HEAD, answers=0):
    """Head and question, the latter as far as it could be read."""
    flags = bytes((_RESPONSE | 4 | query[2] & (_OPCODE | _RECURSION), 0x80 | code))
    counts = bytes((0, end > _HEAD, 0, answers, 0, 0, 0, 0))
    return query[:2] + flags + counts + query[_HEAD:end]


def _end_of_question(query):
    """Where the one question ends; 0 when there is none, more than one, or none to be read.

    A question has no compressed names: there is nothing before it that they could point to.
    """
    if _number(query, 4) != 1:
        return 0
    at = _HEAD
    while at < len(query) and query[at]:
        if query[at] > _LONGEST_LABEL:
            return 0
        at += 1 + query[at]
    end = at + 5  # the root's label, type and class
    return end if at - _HEAD < _LONGEST_NAME and end <= len(query) else 0


def _number(data, at):
    return data[at] << 8 | data[at + 1]
