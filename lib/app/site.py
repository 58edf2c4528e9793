"""microdot between the door and the pages: in the heap while somebody asks for pages.

It only ever sees a whole head that RFC 9112 allows and that the gate has let pass; it reads lines
without a deadline, so the lines come from memory.
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
        app.error_handlers = {404: self._page, 500: self._failed}  # the pages have the routes
        return app

    async def answer(self, asked):
        await self._app.handle_request(_Replay(asked), asked.sock[1])

    async def _page(self, request):
        await self._pages.answer(_asked(request))
        return Response.already_handled

    async def _failed(self, request):
        await self._pages.refuse(_asked(request), 500)
        return Response.already_handled


def _asked(request):
    """What the pages look at; the headers are not kept twice."""
    asked = request.sock[0].asked
    asked.args = request.args
    request.headers = request.cookies = None
    return asked


class _Replay:
    """What microdot reads from: the head again, then the body."""

    def __init__(self, asked):
        self.asked = asked
        self._at = 0
        self.readinto = asked.readinto

    async def readline(self):
        head = self.asked.head
        line = head[self._at : head.find(b"\n", self._at) + 1]
        self._at += len(line)
        return line
