"""Everything beside the pictures: pages, forms, the API. Found and done by borrowed modules."""

import asyncio

from micropython import const

from aio.late import borrow
from proto.http import BadRequest

_MOST_WANTED = ("response", "static", "template")
_MOST_UNREAD = const(65_536)  # bytes of a request that is refused


class Pages:
    """Answers what has no route of its own; `site` of the borrowed modules that do the work.

    `web` is set by who serves the pictures, `portal` by who opens an access point.
    """

    def __init__(self, access, commands, status, updater, device_id):
        self.access = access
        self.commands = commands
        self.status = status
        self.device_id = device_id
        self.settings = status.settings
        self.wifi = status.wifi
        self.log = status.log
        self.updater = updater
        self.web = self.portal = None
        self._kept = {}

    def keep(self, wanted):
        """Keep what nearly every page needs, for as long as somebody looks at pages."""
        self._kept = {name: self.part(name) for name in _MOST_WANTED} if wanted else {}

    def part(self, name):
        """A module of this package."""
        return self._kept.get(name) or borrow("app.http." + name)

    def answer(self, request):
        """Awaited: the page, form or API call that a request is for."""
        exchange = self.part("response").Exchange(self, request)
        return self._guarded(exchange, self._answer(exchange), exchange.left)

    def refuse(self, request, status, what="", headers=""):
        """Awaited: say no to a request, as a page, as JSON or in a line."""
        exchange = self.part("response").Exchange(self, request)
        return self._guarded(exchange, self._refuse(exchange, status, what, headers), _MOST_UNREAD)

    async def _guarded(self, exchange, work, most_unread):
        """Whatever goes wrong, the user is told, and the connection ends."""
        try:
            await work
            await exchange.end(most_unread)
        except OSError:  # the peer has gone, or has stopped reading
            pass
        except Exception as e:  # ours, or too little memory
            self.log.error("web", "{}: {!r}".format(exchange.path, e))
            if not exchange.begun:
                await exchange.refuse(503 if isinstance(e, MemoryError) else 500)
                await exchange.end(most_unread)

    async def _answer(self, exchange):
        find = borrow("app.http.routes").find
        todo, allowed = find(exchange.method, exchange.path, self.wifi.ap_open)
        find = None  # with it the table goes
        try:
            if todo:
                while todo:  # a page may hand its work over to another, and is gone then
                    module, function, *more = todo
                    todo = await getattr(self.part(module), function)(exchange, *more)
                    await asyncio.sleep_ms(0)  # others' turn; and the stack holds nothing of it
            elif allowed:
                await exchange.refuse(405, "", "Allow: {}\r\n".format(allowed))
            else:
                await self._lost(exchange)
        except BadRequest as e:
            await exchange.refuse(e.status, str(e))

    async def _refuse(self, exchange, status, what, headers):
        if status == 421 and self.wifi.ap_open:
            await self._lost(exchange)
        else:
            await exchange.refuse(status, what, headers)

    async def _lost(self, exchange):
        """No such page; a guest of our access point is led to the one that helps."""
        found = self.portal.answer(exchange.path) if self.portal and self.wifi.ap_open else None
        status, location = found or (404, "")
        if location:
            await exchange.redirect(location, status)
        elif status == 200:
            await exchange.start()
        else:
            await exchange.refuse(status)
