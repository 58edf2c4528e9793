"""microdot between the door and the pages: in the heap while somebody asks for pages.

It only ever sees a whole head that RFC 9112 allows and that the gate has let pass; it reads lines
without a deadline, so the lines come from memory. What it makes of a head is gone before the
page's own work begins: with it, a request would need 2 KB more.
"""

from microdot import Microdot, Request, Response

Request.max_content_length = 1 << 30  # the door has looked at it
Request.max_body_length = 0  # pages read their bodies themselves


class Site:
    """Answers requests (`Asked`) by the pages; `app` is another application, for a test."""

    def __init__(self, pages, app=None):
        self._pages = pages
        self._app = app or self._make_app()

    def _make_app(self):
        app = Microdot()
        app.options_handler = None
        app.error_handlers = {404: _to_pages, 500: _failed}  # the pages have the routes
        return app

    async def answer(self, asked):
        line = _Line(asked)
        await self._app.handle_request(line, line)
        status, line = line.status, None
        if status == 404:
            await self._pages.answer(asked)
        elif status:
            await self._pages.refuse(asked, status)


async def _to_pages(request):
    line = request.sock[0]
    line.status = 404
    line.asked.args = request.args
    return Response.already_handled


async def _failed(request):
    request.sock[0].status = 500
    return Response.already_handled


class _Line:
    """What microdot reads from, the head again, then the body, and writes to."""

    def __init__(self, asked):
        self.asked = asked
        self.status = 0  # what microdot has not answered itself
        self._at = 0
        self.readinto = asked.readinto
        self.awrite = asked.sock[1].awrite
        self.get_extra_info = asked.sock[1].get_extra_info

    async def readline(self):
        head = self.asked.head
        line = head[self._at : head.find(b"\n", self._at) + 1]
        self._at += len(line)
        return line

    async def aclose(self):
        """The listener closes the connection, once the page has been sent."""
