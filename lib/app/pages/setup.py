"""The setup form as a page: every value but the secrets', errors beside their fields."""

from aio.late import borrow

_SECRETS = ("password", "mqttpass", "mqttca", "adminpass")  # never in the page


async def page(exchange, typed=None, errors=None):
    """The form; after a refused POST with what was typed, and what is wrong, by setting."""
    found = ()
    if exchange.request.args.get("scan"):
        found = await borrow("app.pages.networks").seen(exchange)
    form = _Form(exchange.site, typed or {}, errors or {}, found)
    await exchange.start(400 if errors else 200)
    await exchange.site.part("template").send(exchange, "setup.html", form.fill)


class _Form:
    """Fills the blanks of setup.html."""

    def __init__(self, site, typed, errors, found):
        self._site = site
        self._typed = typed
        self._errors = errors
        self._found = found
        self._has = site.settings.__getitem__
        self._error = errors.get
        self._zone_seen = False

    def fill(self, word):
        what, _, name = word.partition(":")
        return getattr(self, "_" + what)(name)

    def _device(self, _):
        return self._site.device_id

    def _open(self, _):
        return self._site.access.open

    def _value(self, name):
        if name in self._typed and name not in _SECRETS:
            return self._typed[name]
        value = self._has(name)
        return "" if name == "mqttport" and not value else str(value)

    def _stored(self, name):
        """Of a secret only whether there is one."""
        return "stored; leave it empty to keep it" if self._has(name) else "none is stored"

    def _wrong(self, number):
        """One field, or several."""
        return min(len(self._errors), 2) == int(number)

    def _networks(self, _):
        if self._found:
            escape = self._site.part("template").escape
            return borrow("app.pages.networks").options(self._found, escape)

    def _zone(self, field):
        """One to pick from, as its name and its rule."""
        name, _, rule = field.rpartition(" ")
        chosen = not self._zone_seen and rule == self._value("timezone")
        self._zone_seen = self._zone_seen or chosen
        return self._option(rule, "" if not chosen else " selected", name)

    def _otherzone(self, _):
        """A rule that is not in the list stays as it is."""
        if not self._zone_seen:
            rule = self._value("timezone")
            return self._option(rule, " selected", "as now: ", rule)

    def _option(self, rule, selected, *words):
        escape = self._site.part("template").escape
        yield '<option value="{}"{}>'.format(escape(rule), selected)
        yield from map(escape, words)
        yield "</option>"
