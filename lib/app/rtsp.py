"""RTSP server: the live picture for recorders, at every path of `rtsp://camera`."""

import asyncio
import os

from micropython import const

from aio.listener import Listener
from app.camera.camera import CameraFault
from app.rtspplayer import Player, Turn
from config import limits
from proto.http import HTTPError
from proto.rtpjpeg import Headers, Unsuitable
from proto.rtsp import Requests, RTSPError, channels, description, response

PORT = const(554)
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
_ALLOWED = "Public: " + _METHODS + "\r\n"
_LOGIN = 'WWW-Authenticate: Basic realm="camera"\r\n'
_BUSY = "The camera has no RTSP session left: close another client"


class RTSPServer:
    """Listens while it runs; its clients count as viewers of `images`."""

    def __init__(
        self, frames, images, access, settings, wifi, clock, log, deadlines, budget, name,
        port=PORT,
    ):  # fmt: skip
        self.frames = frames
        self.images = images
        self.access = access
        self.settings = settings
        self.wifi = wifi
        self.clock = clock
        self.log = log
        self.name = name  # of the camera, in reports
        self._budget = budget
        self._refused = ""
        self._listener = Listener(
            port, self.serve, self.refuse, deadlines, log, budget, limits.RTSP_SESSIONS
        )
        self.sessions = 0  # that play

    async def run(self):
        self._budget.reserved += 1  # the listening socket, one of the chip's ten
        try:
            await self._listener.run()
        finally:
            self._budget.reserved -= 1

    def end_all(self):
        """End all connections, because the password has changed."""
        self._listener.end_all()

    async def serve(self, stream):
        """Answer the requests of a connection until it ends."""
        client = _Client(self, stream)
        try:
            await client.run()
        finally:
            stream.abort()
            await client.stop()

    async def refuse(self, stream):
        """Refuse a connection, because all sessions play or no socket is free."""
        await stream.send(response(503, _BUSY, "1"))  # clients count from 1

    def note(self, reason):
        """Log why the picture can't be sent; clients that try again do not fill the log."""
        if reason and reason != self._refused:
            self.log.error("rtsp", "no stream: {}".format(reason))
        self._refused = reason


class _Client:
    """A connection, with at most one session, from SETUP to TEARDOWN."""

    def __init__(self, server, stream):
        self._server = server
        self._stream = stream
        peer = stream.get_extra_info("peername")
        self._address = peer[0] if peer else ""
        self._admitted = False
        self._session = ""
        self._player = None
        self._turn = Turn()

    async def run(self):
        requests = Requests()
        try:
            while True:
                request = requests.next()
                if request:
                    await self._answer(request)
                else:
                    patience_ms = limits.RTSP_SESSION_MS if self._session else limits.STALL_MS
                    got = await self._stream.recv_into(requests.space(), patience_ms)
                    if not got:
                        return
                    requests.add(got)
                await asyncio.sleep_ms(0)  # yield, also when there is always something to read
        except RTSPError as e:
            await self._send(response(e.status, e))

    async def _answer(self, request):
        try:
            await self._admit(request)
            if request.method not in _METHODS.split(", "):
                raise RTSPError(501, "Not Implemented", _ALLOWED)
            if "require" in request.headers:
                lines = "Unsupported: {}\r\n".format(request.headers["require"])
                raise RTSPError(551, "Option not supported", lines)
            reply = await getattr(self, "_" + request.method.lower())(request)
        except RTSPError as e:
            reply = response(e.status, e, request.headers["cseq"], e.lines)
        await self._send(reply)
        if self._player:  # the response to PLAY precedes the first picture
            self._player.start()

    async def _send(self, reply):
        await self._turn.wait()
        self._turn.taken = True
        try:
            await self._stream.send(reply)
        finally:
            self._turn.end()

    async def stop(self):
        """End the session."""
        self._session = ""
        player, self._player = self._player, None
        if player:
            await player.stop()

    async def _admit(self, request):
        """Check the login, once on a connection; OPTIONS needs none."""
        if request.method == "OPTIONS" or self._admitted:
            return
        access = self._server.access
        if not access.open:
            given = request.headers.get("authorization", "")
            status = await access.log_in_basic(given, self._address)
            if status == 429:
                wait_s = max(access.wait_s(self._address), 1)
                text = "Too many wrong passwords: try again in {} s".format(wait_s)
                raise RTSPError(503, text, "Retry-After: {}\r\n".format(wait_s))
            if status:
                raise RTSPError(401, "Unauthorized: any user name, and the admin password", _LOGIN)
        self._admitted = True

    # Methods

    async def _options(self, request):
        return request.respond(_ALLOWED)

    async def _describe(self, request):
        await self._check_picture()
        server = self._server
        name = server.settings["name"] or server.settings["topic"]
        body = description(int.from_bytes(os.urandom(3), "big"), server.wifi.address(), name)
        lines = "Content-Base: {}\r\nContent-Type: application/sdp\r\n".format(request.base)
        return request.respond(lines, body)

    async def _setup(self, request):
        pair = channels(request.headers.get("transport", ""))
        if not pair:
            raise RTSPError(461, "Unsupported Transport: use RTP over TCP (interleaved)")
        if self._session:
            raise RTSPError(455, "Method Not Valid in This State: the stream is set up")
        await self._check_picture()
        self._player = Player(self._server, self._stream, self._turn, pair)
        self._session = os.urandom(8).hex()
        lines = "Transport: RTP/AVP/TCP;unicast;interleaved={}-{};ssrc={:08X}\r\n"
        lines = lines.format(pair[0], pair[1], self._player.packets.ssrc)
        return request.respond(lines + self._session_line())

    async def _play(self, request):
        self._check_session(request)
        frames = self._server.frames
        reason = frames.withheld or frames.absent()
        if reason:
            raise self._no_picture(reason)
        try:
            self._player.reserve()
        except HTTPError as e:
            raise RTSPError(503, str(e)) from None
        info = "Range: npt=now-\r\nRTP-Info: url={}track1;seq={}\r\n"
        info = info.format(request.base, self._player.packets.seq)
        return request.respond(self._session_line() + info)

    async def _pause(self, request):
        self._check_session(request)
        await self._player.stop()
        return request.respond(self._session_line())

    async def _teardown(self, request):
        self._check_session(request)
        await self.stop()
        return request.respond()

    async def _get_parameter(self, request):
        """Keep the session; no parameter is known."""
        if "session" in request.headers:
            self._check_session(request)
        if request.body_bytes:
            raise RTSPError(451, "Parameter Not Understood")
        return request.respond(self._session_line())

    _set_parameter = _get_parameter

    def _session_line(self):
        if not self._session:
            return ""
        return "Session: {};timeout={}\r\n".format(self._session, limits.RTSP_SESSION_MS // 1_000)

    def _check_session(self, request):
        given = request.headers.get("session", "").partition(";")[0].strip()
        if not self._session or given != self._session:
            raise RTSPError(454, "Session Not Found")

    async def _check_picture(self):
        """Refuse a client with the reason if there is no picture, or one that RTP can't carry."""
        server = self._server
        try:
            async with server.frames.fresh() as frame:
                Headers(frame.view)
        except CameraFault as e:
            raise self._no_picture(e) from None
        except Unsuitable as e:
            server.note(str(e))
            raise RTSPError(415, "RTSP can't send this picture: {}".format(e)) from None
        server.note("")

    def _no_picture(self, reason):
        status = 403 if self._server.frames.withheld else 503
        return RTSPError(status, "There is no picture: {}".format(reason))
