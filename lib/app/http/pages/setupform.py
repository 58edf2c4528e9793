"""The setup form as it comes: its fields by the names of settings, and what is wanted."""

from aio.late import borrow
from proto.http import BadRequest

_NAMES = "ssid password mqtthost mqttport mqttuser mqttpass mqttca topic timezone adminpass"
_LOGIN = ("mqttuser", "mqttpass")  # they are forgotten together
_IN_FORM = (("ssid", "wifissid"), ("password", "wifipassword"), ("mqttpass", "mqttpassword"))
_BUTTONS = ("save", "savereboot", "reboot")
_FIELDS = """
wifissid wifipassword mqtthost mqttport mqttuser mqttpassword mqttca topic timezone adminpass
forget_wifipassword forget_mqttuser forget_mqttpassword forget_mqttca forget_adminpass
network save savereboot reboot"""


async def read(exchange):
    """To be saved is what was typed; some of it may be missing."""
    typed = _renamed(await borrow("app.http.pages.formbody").fields(exchange, _FIELDS.split()))
    pressed = _pressed(typed)
    wanted = {} if pressed == "reboot" else _wanted(exchange.site.settings, typed)
    return "pages.setupsave", "save", typed, pressed, wanted


def _renamed(typed):
    """By the settings' names; the form has the C firmware's."""
    for name, in_form in _IN_FORM:
        for before in ("", "forget_"):
            if before + in_form in typed:
                typed[before + name] = typed.pop(before + in_form)
    return typed


def _pressed(typed):
    pressed = [button for button in _BUTTONS if button in typed]
    if len(pressed) != 1:
        raise BadRequest(400, "One of save, savereboot and reboot has to be in the form.")
    return pressed[0]


def _wanted(settings, typed):
    """{setting: text} of what differs; an empty field leaves its setting as it is."""
    if typed.get("network") and not typed.get("ssid"):
        typed["ssid"] = typed["network"]  # picked from the list, without JavaScript
    wanted = {}
    for name in _NAMES.split():
        text = typed.get(name, "").strip() if name != "password" else typed.get(name, "")
        if text and text != str(settings[name]):
            wanted[name] = text
        elif typed.get("forget_" + name):
            for each in _LOGIN if name in _LOGIN else (name,):
                wanted[each] = ""
    return wanted
