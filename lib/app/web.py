"""Pictures over HTTP: `/capture`, `/jpg`, `/mjpg` (= `/stream`); all else is left to the pages."""

import asyncio
import time

from microdot import Microdot, Request, Response
from micropython import const

from proto.faults import CameraFault
from proto.http import SECURITY

_EPOCH_1970 = const(946_684_800)  # seconds from 1970 to 2000, where the board's clock begins

_STREAM_HEAD = (
    "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n"
    "Cache-Control: no-store\r\nConnection: close\r\n" + SECURITY + "\r\n"
).encode()
_BOUNDARY = b"\r\n--frame\r\n"
_PART_HEAD = "Content-Type: image/jpeg\r\nContent-Length: {}\r\nX-Timestamp: {}.000000\r\n\r\n"
_JPEG_HEAD = (
    "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n"
    "Content-Disposition: inline; filename=capture.jpg\r\nCache-Control: no-store\r\n"
    "X-Timestamp: {}.000000\r\nConnection: close\r\n" + SECURITY + "\r\n"
)
Request.max_content_length = 1 << 30  # the door has looked at it
Request.max_body_length = 0  # pages read their bodies themselves, when it is known who sends them


class _GuardedApp(Microdot):
    """Nothing is dispatched, not even to an error page, before the gate lets it pass."""

    def dispatch_request(self, req):
        if not req or self.access.passes(req):
            return super().dispatch_request(req)
        return self._look_closer(req)

    async def _look_closer(self, req):
        status = await self.access.check(req)
        if not status:
            return await super().dispatch_request(req)
        await self.pages.refuse(req, status)
        return Response.already_handled


class Web:
    """The microdot application; streams write to the connection themselves."""

    def __init__(self, frames, access, pages, streams=4):
        self._frames = frames
        self._pages = pages
        pages.web = self
        self._most_streams = streams
        self._viewers = []
        self.app = _GuardedApp()
        self.app.access = access
        self.app.pages = pages
        self.app.options_handler = None
        self.app.get("/capture")(self._capture)
        self.app.get("/jpg")(self._capture)
        self.app.get("/mjpg")(self._stream)
        self.app.get("/stream")(self._stream)
        self.app.error_handlers = {404: self._page, 405: self._not_allowed, 500: self._failed}

    @property
    def streams(self):
        """How many viewers there are now."""
        return len(self._viewers)

    def drop_viewer(self):
        """Send the newest viewer away, so that a console gets the socket; False without one."""
        for stream in reversed(self._viewers):
            if not stream.aborted():
                stream.abort()
                return True
        return False

    async def _capture(self, request):
        try:
            async with self._frames.fresh() as frame:
                head = _JPEG_HEAD.format(len(frame.view), _unix(frame.time_s))
                await _send(request, (head.encode(), frame.view))
        except CameraFault as e:
            return await self._no_picture(request, e)
        except OSError:  # the viewer has gone, or has stopped reading
            pass
        return Response.already_handled

    async def _stream(self, request):
        why = self._frames.absent()
        if why:
            return await self._no_picture(request, why)
        if self.streams >= self._most_streams:
            most = "{} viewers are all there can be.".format(self._most_streams)
            await self._pages.refuse(request, 503, most)
            return Response.already_handled
        self._viewers.append(request.sock[1])
        try:
            await _send(request, (_STREAM_HEAD, _BOUNDARY[2:]))
            if request.method != "HEAD":
                await self._send_parts(request.sock[1])
        except OSError:  # the viewer has gone, or has stopped reading
            pass
        finally:
            self._viewers.remove(request.sock[1])
        return Response.already_handled

    async def _no_picture(self, request, why):
        await self._pages.refuse(request, 503, "There is no picture: {}.".format(why))
        return Response.already_handled

    async def _page(self, request):
        await self._pages.answer(request)
        return Response.already_handled

    async def _not_allowed(self, request):
        await self._pages.refuse(request, 405, "", "Allow: GET, HEAD\r\n")
        return Response.already_handled

    async def _failed(self, request):
        await self._pages.refuse(request, 500)
        return Response.already_handled

    async def _send_parts(self, stream):
        """The boundary follows each picture at once: browsers show it when they see that."""
        lease = self._frames.fresh()
        while True:
            try:
                frame = await lease.take()
            except CameraFault:  # the viewer stays: the camera comes back
                await asyncio.sleep_ms(1_000)
                lease.renewed()
                continue
            try:
                if not frame.wrapped:
                    head = _PART_HEAD.format(len(frame.view), _unix(frame.time_s))
                    frame.wrap(head.encode(), _BOUNDARY)
                if not stream.put(frame.wrapped):
                    await stream.flush()
            finally:
                lease.release()


async def _send(request, parts):
    """Write to the connection itself; of a HEAD request's answer only the head."""
    await request.sock[1].send(*(parts[:1] if request.method == "HEAD" else parts))


def _unix(time_s):
    return time_s if time.gmtime(0)[0] == 1970 else time_s + _EPOCH_1970
