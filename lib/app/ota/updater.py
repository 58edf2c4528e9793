"""Updates, one at a time: by MQTT ("push"), from `otaurl` ("pull"), in an HTTP request ("upload").

The modules that install an update are imported when one begins, and stay loaded: updates are rare,
and where the application is files, loading them at the start would delay the first picture.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from app.ota.releases import is_manifest
from config import product
from proto.uri import parse_url
from proto.values import BadArgument, confirmed

_REVOKED = "the admin password has changed meanwhile; the camera keeps its firmware"
UNCONFIRMED = "Running image not confirmed"
_POLL_MS = const(250)
_TIDY_MS = const(60_000)


class Updater:
    """`state` is idle, waiting, writing or installed; `job` is push, pull, upload or None.

    `flash` and `copies` are hal.flash and hal.appslot; `show(text)` shows progress on consoles.
    """

    def __init__(
        self,
        settings,
        topics,
        session,
        handler,
        connector,
        frames,
        flash,
        copies,
        nvs,
        restart,
        log,
        show,
        report,
        trial,
        releases,
        tidy_ms=_TIDY_MS,
    ):
        self._settings = settings
        self._topics = topics
        self._session = session
        self._handler = handler
        self._connector = connector
        self._frames = frames
        self._flash = flash
        self._copies = copies
        self._nvs = nvs
        self._restart = restart
        self._log = log
        self._show = show
        self._report = report
        self._trial = trial
        self._releases = releases
        self._tidy_at = ticks_add(ticks_ms(), tidy_ms)
        self._source = None  # of a push or a pull
        self._stoppable = None  # task of a pull or an upload
        self._stopped = ""  # the reason, once a command or a new password ends it
        self.state = "idle"
        self.job = None

    async def run(self):
        """Finish the last update; then run pushes and pulls. Requests run uploads themselves."""
        try:
            await self._trial.judge()
        except OSError as e:  # NVS is full: updates must work anyway
            self._log.error("update", "the last update is not noted: {}".format(e))
        while True:
            await self._idle()
            try:
                await self._until_stopped(self._run_source())
            except BadArgument:  # reported already
                pass

    async def _idle(self):
        """Wait for a push or a pull; meanwhile send a result that no broker has received."""
        while not self._source:
            await self._report.flush()
            await asyncio.sleep_ms(_POLL_MS)
            if self._tidy_at is not None and ticks_diff(ticks_ms(), self._tidy_at) > 0:
                self._tidy()

    def _tidy(self):
        """Remove the archive that an interrupted update has left, unless an upload is under way.

        Not at the start: the first change of littlefs searches all of it for free blocks, which
        blocks the loop for about half a second.
        """
        if not self.job:
            self._tidy_at = None
            for path in self._copies.tidy():
                self._log.info("update", path + " of an interrupted update is removed")

    async def _run_source(self):
        try:
            await self._source.run()
        finally:
            self._source = None
            self._end()

    async def _until_stopped(self, work):
        """Run a pull or an upload, and return its result; BadArgument if `_stop` ends it."""
        self._stopped = ""
        self._stoppable = asyncio.create_task(work)
        try:
            return await self._stoppable  # a cancellation is passed on to it
        except asyncio.CancelledError:
            if not self._stopped:
                raise
        finally:
            self._stoppable = None
        error = BadArgument(self._stopped)
        await self._report.failed(error)
        raise error

    def _stop(self, reason="stopped by a command"):
        """End the update that is under way; return False if it is installed already."""
        if self.state == "installed":
            return False
        if self.job == "push":
            self._source.stop()
        elif self._stoppable:
            self._stopped = reason
            self._stoppable.cancel()
        return True

    def cmd_upgrade(self, argument):
        """Install the update that `otaurl` names, or its manifest; 0 ends any update."""
        if argument == "0":
            if not self.job:
                return "off"
            return "stopped" if self._stop() else "busy"
        if argument != "force":
            confirmed(argument, "upgrade")
        url = self._settings["otaurl"]
        if not url:
            raise BadArgument("otaurl is not set")
        source = self._source_of(url, argument == "force")
        refusal = self._refusal()
        if refusal:
            return refusal
        self._begin("pull", source)
        return "Upgrade " + (self._flash.running().description()[1] or product.VERSION)

    def _source_of(self, url, force):
        """Return the source for an `otaurl`; raises BadArgument."""
        from app.ota.http_source import HTTPSource  # lazy imports: see the top
        from app.ota.release_source import ReleaseSource

        parsed = parse_url(url)
        tools = self._connector, self._settings, self._log, self._report
        if not is_manifest(url):
            return HTTPSource(parsed, *tools, self.install, force)
        return ReleaseSource(
            url, *tools, self._flash, self._releases, self._reply, self.install, force
        )

    async def _reply(self, text):
        self._show("upgrade = " + text)
        await self._handler.states.publish("upgrade", text)

    def cmd_mqttotastart(self, argument):
        """Receive an update by MQTT; the reply `on` follows once the camera listens for it.

        0 ends any update.
        """
        argument = {"on": "1", "off": "0"}.get(argument.lower(), argument)
        if not argument:
            return "on" if self.job == "push" else "off"
        if argument == "0":
            if not self.job:
                return "off"
            is_push = self.job == "push"
            if not self._stop():
                return "busy"
            return None if is_push else "off"  # the source of a push replies itself
        if argument not in ("1", "force"):
            raise BadArgument("1 | force | 0")
        refusal = self._refusal()
        if refusal:
            return refusal
        from app.ota.mqtt_source import MQTTSource  # lazy import: see the top

        source = MQTTSource(
            self._session,
            self._topics,
            self._handler,
            self._log,
            self._show,
            self.install,
            argument == "force",
        )
        self._begin("push", source)
        return None

    async def upload(self, read, total, force=False, keep=None):
        """Install an update; return (HTTP status, text). Arguments as in install."""
        refusal = self._refusal()
        if refusal:
            return 409, refusal
        self._begin("upload")
        try:
            target = await self._until_stopped(self.install(read, total, force, keep))
            text = "{} is installed; the camera restarts".format(target.name)
            return 200, text + (target.lost and ". Forced although " + target.lost)
        except BadArgument as e:
            return 401 if self._stopped == _REVOKED else 422, str(e)
        finally:
            self._end()

    def revoke(self):
        """End an upload, because the password that admitted it is replaced."""
        if self.job == "upload":
            self._stop(_REVOKED)

    async def install(self, read, total=0, force=False, keep=None):
        """Write an update, and request the restart into it; return it, as Install.run does.

        `await read(view)` fills the start of `view` and returns the number of bytes, 0 at the end;
        `total` is 0 if unknown; `force` accepts an older or once failed version, and updates from
        and to images without a name; `keep` says whether it confirms itself once it works, None
        leaves that to the trial. BadArgument: the update is refused, and the camera stays as it
        is. OSError: `read` failed.
        """
        from app.ota.install import Install  # lazy import: see the top

        self.state = "writing"
        install = Install(
            self._flash,
            self._copies,
            self._nvs,
            self._settings,
            self._frames,
            self._log,
            self._report,
            self._show,
        )
        target = await install.run(read, total, force, keep)
        self.state = "installed"
        self._log.info("update", target.name + " is installed")
        try:
            lost = {"lost": target.lost} if target.lost else {}
            await self._report.result("installed", version=target.version, **lost)
        finally:  # also if the request or the session that carried the update is cancelled
            self._restart.request()
        return target

    def _refusal(self):
        """Return the reason why no update can begin now, or ""."""
        if self.job:
            return "busy"
        return UNCONFIRMED if self._trial.unconfirmed else ""

    def _begin(self, job, source=None):
        self._report.begin()
        self.job = job
        self.state = "waiting"
        self._source = source

    def _end(self):
        """Allow the next update, unless the restart into this one is due."""
        if self.state != "installed":
            self.job = None
            self.state = "idle"
