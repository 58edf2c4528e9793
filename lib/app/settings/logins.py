"""Logins stay with the server that they were set for.

Otherwise a single command would have the camera send a stored password to another server, or send
it without the encryption that protected it.
"""

from collections import namedtuple

from app.tls import BY_CA, BY_PIN, LEARN, OFF
from proto.uri import login_of, parse_broker, parse_url, with_login, without_password
from proto.values import BadArgument

_Server = namedtuple("_Server", ("place", "tls", "verified"))


def withhold(now, given, values):
    """Remove from `values` the logins that they would expose.

    `now` are the settings in force, `given` is {name: text} of a request, and `values` is
    {name: value} that it means. Return {name: what has happened}; a login that is given stays.
    """

    def after(name):
        return values.get(name, now[name])

    removed = {}
    if now["mqttpass"] and now["mqtthost"] and "mqttpass" not in given:
        why = _exposure(_broker(now.__getitem__), _broker(after))
        if why:
            values["mqttpass"] = ""
            removed["mqttpass"] = "removed, because " + why
    for name in ("otaurl", "pushurl"):
        stored, address = now[name], after(name)
        if address and login_of(stored) and not _has_own_login(given.get(name, "")):
            why = _exposure(_web(stored, now.__getitem__), _web(address, after))
            if why:
                values[name] = with_login(address, "")
                removed[name] = "login removed, because " + why
    if now["pushheader"] and now["pushurl"] and after("pushurl") and "pushheader" not in given:
        why = _exposure(_web(now["pushurl"], now.__getitem__), _web(after("pushurl"), after))
        if why:
            values["pushheader"] = ""
            removed["pushheader"] = "removed, because " + why
    return removed


def unmasked(address, stored):
    """Return an address with the password of the stored one, if it is masked, for that server."""
    login = login_of(stored)
    shown = login_of(without_password(stored))
    if not login or login_of(address) != shown or _place(address) != _place(stored):
        return address
    return with_login(address, login)


def _place(address):
    """Return (host, port, TLS) of an address; the address itself if it has none."""
    try:
        url = parse_url(with_login(address, ""))
        return url.host.lower(), url.port, url.tls
    except BadArgument:
        return address, 0, False


def _has_own_login(address):
    return login_of(address) and login_of(address) != login_of(without_password(address))


def _web(address, setting):
    host, port, tls = _place(address)
    return _Server((host, port), tls, setting("mqttverify") != OFF)


def _broker(setting):
    try:
        uri, port, tls = setting("mqtthost"), setting("mqttport"), bool(setting("mqttsecurity"))
        host, port, tls = parse_broker(uri, port, tls)
    except BadArgument:  # none is set
        host, port, tls = "", 0, False
    policy, pin = setting("mqttverify"), setting("mqttpin")
    is_verified = policy == BY_CA or (policy == BY_PIN and pin not in ("", LEARN))
    return _Server((host.lower(), port), tls, is_verified)


def _exposure(before, after):
    """Return the reason why a login for the server `before` must not be kept, or ""."""
    if before.tls and not after.tls:
        return "the connection is no longer encrypted"
    if before.place != after.place:
        return "the server is another one"
    if before.tls and before.verified and not after.verified:
        return "the certificate is no longer checked"
    return ""
