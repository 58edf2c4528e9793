"""The setup form sent: checked whole, then saved whole or shown again with what is wrong."""

from aio.late import borrow
from proto.http import BadRequest

_BUTTONS = ("save", "savereboot", "reboot")
_FORGET = ("wifipassword", "mqttuser", "mqttpassword", "mqttca", "adminpass")
_LOGIN = ("mqttuser", "mqttpassword")  # they are forgotten together


async def save(exchange):
    """Save, Save and reboot, or Reboot; what is wrong is shown with what was typed."""
    pressed, fields = await _sent(exchange)
    wanted, kept, restarts = {}, True, pressed != "save"
    if pressed != "reboot":
        wanted = _wanted(exchange.site.settings, fields)
        wrong, kept, soon = exchange.site.settings.apply(wanted)
        restarts = restarts or soon
        if wrong:
            errors = {field: wrong[name] for field, name in _names().items() if name in wrong}
            await borrow("app.pages.setup").page(exchange, fields, errors)
            return
    if pressed != "save":
        exchange.site.commands.call("restart", "1")
    title = "Saved" if kept else "In force, but not saved"
    await _tell(exchange, "Restarting" if pressed == "reboot" else title, wanted, kept, restarts)


async def _sent(exchange):
    """The button, and the fields; some of it may be missing."""
    names = list(_names()) + list(_BUTTONS) + ["network"] + ["forget_" + name for name in _FORGET]
    fields = await borrow("app.pages.formbody").fields(exchange, names)
    pressed = [name for name in _BUTTONS if name in fields]
    if len(pressed) != 1:
        raise BadRequest(400, "One of save, savereboot and reboot has to be in the form.")
    return pressed[0], fields


def _names():
    """{field: setting}, as the page has it."""
    return borrow("app.pages.setup").FIELDS


def _wanted(settings, fields):
    """{setting: text} of what differs; an empty field leaves its setting as it is."""
    if fields.get("network") and not fields.get("wifissid"):
        fields["wifissid"] = fields["network"]  # picked from the list, without JavaScript
    wanted, names = {}, _names()
    for field, name in names.items():
        text = fields.get(field, "").strip() if field != "wifipassword" else fields.get(field, "")
        if text and text != str(settings[name]):
            wanted[name] = text
        elif fields.get("forget_" + field):
            for each in _LOGIN if field in _LOGIN else (field,):
                wanted[names[each]] = ""
    return wanted


async def _tell(exchange, title, wanted, kept, restarts):
    """What happens next, and where the camera will be found."""
    site = exchange.site
    fallback_s = site.settings["apfallback"]
    words = {
        "title": title,
        "unkept": not kept,
        "restarts": restarts,
        "ssid": site.settings["ssid"],
        "joins": restarts or "ssid" in wanted or "password" in wanted,
        "locked": wanted.get("adminpass"),
        "ap": site.wifi.ap_open,
        "fallback": _span(fallback_s),
        "stays": not fallback_s,
        "host": site.access.host,
        "device": site.device_id,
    }
    await exchange.start()
    await exchange.site.part("template").send(exchange, "saved.html", words.get)


def _span(seconds):
    """In words, "" for none."""
    if not seconds or seconds % 60:
        return "{} seconds".format(seconds) if seconds else ""
    return "{} minutes".format(seconds // 60) if seconds > 60 else "1 minute"
