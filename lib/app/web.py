"""Pages and pictures over HTTP: `/`, `/capture`, `/jpg`, `/mjpg` (= `/stream`)."""

import asyncio
import time

from microdot import Microdot, Response
from micropython import const

from config import product
from proto.faults import CameraFault
from proto.http import REASONS

_EPOCH_1970 = const(946_684_800)  # seconds from 1970 to 2000, where the board's clock begins

_STREAM_HEAD = (
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n"
    b"Cache-Control: no-store\r\nConnection: close\r\n\r\n"
)
_BOUNDARY = b"\r\n--frame\r\n"
_PART_HEAD = "Content-Type: image/jpeg\r\nContent-Length: {}\r\nX-Timestamp: {}.000000\r\n\r\n"
_JPEG_HEAD = (
    "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n"
    "Content-Disposition: inline; filename=capture.jpg\r\nCache-Control: no-store\r\n"
    "X-Timestamp: {}.000000\r\nConnection: close\r\n\r\n"
)
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{name}</title>
<style>body{{font:16px sans-serif;margin:1em auto;max-width:60em;padding:0 1em;
color-scheme:light dark}}img{{width:100%;height:auto;background:#8884}}</style>
<h1>{name} <small>{version}</small></h1>
<img src="/mjpg" alt="Live picture of the camera">
<p><a href="/capture">Snapshot</a> &middot; <a href="/mjpg">Stream</a>
<p>Device <code>{device_id}</code>, pictures on <code>{topic}</code>
"""


class Web:
    """The microdot application; streams write to the connection themselves."""

    def __init__(self, frames, topics, streams=4):
        self._frames = frames
        self._topics = topics
        self._most_streams = streams
        self._viewers = []
        self.app = Microdot()
        self.app.get("/")(self._index)
        self.app.get("/capture")(self._capture)
        self.app.get("/jpg")(self._capture)
        self.app.get("/mjpg")(self._stream)
        self.app.get("/stream")(self._stream)
        for status in (400, 404, 405, 413, 500):
            self.app.error_handlers[status] = _error_page(status)

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

    async def _index(self, request):
        page = _PAGE.format(
            name=product.NAME,
            version=product.VERSION,
            device_id=self._topics.device_id,
            topic=self._topics.image.decode(),
        )
        return Response(page, headers={"Content-Type": "text/html; charset=UTF-8"})

    async def _capture(self, request):
        try:
            async with self._frames.fresh() as frame:
                head = _JPEG_HEAD.format(len(frame.view), _unix(frame.time_s))
                await _send(request, (head.encode(), frame.view))
        except CameraFault as e:
            return _unavailable("no picture: {}".format(e))
        except OSError:  # the viewer has gone, or has stopped reading
            pass
        return Response.already_handled

    async def _stream(self, request):
        if self.streams >= self._most_streams:
            return _unavailable("{} viewers are all there can be".format(self._most_streams))
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


def _unavailable(why):
    return Response(why + "\n", 503, {"Retry-After": "5"}, REASONS[503])


def _error_page(status):
    def page(request):
        text = "{} {}\n".format(status, REASONS[status])
        headers = request.app.default_options_handler(request) if status == 405 else {}
        return Response(text, status, headers, REASONS[status])

    return page
