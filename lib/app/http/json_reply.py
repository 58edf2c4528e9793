"""JSON of the API as it goes: small objects, and long ones made while they are sent."""

import json


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
