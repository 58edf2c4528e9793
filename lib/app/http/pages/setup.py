"""The setup form as a page: every value but the secrets', errors beside their fields."""

from aio.late import borrow

_SECRETS = ("password", "mqttpass", "mqttca", "adminpass")  # never in the page


async def page(exchange, typed=None, errors=None):
    """The form; after a refused POST with what was typed, and what is wrong, by setting."""
    found = ()
    if exchange.request.args.get("scan"):
        found = await borrow("app.http.pages.networks").seen(exchange)
    form = _Form(exchange.site, typed or {}, errors or {}, found)
    await exchange.start(400 if errors else 200)
    await exchange.site.part("template").send(exchange, "setup.html", form.fill)


class _Form:
    """Fills the blanks of setup.html: `what:` and the name of a setting, mostly."""

    def __init__(self, *given):
        self.site, self.typed, self.errors, self.found = given
        self.settings = self.site.settings
        self.zone_seen = False

    def fill(self, word):
        what, _, name = word.partition(":")
        if what == "error":
            return self.errors.get(name)
        if what == "value":
            return self.value(name)
        if what == "stored":  # of a secret only whether there is one
            return "stored; leave it empty to keep it" if self.settings[name] else "none is stored"
        if what == "has":
            return self.settings[name]
        if what == "zone":
            return self.zone(name)
        return self.about(what, name)

    def value(self, name):
        if name in self.typed and name not in _SECRETS:
            return self.typed[name]
        return str(self.settings[name] or "")  # port 0 is none

    def zone(self, field):
        """One to pick from, as its name and its rule; without, a rule that is not in the list."""
        name, _, rule = field.rpartition(" ")
        chosen = not self.zone_seen and rule in ("", self.value("timezone"))
        self.zone_seen = self.zone_seen or chosen
        if chosen or rule:
            rule = rule or self.value("timezone")
            escape = self.site.part("template").escape
            yield '<option value="{}"{}>'.format(escape(rule), " selected" if chosen else "")
            yield name or "as now: " + escape(rule)
            yield "</option>"

    def about(self, what, number):
        if what == "device":
            return self.site.device_id
        if what == "open":
            return self.site.access.open
        if what == "wrong":  # one field, or several
            return min(len(self.errors), 2) == int(number)
        if what == "networks" and self.found:
            escape = self.site.part("template").escape
            return borrow("app.http.pages.networks").options(self.found, escape)
