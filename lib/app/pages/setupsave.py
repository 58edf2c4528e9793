"""The setup form sent: checked whole, then saved whole or shown again with what is wrong."""

from micropython import const

from aio.late import borrow
from app.pages.setup import FIELDS
from proto.http import BadRequest
from proto.values import BadArgument

_BUTTONS = ("save", "savereboot", "reboot")
_FORGET = ("wifipassword", "mqttuser", "mqttpassword", "mqttca", "adminpass")
_LEAST_WPA = const(8)
_LOGIN = ("mqttuser", "mqttpassword")  # they are forgotten together


async def save(exchange):
    names = list(FIELDS) + list(_BUTTONS) + ["network"] + ["forget_" + name for name in _FORGET]
    fields = await borrow("app.pages.formbody").fields(exchange, names)
    pressed = [name for name in _BUTTONS if name in fields]
    if len(pressed) != 1:
        raise BadRequest(400, "One of save, savereboot and reboot has to be in the form.")
    if pressed[0] == "reboot":
        exchange.site.commands.call("restart", "1")
        await _tell(exchange, "Restarting", {}, True)
        return
    settings = exchange.site.settings
    wanted = _wanted(settings, fields)
    wrong = borrow("app.pages.changes").faults(settings, wanted)
    if 0 < len(wanted.get("password", "")) < _LEAST_WPA:
        wrong["password"] = "at least {} characters, as every WPA password has".format(_LEAST_WPA)
    if not wrong:
        try:
            kept = borrow("app.pages.changes").make(settings, wanted)
        except BadArgument as e:  # no room for the file: nothing else has changed
            wrong = {"mqttca": str(e)}
    if wrong:
        errors = {field: wrong[name] for field, name in FIELDS.items() if name in wrong}
        await borrow("app.pages.setup").page(exchange, fields, errors)
        return
    reboot = pressed[0] == "savereboot"
    if reboot:
        exchange.site.commands.call("restart", "1")
    title = "Saved" if kept else "In force, but not saved"
    await _tell(
        exchange,
        title,
        wanted,
        reboot or borrow("app.pages.changes").restarts(settings, wanted),
        kept,
    )


def _wanted(settings, fields):
    """{setting: text} of what differs; an empty field leaves its setting as it is."""
    if fields.get("network") and not fields.get("wifissid"):
        fields["wifissid"] = fields["network"]  # picked from the list, without JavaScript
    wanted = {}
    for field, name in FIELDS.items():
        text = fields.get(field, "").strip() if field != "wifipassword" else fields.get(field, "")
        if text and text != str(settings[name]):
            wanted[name] = text
        elif fields.get("forget_" + field):
            for each in _LOGIN if field in _LOGIN else (field,):
                wanted[FIELDS[each]] = ""
    return wanted


async def _tell(exchange, title, wanted, restarts, kept=True):
    """What happens next, and where the camera will be found."""
    site = exchange.site

    def steps(_):
        escape = site.part("template").escape
        if not kept:
            yield "<li>The flash refused to store it; the camera tries again each minute. Its log "
            yield "says why.</li>"
        if restarts:
            yield "<li>The camera restarts now, which takes some ten seconds.</li>"
        if "ssid" in wanted or "password" in wanted or restarts:
            yield "<li>It joins the Wi-Fi <b>{}</b>.</li>".format(escape(site.settings["ssid"]))
        if "adminpass" in wanted and wanted["adminpass"]:
            yield "<li>From now on its pages ask for the new password.</li>"
        if site.wifi.ap_open:
            yield "<li>Its own access point closes then; connect this device to the same "
            yield "network again.</li>"

    words = {"title": lambda _: title, "steps": steps, "host": lambda _: site.access.host}
    words["device"] = lambda _: site.device_id
    await exchange.start()
    await exchange.site.part("template").send(
        exchange, "saved.html", lambda word: words[word](word)
    )
