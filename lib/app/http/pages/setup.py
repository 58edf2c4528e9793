"""Set-up: the form with all values but the secrets, and the page that follows a save."""

from micropython import const

from app.http.static import open_text
from app.http.template import escape, page
from app.identity import host_name, mdns_name
from proto.http import HTTPError

_PROPOSED_S = const(10)  # between the pictures of a camera that nobody has set up
_SECRETS = ("password", "mqttpass", "mqttca", "adminpass")  # never in the page
_NAMES = (
    "ssid", "password", "name", "pubinterval", "mqtthost", "mqttport", "mqttuser", "mqttpass",
    "mqttca", "topic", "timezone", "adminpass",
)  # fmt: skip
_FOLDED = {  # settings in each part of the form that is closed at first
    "login": ("mqttport", "mqttuser", "mqttpass", "mqttca"),
    "more": ("topic", "timezone", "adminpass"),
}
_LOGIN = ("mqttuser", "mqttpass")  # removed together
_FORGET = ("password", "mqttuser", "mqttpass", "mqttca", "adminpass")
_FIELDS = {"ssid": "wifissid", "password": "wifipassword", "mqttpass": "mqttpassword"}
_BUTTONS = ("save", "savereboot", "reboot")


class SetupPages:
    """Routes of the set-up page. Its fields have the names that the C firmware gave them."""

    def __init__(self, settings, commands, wifi, status, access, device_id):
        self._settings = settings
        self._commands = commands
        self._wifi = wifi
        self._status = status
        self._access = access
        self._device_id = device_id

    def add_routes(self, app):
        app.get("/setup")(self.form)
        app.post("/setup")(self.save)

    async def form(self, request):
        """Show the form; `?scan=1` lists the networks in reach for browsers without JavaScript."""
        found = await self._wifi.scan() if request.args.get("scan") else ()
        return self._form({}, {}, found)

    def _form(self, typed, faults, networks=()):
        trial = self._status.firmware.trial_notice
        known = self._settings, self._access.open, self._device_id, trial
        form = _Form(*known, typed, faults, networks)
        return page("setup.html", form.fill, 400 if faults else 200)

    async def save(self, request):
        """Save, save and reboot, or reboot; the form shows faults next to what was typed."""
        typed = _typed(request.form)
        button = _button(typed)
        if button == "reboot":
            await self._commands.call("restart", "1")
            return self._saved("Restarting", {}, True, True, {})
        wanted = self._wanted(typed)
        faults, saved, restarts, removed = await self._settings.apply(wanted)
        if faults:
            return self._form(typed, faults)
        if button == "savereboot":
            await self._commands.call("restart", "1")
            restarts = True
        title = "Saved" if saved else "Applied, but not saved yet"
        return self._saved(title, wanted, saved, restarts, removed)

    def _wanted(self, typed):
        """Return {setting: text} of what differs; an empty field leaves its setting as it is.

        A broker's password that is typed again stays, even if the broker is another one.
        """
        if typed.get("network") and not typed.get("ssid"):
            typed["ssid"] = typed["network"]  # chosen from the list, without JavaScript
        wanted = {}
        for name in _NAMES:
            text = typed.get(name, "")
            is_given = text if name in _SECRETS else text.strip()
            if is_given and (name == "mqttpass" or text != str(self._settings[name])):
                wanted[name] = text
            elif typed.get("forget_" + name):
                for each in _LOGIN if name in _LOGIN else (name,):
                    wanted[each] = ""
        return wanted

    def _saved(self, title, changed, saved, restarts, removed):
        """Show what happens next, and the address of the camera then."""
        settings = self._settings
        ssid, fallback_s = settings["ssid"], settings["apfallback"]
        host = self._access.host
        if restarts:  # with the next start the host name follows the topic and the name
            host = mdns_name(host_name(self._device_id, settings["topic"], settings["name"]))
        texts = {
            "title": title,
            "trial": self._status.firmware.trial_notice,
            "unkept": not saved,
            "mqttpass": removed.get("mqttpass"),
            "restarts": restarts,
            "ssid": ssid,
            "joins": ssid and (restarts or "ssid" in changed or "password" in changed),
            "alone": restarts and not ssid,
            "locked": changed.get("adminpass"),
            "ap": ssid and self._wifi.ap_open,
            "fallback": ssid and _duration(fallback_s),
            "stays": ssid and not fallback_s,
            "host": ssid and host,
            "device": self._device_id,
        }
        return page("saved.html", texts.get)


class _Form:
    """Fills the blanks of setup.html, most of which are `<kind>:<name of a setting>`."""

    def __init__(self, settings, is_open, device_id, trial, typed, faults, networks):
        self._settings = settings
        self._typed = typed
        self._faults = faults
        self._found = networks
        self._blanks = {
            "error": lambda name: faults.get(name, "").replace("..", " to "),
            "value": self._value,
            "stored": self._stored,
            "has": self._settings.__getitem__,
            "zones": self._zones,
            "unfold": self._unfold,
            "new": lambda _: not settings["ssid"],
            "wrong": self._wrong,
            "networks": self._networks,
            "device": lambda _: device_id,
            "open": lambda _: is_open,
            "trial": lambda _: trial,
        }

    def fill(self, blank):
        kind, _, name = blank.partition(":")
        return self._blanks[kind](name)

    def _value(self, name):
        if name in self._typed and name not in _SECRETS:
            return self._typed[name]
        value = self._settings[name]
        if name == "pubinterval":
            return str(value if value or self._settings["mqtthost"] else _PROPOSED_S)
        return str(value or "")  # port 0 is none

    def _stored(self, name):
        is_stored = self._settings[name]
        return "leave it empty to keep the stored one" if is_stored else "none is stored"

    def _wrong(self, number):
        """Return True if there is one fault (number 1), or if there are several (2)."""
        return min(len(self._faults), 2) == int(number)

    def _unfold(self, part):
        """Return True if a part of the form has a fault, and so must be open."""
        return any(name in self._faults for name in _FOLDED[part])

    def _zones(self, _):
        """Yield the options of the time zones; a rule that is not in the list comes last."""
        wanted, found = self._value("timezone"), False
        file = open_text("zones.txt")
        try:
            line = file.readline()
            while line:
                name, _, rule = line.decode().rstrip().rpartition(" ")
                yield _option(rule, name, not found and rule == wanted)
                found = found or rule == wanted
                line = file.readline()
        finally:
            file.close()
        if not found:
            yield _option(wanted, "as now: " + wanted, True)

    def _networks(self, _):
        for ssid, rssi, secured in self._found:
            name = escape(ssid)
            radio = '<li><label><input type="radio" name="network" value="{}"> {} '
            yield radio.format(name, name)
            yield '<meter min="-95" max="-45" value="{}">{} dBm</meter> '.format(rssi, rssi)
            yield "{}</label></li>".format("" if secured else "open")


def _option(value, text, chosen):
    parts = escape(value), " selected" if chosen else "", escape(text)
    return '<option value="{}"{}>{}</option>\n'.format(*parts)


def _typed(form):
    """Return {name: text} of the fields, each by the name of its setting."""
    fields = [(name, _FIELDS.get(name, name)) for name in _NAMES]
    fields += [("forget_" + name, "forget_" + _FIELDS.get(name, name)) for name in _FORGET]
    fields += [(name, name) for name in ("network",) + _BUTTONS]
    return {name: form[field] for name, field in fields if field in form}


def _button(typed):
    pressed = [button for button in _BUTTONS if button in typed]
    if len(pressed) != 1:
        raise HTTPError(400, "The form must have one of save, savereboot and reboot.")
    return pressed[0]


def _duration(seconds):
    """Return a duration as text, "" for none."""
    if not seconds or seconds % 60:
        return "{} seconds".format(seconds) if seconds else ""
    return "{} minutes".format(seconds // 60) if seconds > 60 else "1 minute"
