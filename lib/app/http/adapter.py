"""TEMPORARY: the interfaces of settings, commands and parameters that this package is written for.

It goes when the other packages have them: each import of this module becomes the one named here.
"""

import app.password as _password
from app.settings import schema as _schema
from proto import framesizes as _framesizes
from proto import params as _params
from proto.faults import CameraFault  # noqa: F401 - from app.camera.camera


class password:  # from app import password
    async def hashed(text):
        return _password.hashed(text)

    matches = _password.matches

    def is_current(stored):
        return _password._parts(stored) is not None

    def same(one, other):
        if isinstance(one, str):
            one, other = one.encode(), other.encode()
        return _password.same(one, other)


class schema:  # from app.settings import schema
    INT, TEXT, FILE = "int", "text", "file"
    NAME, KEY, KIND, DEFAULT, CHECK, FLAGS, GROUP_TITLE, LABEL, ABOUT = range(9)
    SECRET, RESTART, HIDDEN, HASHED = 1, 2, 4, 8

    def choices(row):
        return row[schema.CHECK].names if hasattr(row[schema.CHECK], "names") else ()


def all_settings(settings):  # settings.all()
    for row, text in settings.all():
        name, key, kind, default, what, flags = row
        bits = sum(
            bit
            for word, bit in (("secret", 1), ("restart", 2), ("hidden", 4), ("hashed", 8))
            if word in flags
        )
        check = _schema.check_of(row, {})
        yield (name, key, kind, default, check, bits, "Settings", name, name + "."), text


async def call(commands, name, argument):  # await commands.call(name, argument)
    return commands.call(name, argument)


def broker_state(status):
    from aio.late import borrow

    return borrow("app.brokertext").state(status)


PARAMS = tuple(_params.params())  # from proto.params import PARAMS, FRAMESIZES
FRAMESIZES = tuple(_framesizes.framesizes())
