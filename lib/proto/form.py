"""The body of an HTML form (urlencoded), fed in any pieces; nothing grows beyond a limit."""

from proto.http import BadRequest

_PLUS, _PERCENT, _AND, _IS = b"+%&="


class Form:
    """`feed` what comes, then `close` gives {name: text} of the fields in `names`."""

    def __init__(self, names, most=9_216):
        self._names = names
        self._left = most
        self._fields = {}
        self._name = None
        self._text = bytearray()
        self._escape = None  # the digits of a %xx so far

    def feed(self, data):
        for byte in data:
            if self._escape is not None:
                self._escape += chr(byte & 127)
                if len(self._escape) == 2:
                    self._put(_hex(self._escape))
                    self._escape = None
            elif byte == _PERCENT:
                self._escape = ""
            elif byte == _AND:
                self._end()
            elif byte == _IS and self._name is None:
                self._name = self._taken()
            else:
                self._put(32 if byte == _PLUS else byte)

    def close(self):
        if self._escape is not None:
            raise BadRequest(400, "The form is cut off.")
        self._end()
        return self._fields

    def _put(self, byte):
        if not self._left:
            raise BadRequest(413, "The form is too long.")
        self._left -= 1
        self._text.append(byte)

    def _taken(self):
        try:
            text = self._text.decode()
        except UnicodeError:
            raise BadRequest(400, "The form is not UTF-8.") from None
        self._text = bytearray()
        return text

    def _end(self):
        name, self._name = self._name, None
        text = self._taken()
        if name is None:
            name, text = text, ""
        if name in self._fields:
            raise BadRequest(400, "The form has {} twice.".format(name))
        if name in self._names:
            self._fields[name] = text


def _hex(digits):
    if not all(char in "0123456789abcdefABCDEF" for char in digits):
        raise BadRequest(400, "The form has a broken escape.")
    return int(digits, 16)
