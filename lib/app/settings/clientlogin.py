"""The client certificate and its key: two settings that must belong together."""

from app import tls
from proto.values import BadArgument

_NAMES = ("mqttcert", "mqttkey")


def client_faults(values, settings, store):
    """Return {name: reason} if certificate and key would not belong together.

    values: the new ones, {name: text}; those that are not among them are as stored.
    """
    given = [name for name in reversed(_NAMES) if values.get(name)]
    if not given:
        return {}
    try:
        pair = [_text(name, values, settings, store) for name in _NAMES]
        if all(pair):
            tls.check_client(*pair)
    except (BadArgument, OSError) as e:
        return {given[0]: str(e)}
    return {}


def _text(name, values, settings, store):
    """Return the text of a file that is given, or else stored; "" if there is none."""
    if name in values or not settings[name]:
        return values.get(name, "")
    return store.text(settings[name])
