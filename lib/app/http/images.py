"""Pictures over HTTP: one at `/capture`, a stream of them at `/mjpg`; both also at other paths."""

import asyncio
from time import ticks_diff, ticks_ms

from app.camera.camera import CameraFault
from config import limits
from proto.http import HTTPError
from proto.jpeg import size_of, whole
from proto.params import CHOICES, size_name, value_of
from proto.values import BadArgument, rate

_JPEG_HEAD = (
    "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n"
    "Content-Disposition: inline; filename=capture.jpg\r\nCache-Control: no-store\r\n"
    "X-Timestamp: {}\r\n{}\r\n"
)
_STREAM_HEAD = (
    "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n"
    "Cache-Control: no-store\r\n{}\r\n"
)
_NEVER = "Trying again does not help, because pictures need another board or other firmware."
_PRIVATE = "The command privacy off, or the switch on the camera's page, allows them again."
_BOUNDARY = b"\r\n--frame\r\n"
_PART_HEAD = "Content-Type: image/jpeg\r\nContent-Length: {}\r\nX-Timestamp: {}\r\n\r\n"


class Images:
    """Routes of the pictures; their handlers write leased frames to the connection."""

    def __init__(self, frames, headers, max_viewers=limits.HTTP_VIEWERS):
        self._frames = frames
        self._headers = headers
        self._max_viewers = max_viewers
        self.parts = whole  # returns the parts of a frame's JPEG to send
        self._streams = []  # (connection, token of the session or "")
        self._sending = []  # connections that single pictures are sent to
        self.skipped = 0  # pictures that slow viewers have missed

    def add_routes(self, app):
        app.get("/capture")(self.capture)
        app.get("/jpg")(self.capture)
        app.get("/snapshot.jpg")(self.capture)
        app.get("/cam.jpg")(self.capture)
        app.get("/mjpg")(self.stream)
        app.get("/stream")(self.stream)
        app.get("/cam.mjpeg")(self.stream)
        app.get("/stream.mjpg")(self.stream)

    @property
    def viewers(self):
        """Number of streams."""
        return len(self._streams)

    def drop_viewer(self):
        """End the newest stream, so that its socket can be used; False if there is none."""
        for connection, _ in reversed(self._streams):
            if not connection.aborted():
                connection.abort()
                return True
        return False

    def drop_viewers(self, token=None):
        """End all streams, or those of a session."""
        for connection, session in self._streams:
            if token is None or session == token:
                connection.abort()

    def drop_pictures(self):
        """End everything that sends a picture."""
        self.drop_viewers()
        for connection in self._sending:
            connection.abort()

    def join(self, connection, token=None):
        """Count a connection as a viewer, until `leave` of what this returns; raises HTTPError."""
        if self.viewers >= self._max_viewers:
            raise HTTPError(503, "There are {} viewers already.".format(self._max_viewers))
        connection.busy_for(None)
        viewer = connection, token
        self._streams.append(viewer)
        return viewer

    def leave(self, viewer):
        self._streams.remove(viewer)

    async def capture(self, request):
        """Send a picture that was exposed after the request, of the frame size `size` if given."""
        size = _frame_size(request.args.get("size"))
        try:
            async with self._frames.fresh(size) as frame:
                return await self._send(request, frame)
        except CameraFault as e:
            raise self._no_picture(e) from None

    async def _send(self, request, frame):
        parts = self.parts(frame)
        lines = self._headers.picture_lines()
        head = _JPEG_HEAD.format(size_of(parts), frame.timestamp(), lines)
        connection = request.sock[1]
        self._sending.append(connection)
        try:
            return await request.respond(head.encode(), *parts)
        finally:
            self._sending.remove(connection)

    async def stream(self, request):
        """Send pictures until the viewer leaves, at most `fps` a second."""
        interval_ms = _interval_ms(request.args.get("fps"))
        reason = self._frames.withheld or self._frames.absent()
        if reason:
            raise self._no_picture(reason)
        connection = request.sock[1]
        viewer = self.join(connection, request.cookies.get("session", ""))
        try:
            head = _STREAM_HEAD.format(self._headers.picture_lines())
            handled = await request.respond(head.encode(), _BOUNDARY[2:])
            if request.method != "HEAD":
                await self._send_parts(connection, interval_ms)
            return handled
        finally:
            self.leave(viewer)

    async def _send_parts(self, connection, interval_ms):
        """Send each picture with the boundary after it: browsers show it when that arrives."""
        lease = self._frames.fresh()
        lease.give_up = connection.abort
        next_seq = None
        while not connection.aborted():
            started = ticks_ms()
            try:
                frame = await lease.acquire()
            except CameraFault:  # the viewer stays, because the camera recovers
                if connection.aborted():
                    return
                await asyncio.sleep_ms(limits.HTTP_VIEWER_PAUSE_MS)
                lease.renewed()
                next_seq = None
                continue
            self.skipped += frame.seq - next_seq if next_seq else 0
            next_seq = frame.seq + 1
            try:
                if not frame.wrapped:
                    head = _PART_HEAD.format(len(frame.view), frame.timestamp())
                    frame.wrap(head.encode(), _BOUNDARY)
                if not connection.put(frame.wrapped):
                    await connection.flush()
            finally:
                lease.release()
            if interval_ms:
                await asyncio.sleep_ms(max(0, interval_ms - ticks_diff(ticks_ms(), started)))
                lease.renewed()
                next_seq = None

    def _no_picture(self, reason):
        if self._frames.withheld:
            text = "There is no picture: {}.".format(self._frames.withheld)
            return HTTPError(403, text, _PRIVATE)
        advice = "" if self._frames.possible else _NEVER
        return HTTPError(503, "There is no picture: {}.".format(reason), advice)


def _frame_size(text):
    """Return the name of a frame size, None for no text; raises HTTPError."""
    if text is None:
        return None
    try:
        return size_name(value_of("framesize", text))
    except BadArgument:
        names = ", ".join(CHOICES["framesize"])
        raise HTTPError(400, "size must be one of {}.".format(names)) from None


def _interval_ms(fps):
    """Return the least time between two pictures, 0 for no limit; raises HTTPError."""
    if fps is None:
        return 0
    try:
        return int(1_000 / rate(fps))
    except BadArgument as e:
        raise HTTPError(400, "fps must be {}.".format(e)) from None
