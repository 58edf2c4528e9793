"""The setup form as a page: every value but the secrets', errors beside their fields."""

from aio.late import borrow

FIELDS = {  # field of the form: setting; the C firmware's names first
    "wifissid": "ssid",
    "wifipassword": "password",
    "mqtthost": "mqtthost",
    "mqttport": "mqttport",
    "mqttuser": "mqttuser",
    "mqttpassword": "mqttpass",
    "mqttca": "mqttca",
    "topic": "topic",
    "timezone": "timezone",
    "adminpass": "adminpass",
}
SECRETS = ("wifipassword", "mqttpassword", "mqttca", "adminpass")  # never in the page


async def page(exchange, fields=None, errors=None):
    """The form; after a refused POST with what was typed, and what is wrong with it."""
    found = ()
    if exchange.request.args.get("scan"):
        found = await borrow("app.pages.networks").seen(exchange)
    form = _Form(exchange.site, fields or {}, errors or {}, found)
    await exchange.start(400 if errors else 200)
    await exchange.site.part("template").send(exchange, "setup.html", form.fill)


class _Form:
    """Fills the blanks of setup.html."""

    def __init__(self, site, fields, errors, found):
        self._site = site
        self._settings = site.settings
        self._fields = fields
        self._errors = errors
        self._found = found
        self._zone_seen = False

    def fill(self, word):
        what, _, field = word.partition(":")
        return getattr(self, "_" + what)(field)

    def _device(self, _):
        return self._site.device_id

    def _host(self, _):
        return self._site.access.host

    def _value(self, field):
        if field in self._fields and field not in SECRETS:
            return self._fields[field]
        value = self._settings[FIELDS[field]]
        return "" if field == "mqttport" and not value else str(value)

    def _stored(self, field):
        """Of a secret only whether there is one."""
        return "stored; leave it empty to keep it" if self._has(field) else "none is stored"

    def _has(self, field):
        return self._settings[FIELDS[field]]

    def _error(self, field):
        return self._errors.get(field)

    def _wrong(self, number):
        """One field, or several."""
        return min(len(self._errors), 2) == int(number)

    def _open(self, _):
        return self._site.access.open

    def _networks(self, _):
        escape = self._site.part("template").escape
        for ssid, rssi, secured in self._found:
            yield '<li><label><input type="radio" name="network" value="{}"> '.format(escape(ssid))
            yield '{} <meter min="-95" max="-45" value="{}">{} dBm</meter> {}'.format(
                escape(ssid), rssi, rssi, "" if secured else "open"
            )
            yield "</label></li>"

    def _zone(self, field):
        """One to pick from, as its name and its rule."""
        name, _, rule = field.rpartition(" ")
        escape = self._site.part("template").escape
        chosen = not self._zone_seen and rule == self._value("timezone")
        self._zone_seen = self._zone_seen or chosen
        selected = " selected" if chosen else ""
        yield '<option value="{}"{}>{}</option>'.format(escape(rule), selected, name)

    def _otherzone(self, _):
        """A rule that is not in the list stays as it is."""
        if not self._zone_seen:
            now = self._site.part("template").escape(self._value("timezone"))
            yield '<option value="{0}" selected>as now: {0}</option>'.format(now)
