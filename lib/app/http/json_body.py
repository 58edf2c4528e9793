"""JSON of the API as it comes: an object read, its values checked; borrow it."""

import json

from micropython import const

from proto.http import BadRequest

_MOST_TEXTS = const(10_240)  # a certificate of 8 KB has room in it


async def read(exchange, most=4_096):
    """The JSON object that the request brings; BadRequest for anything else."""
    data = await exchange.body(most)
    try:
        found = json.loads(data.decode()) if data else None
    except (ValueError, UnicodeError):
        raise BadRequest(400, "The request's body is not JSON.") from None
    if not isinstance(found, dict):
        raise BadRequest(400, "The request's body has to be a JSON object.")
    return {_whole(name): _whole(value) for name, value in found.items()}


async def texts(exchange):
    """{name: text} of the object that the request brings."""
    found = await read(exchange, _MOST_TEXTS)
    return {name: text_of(name, value) for name, value in found.items()}


def _whole(text):
    """Text with its surrogates joined: MicroPython's json leaves the halves that \\u names."""
    if not isinstance(text, str) or not any([0xD800 <= ord(c) <= 0xDFFF for c in text]):
        return text
    joined, high = "", 0
    for char in text:
        code = ord(char)
        if high and 0xDC00 <= code <= 0xDFFF:
            joined += chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00)
            high = 0
        elif high or 0xDC00 <= code <= 0xDFFF:
            break
        elif 0xD800 <= code < 0xDC00:
            high = code
        else:
            joined += char
    else:
        if not high:
            return joined
    raise BadRequest(400, "The request's body has half a character in it.")


def text_of(name, value):
    """A value as the text that commands and settings take."""
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, (int, str)):
        return str(value)
    raise BadRequest(400, "{}: a text, a whole number, true or false.".format(name))
