"""JSON of the API: an object read, values checked, an object written."""

import json

from proto.http import BadRequest


async def read(exchange):
    """The JSON object that the request brings; BadRequest for anything else."""
    data = await exchange.body()
    try:
        found = json.loads(data.decode()) if data else None
    except (ValueError, UnicodeError):
        raise BadRequest(400, "The request's body is not JSON.") from None
    if not isinstance(found, dict):
        raise BadRequest(400, "The request's body has to be a JSON object.")
    return {_whole(name): _whole(value) for name, value in found.items()}


def _whole(text):
    """Text with its surrogates joined: MicroPython's json leaves the halves that \\u names."""
    if not isinstance(text, str) or not any(["\ud800" <= char <= "\udfff" for char in text]):
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


async def write(exchange, value, status=200):
    """A small object."""
    await exchange.start(status, "application/json")
    await exchange.write(json.dumps(value))


async def members(exchange, pairs):
    """An object of many members, each made when it is sent."""
    await exchange.start(200, "application/json")
    comma = "{"
    for name, value in pairs:
        await exchange.write('{}"{}": {}'.format(comma, name, json.dumps(value)))
        comma = ",\n"
    await exchange.write("}")


async def stream(exchange, name, values):
    """An object with one list, each of its values made when it is sent."""
    await exchange.start(200, "application/json")
    await exchange.write('{{"{}": ['.format(name))
    comma = ""
    for value in values:
        await exchange.write(comma)
        await exchange.write(json.dumps(value))
        comma = ",\n"
    await exchange.write("]}")
