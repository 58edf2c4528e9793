"""Pictures over HTTP: `/capture`, `/jpg`, `/mjpg` (= `/stream`); all else is left to the pages."""

import asyncio

from app.camera.camera import CameraFault
from proto.http import SECURITY
from proto.posixtz import unix_time

_ONE = ("/capture", "/jpg")
_MANY = ("/mjpg", "/stream")

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


class Web:
    """Answers requests (`Asked`) for pictures; streams write to the connection themselves."""

    def __init__(self, frames, pages, streams=4):
        self._frames = frames
        self._pages = pages
        pages.web = self
        self._most_streams = streams
        self._viewers = []

    def has(self, path):
        return path in _ONE or path in _MANY

    async def answer(self, request):
        if request.method not in ("GET", "HEAD"):
            await self._pages.refuse(request, 405, "", "Allow: GET, HEAD\r\n")
        elif request.path in _ONE:
            await self._capture(request)
        else:
            await self._stream(request)

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

    def drop_viewers(self):
        """Send all away, as a new password asks for."""
        for stream in self._viewers:
            stream.abort()

    async def _capture(self, request):
        try:
            async with self._frames.fresh() as frame:
                head = _JPEG_HEAD.format(len(frame.view), unix_time(frame.time_s))
                await _send(request, (head.encode(), frame.view))
        except CameraFault as e:
            await self._no_picture(request, e)
        except OSError:  # the viewer has gone, or has stopped reading
            pass

    async def _stream(self, request):
        why = self._frames.absent()
        if why:
            await self._no_picture(request, why)
            return
        if self.streams >= self._most_streams:
            most = "{} viewers are all there can be.".format(self._most_streams)
            await self._pages.refuse(request, 503, most)
            return
        self._viewers.append(request.sock[1])
        try:
            await _send(request, (_STREAM_HEAD, _BOUNDARY[2:]))
            if request.method != "HEAD":
                await self._send_parts(request.sock[1])
        except OSError:  # the viewer has gone, or has stopped reading
            pass
        finally:
            self._viewers.remove(request.sock[1])

    async def _no_picture(self, request, why):
        await self._pages.refuse(request, 503, "There is no picture: {}.".format(why))

    async def _send_parts(self, stream):
        """The boundary follows each picture at once: browsers show it when they see that."""
        lease = self._frames.fresh()
        lease.give_up = stream.abort
        while True:
            try:
                frame = await lease.take()
            except CameraFault:  # the viewer stays: the camera comes back
                await asyncio.sleep_ms(1_000)
                lease.renewed()
                continue
            try:
                if not frame.wrapped:
                    head = _PART_HEAD.format(len(frame.view), unix_time(frame.time_s))
                    frame.wrap(head.encode(), _BOUNDARY)
                if not stream.put(frame.wrapped):
                    await stream.flush()
            finally:
                lease.release()


async def _send(request, parts):
    """Write to the connection itself; of a HEAD request's answer only the head."""
    await request.sock[1].send(*(parts[:1] if request.method == "HEAD" else parts))
