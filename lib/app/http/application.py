"""The Microdot application: all routes, and what every response has in common."""

import sys

from microdot import Microdot, Response, microdot

from app.http.errors import Errors
from app.http.pages.api import API
from app.http.pages.login import LoginPages
from app.http.pages.portal import Portal
from app.http.pages.setup import SetupPages
from app.http.pages.state import State
from app.http.request import Request
from app.http.static import StaticFiles
from config import limits
from proto.http import REASONS, HTTPError
from proto.reasons import describe

# every few seconds by an open page: not logged
_POLLED = ("/api/status", "/api/log", "/api/camera")


def _print_bug(error):
    if not isinstance(error, MemoryError):
        sys.print_exception(error)


microdot.print_exception = _print_bug  # it would print tracebacks when memory is short, too


class Application(Microdot):
    """All routes: `request` makes a request from its head, `dispatch_request` answers it."""

    def __init__(
        self,
        access,
        headers,
        images,
        settings,
        commands,
        wifi,
        status,
        updater,
        publisher,
        log,
        device_id,
    ):
        super().__init__()
        self._headers = headers
        self._wifi = wifi
        self._log = log
        self._access = access
        self._errors = Errors(access)
        self._portal = Portal(wifi)
        images.add_routes(self)
        StaticFiles().add_routes(self)
        SetupPages(settings, commands, wifi, status, access, device_id).add_routes(self)
        LoginPages(access, images, log).add_routes(self)
        API(settings, commands, wifi, status, updater).add_routes(self)
        seen = settings, commands, wifi, status, access, images, updater, device_id
        State(*seen).add_routes(self)
        self._of_backup = settings, access, device_id
        self._of_metrics = settings, status, access, headers, images, updater, publisher
        self.post("/api/backup")(self._backup)
        self.get("/metrics")(self._metrics)
        self.options_handler = self._options
        self.errorhandler(404)(self._not_found)
        self.errorhandler(405)(self._not_allowed)
        self.errorhandler(Exception)(self._failed)
        self.after_request(self._finish)
        self.after_error_request(self._finish)

    def route(self, url_pattern, methods=None):
        """Register a handler, a coroutine that may raise HTTPError.

        It is called once the body is in memory, unless that is an upload. A dot in the pattern
        stands for itself: microdot's patterns are regular expressions.
        """
        register = super().route(url_pattern.replace(".", "\\."), methods)

        def decorated(handler):
            async def answer(request):
                return await self._answer(handler, request)

            return register(answer)

        return decorated

    async def _answer(self, handler, request):
        """Call a handler; errors expected here do not reach microdot, which prints a traceback."""
        try:
            if not request.is_upload:
                status = await self._load(request)
                if status:
                    return self._errors.response(request, status)
            return await handler(request)
        except HTTPError as e:
            return self._errors.response(request, e.status, str(e), e.advice)
        except OSError as e:  # the client has gone or is too slow
            self._log.debug("web", "{} ended: {}", request.path, describe(e))
            request.abandon()
            return Response.already_handled
        except MemoryError:
            self._log.error("web", "too little memory for " + request.path)
            return self._errors.response(request, 503)

    async def _load(self, request):
        """Read the body; return the status that refuses the request, or 0."""
        await request.load()
        if not request.content_length:
            return 0
        return await self._access.check(request)  # its password may be replaced by now

    def request(self, head, rest, connection, limit_ms):
        """Return the Request of a parsed head; raises HTTPError."""
        request = Request(self, head, rest, connection, limit_ms)
        connection.busy_for(limits.HTTP_BUSY_MS)
        if request.path == "/" and self._wifi.ap_open:
            request.path = "/setup"  # what a client of the access point is looking for
        return request

    def refuse(self, request, status):
        """Return the complete response to a request that reaches no handler."""
        if status == 421 and self._wifi.ap_open:  # the access point resolves every name
            response = self._not_found(request)
        else:
            response = self._errors.response(request, status)
        response.is_head = request.method == "HEAD"
        return self._finish(request, response)

    async def _backup(self, request):
        # lazy import, as of the metrics: a board without PSRAM has no heap for what is rarely used
        from app.http.pages.backup import Backup

        return await Backup(*self._of_backup).backup(request)

    async def _metrics(self, request):
        from app.http.pages.metrics import Metrics

        return await Metrics(*self._of_metrics).metrics(request)

    def _not_found(self, request):
        return self._portal.answer(request.path) or self._errors.response(request, 404)

    def _not_allowed(self, request):
        headers = {"Allow": ", ".join(self._allowed(request.path))}
        return self._errors.response(request, 405, headers=headers)

    def _allowed(self, path):
        """Return the methods of a path."""
        methods = []
        for found, pattern, _, _, _ in self.url_map:
            if pattern.match(path) is not None:
                methods += ["GET", "HEAD"] if "GET" in found else found
        return methods

    def _options(self, request):
        """Return what microdot turns into a response: headers for `*`, else an error's status."""
        if request.path == "*":  # the server as a whole: RFC 9110 section 9.3.7
            return {"Allow": "GET, HEAD, POST, OPTIONS"}
        return 405 if self._allowed(request.path) else 404

    def _failed(self, request, error):
        self._log.error("web", "{}: {!r}".format(request.path, error))
        status = 503 if isinstance(error, MemoryError) else 500
        return self._errors.response(request, status)

    def _finish(self, request, response):
        """Add what every response has in common; log the request without its query string."""
        status = response.status_code  # 200 for what a handler has sent itself
        self._headers.count(status)
        polled = request.method == "GET" and request.path in _POLLED
        if status != 200 or not polled:
            self._log.debug("web", "{} {}: {}", request.method, request.path, status)
        if response is not Response.already_handled:
            response.reason = REASONS[status]
            for name, value in self._headers.pairs():
                response.headers[name] = value
            if "Cache-Control" not in response.headers:
                response.headers["Cache-Control"] = "no-store"
        return response
