"""The composition root: the only module that knows all components and how they are connected.

A part of it is in `app.deepsleep`, because most cameras never sleep.
"""

# long: a part of it elsewhere would have to know the rest

import gc

from micropython import const

from aio.backoff import Backoff
from aio.connect import Connector
from aio.deadline import Deadlines
from aio.listener import Budget, Listener
from aio.offloop import OffLoop
from aio.supervisor import Supervisor
from app.button import Button, ButtonActions
from app.camera import params
from app.camera.camera import Camera
from app.camera.frames import Frames
from app.clock import Clock
from app.commands import Commands
from app.console.console import Consoles
from app.console.improv import Improv
from app.console.telnet import TelnetServer
from app.console.uart import UARTConsole
from app.http.auth import Access
from app.http.headers import Headers
from app.http.images import Images
from app.http.server import HTTPServer
from app.identity import device_id, host_name
from app.led import LED, LEDState
from app.log import Log
from app.memory import Exhausted, Memory
from app.mqtt.commands import CommandHandler
from app.mqtt.connection import Connection
from app.mqtt.outbox import Outbox
from app.mqtt.publisher import ImagePublisher
from app.mqtt.receiver import Receiver
from app.mqtt.session import MQTTSession
from app.mqtt.states import SETTINGS, States
from app.mqtt.telemetry import Telemetry
from app.mqtt.topics import Topics
from app.ota.firmware_state import FirmwareState
from app.ota.releases import Releases
from app.ota.report import Report
from app.ota.trial import Trial
from app.ota.update_state import UpdateState
from app.ota.updater import Updater
from app.power import Power
from app.restart import Restart
from app.settings.schema import AT_ONCE, CLOCK, HASHED, LOG, NAMESPACE, RECONNECT, REJOIN, RESTART
from app.settings.settings import Settings
from app.status import Status
from app.syslog import Syslog
from app.watchdog import Feeder, SafeMode
from app.wifi.roaming import Roaming
from app.wifi.station import WiFiLink
from config import board, limits, product
from hal import appslot, chip, flash, otadata, sensor, sntp
from hal.nvs import NVS
from hal.pins import Dimmer, Input, Output
from hal.stdio import Stdio
from hal.wifi import SoftAP, Station

_HTTP_PORT, _TELNET_PORT = const(80), const(23)


class System:
    """All components, made and connected; `start` hands them to the supervisor."""

    def __init__(self):
        self.id = device_id(chip.mac())
        self.log = Log(print)
        self._make_settings()
        self.deadlines = Deadlines()
        self.off_loop = OffLoop()
        self.connector = Connector(self.off_loop, self.deadlines)
        self.supervisor = Supervisor(self.log, Backoff, Exhausted)
        self.power = Power(Dimmer(board.POWER), self.settings, self.log)
        self._make_network()
        self._make_consoles()
        self._make_camera()
        self._make_mqtt()
        self._make_status()
        self._make_button()
        self._make_releases()
        self._make_updater()
        self._make_servers()
        self.sleep = None
        self.motion = None
        if sensor.has_psram():
            self._make_motion()
            self._make_privacy()
            self._make_sleep()
        self._connect()

    def _make_settings(self):
        self.settings = Settings(NVS(NAMESPACE), self.log, self.id)
        self.log.settings = self.settings
        self.topics = Topics(self.settings, self.id, self.settings["topiclayout"])
        self.commands = Commands(self.settings)

    def _make_consoles(self):
        self.consoles = Consoles(self.commands, self.log)
        improv = Improv(
            self.settings, self.wifi, self.log, (product.NAME, product.VERSION, chip.FAMILY)
        )
        self.serial = UARTConsole(Stdio(), self.consoles, improv)
        self.log.write = self.consoles.show
        self.log.info("system", "{} {}".format(product.NAME, product.VERSION))

    def _make_network(self):
        self.host = host_name(self.id, self.settings["topic"], self.settings["name"])
        self.station = Station(self.host)
        self.wifi = WiFiLink(
            self.station, SoftAP(self.id), self.settings, self.log, Backoff, self.off_loop
        )
        self.clock = Clock(sntp, self.off_loop, self.settings, self.wifi.up, self.log, Backoff)
        self.syslog = Syslog(self.log, self.settings, self.wifi.up, self.off_loop, self.id)

    def _make_camera(self):
        stored = NVS(params.NAMESPACE)
        found, missing = None, ""
        try:
            found = sensor.find(board.CAMERA)
        except sensor.NoCamera as e:
            missing = str(e)
        self.camera = Camera(
            found,
            self.log,
            Backoff,
            params.load(stored, self.log),
            chip.free_bytes,
            missing=missing,
        )
        self.camera.set_clock(self.settings["xclk"])
        self.settings.also_check("xclk", self.camera.check_clock)
        self.frames = Frames(self.camera, self.log)
        self.params = params.Params(self.camera, stored, self.frames.invalidate)

    def _make_mqtt(self):
        self.connection = Connection(
            self.connector, self.settings, self.topics, self.wifi.up, self.clock.set, self.log
        )
        self.led_state = LEDState(self.wifi)
        self.led = LED(Output(board.LED, board.LED_ON), self.led_state.now)
        self.states = States(self.commands, self.topics, self.settings)
        self.handler = CommandHandler(
            self.commands,
            self.topics,
            self.states,
            self.log,
            self.consoles.show,
            self.led.show,
        )
        self.outbox = Outbox()
        self.session = MQTTSession(
            self.connection,
            Receiver(self.handler),
            self.outbox,
            self.settings,
            self.topics,
            self.log,
            Backoff,
        )
        self.states.session = self.led_state.session = self.session
        self.session.announce = self.handler.announce
        self.discovery = self._discovery() if sensor.has_psram() else None
        self.publisher = ImagePublisher(
            self.frames, self.session, self.settings, self.topics.image, self.log, self.power
        )

    def _discovery(self):
        # lazy import: a board without PSRAM has no room for it, and no pictures to announce
        from app.mqtt.discovery import Discovery

        return Discovery(
            self.session,
            self.handler,
            self.settings,
            self.topics,
            self.camera,
            self.wifi,
            chip.mac(),
            self.log,
        )

    def _make_servers(self):
        budget = Budget(limits.CONNECTIONS)
        access = Access(self.settings, self.wifi, self.host)
        headers = Headers(self.clock, self.settings)
        self.images = Images(self.frames, headers)
        self.http_server = server = HTTPServer(
            access,
            headers,
            self.images,
            self.settings,
            self.commands,
            self.wifi,
            self.status,
            self.updater,
            self.publisher,
            self.log,
            self.id,
            self.memory,
        )
        self.http = Listener(
            _HTTP_PORT, server.serve, server.busy, self.deadlines, self.log, budget
        )
        telnet = TelnetServer(self.consoles, access, product.NAME + " " + product.VERSION)
        self.telnet = Listener(
            _TELNET_PORT,
            telnet.serve,
            telnet.refuse,
            self.deadlines,
            self.log,
            budget,
            limits.TELNET_CONSOLES,
            self.images.drop_viewer,
            patient=True,
        )
        self.rtsp = None
        if sensor.has_psram():
            self._make_rtsp(access, budget)

    def _switched(self, is_on, make):
        """Return a component that follows the settings; without PSRAM there is none."""
        from aio.switched import Switched  # lazy: without PSRAM there is no memory for it

        switched = Switched(is_on, make)
        self.settings.on_change(0, switched.check)
        return switched

    def _make_rtsp(self, access, budget):
        self.rtsp = self.status.rtsp = self._switched(
            lambda: self.settings["rtsp"], lambda: self._new_rtsp(access, budget)
        )
        self.settings.on_change(HASHED, self._end_rtsp_clients)

    def _new_rtsp(self, access, budget):
        # lazy import: most cameras never need it
        from app.rtsp import RTSPServer

        return RTSPServer(
            self.frames,
            self.images,
            access,
            self.settings,
            self.wifi,
            self.clock,
            self.log,
            self.deadlines,
            budget,
            self.host,
        )

    def _end_rtsp_clients(self):
        if self.rtsp.running:
            self.rtsp.running.end_all()

    def _make_motion(self):
        settings = self.settings
        self.album = self._new_album(limits.MOTION_BYTES)
        self.motion = self.status.motion = self._switched(
            lambda: settings["motion"] and not settings["privacy"], self._new_motion
        )
        settings.also_check("motionpin", self._check_motion_pin)

    def _check_motion_pin(self, number):
        # lazy import: most cameras never need it
        from app.motion.pin import check_pin

        check_pin(number, board.SENSOR_PINS, board.OTHER_PINS)

    def _new_motion(self):
        # lazy import: most cameras never need it
        from app.motion.motion import Motion
        from app.motion.pictures import EventPictures
        from app.motion.pin import PinWatcher
        from app.motion.watcher import PictureWatcher

        settings, log = self.settings, self.log
        pictures = EventPictures(
            self.album, self.frames, self.session, settings, self.topics, self.publisher.meta
        )
        pictures.parts = self.exif.parts
        motion = Motion(settings, self.session, self.topics, self.clock, log, pictures)
        view = PictureWatcher(self.frames, self.power, settings, pictures, motion.note, log)
        self.camera.watchers.append(view.relearn)
        motion.watch(view, PinWatcher(Input, settings, motion.note))
        return motion

    def _make_privacy(self):
        from app.privacy import Privacy  # lazy: without PSRAM there are no pictures

        kept, frames, album = self.kept, self.frames, self.album
        privacy = Privacy(
            self.settings,
            frames,
            (self.images, kept, self.push, album),
            lambda: bool(frames.leased() or kept.sending or album.sending),
            self.session.reconnect,
            self.log,
        )
        self.publisher.privacy = self.led_state.privacy = self.actions.privacy = privacy
        self.settings.settle_with(privacy.settle)
        self.settings.on_change(AT_ONCE, privacy.follow)

    def _make_sleep(self):
        settings = self.settings
        is_on_at_start = bool(settings["deepsleep"])
        self.sleep = self.status.sleep = self._switched(
            lambda: settings["deepsleep"], lambda: self._deep_sleep().new_sleeper(is_on_at_start)
        )
        if is_on_at_start or chip.reset_cause() == chip.WOKEN:
            self._deep_sleep().resume()

    def _deep_sleep(self):
        from app.deepsleep import DeepSleep  # lazy: most cameras never sleep

        return DeepSleep(self)

    def _make_status(self):
        self.memory = Memory(chip)
        self.status = Status(
            self.settings,
            self.topics,
            self.power,
            self.wifi,
            self.connection,
            self.session,
            self.publisher,
            self.handler,
            self.camera,
            self.frames,
            self.supervisor,
            self.log,
            chip,
            self.memory,
        )
        self.telemetry = Telemetry(
            self.session, self.settings, self.topics, self.clock, self.log, self.status.figures
        )
        self.status.on_status = self.telemetry.request
        self.status.clock = self.clock
        self.kept = self.push = self.exif = self.live = None
        if sensor.has_psram():
            self._make_outlets()

    def _make_outlets(self):
        """Make what sends pictures besides the publisher, and what else it needs for them."""
        # lazy imports: without PSRAM there are no pictures, and no memory
        from app.camera.exif import Exif
        from app.mqtt.kept import Kept
        from app.mqtt.meta import Meta
        from app.push import HTTPPush
        from app.schedule import Schedule

        self.push = self.status.push = HTTPPush(
            self.frames, self.connector, self.settings, self.wifi.up, self.clock, self.log
        )
        self.kept = self.status.kept = Kept(
            self._new_album(limits.KEPT_BYTES),
            self.frames,
            self.session,
            self.settings,
            self.topics,
            self.clock,
            self.log,
        )
        self.exif = Exif(self.settings, self.clock)
        self.push.parts = self.kept.parts = self.publisher.sender.parts = self.exif.parts
        self.publisher.sinks += (self.push, self.kept)
        self.publisher.meta = Meta(self.session, self.settings, self.topics.meta, self.clock)
        self.publisher.schedule = self.status.schedule = Schedule(self.settings, self.clock)
        self.live = self.status.live_view = self._switched(
            lambda: self.live.is_made(), self._new_live
        )

    def _new_album(self, most_bytes):
        from app.mqtt.album import Album  # lazy: without PSRAM there are no pictures

        return Album(
            self.publisher.sender,
            self.session,
            self.log,
            chip.free_bytes,
            most_bytes,
            limits.KEPT_RESERVE_BYTES,
        )

    def _new_live(self):
        from app.mqtt.live import Live  # lazy: most cameras never need it

        live = Live(
            self.frames,
            self.publisher.sender,
            self.session,
            self.topics,
            self.clock,
            self.log,
        )
        self.settings.on_change(AT_ONCE, live.follow)  # privacy
        return live

    def _make_button(self):
        self.restart = Restart(self.settings, self.params, self.session, chip, self.log)
        self.led_state.restart = self.restart
        self.restart.discovery = self.discovery
        actions = ButtonActions(
            self.power, self.led, self.wifi, self.restart, self.log, self.states.event
        )
        self.actions = actions
        self.button = Button(Input(board.BUTTON).on, actions, self.log)

    def _make_releases(self):
        self.releases = Releases(
            self.settings,
            self.connector,
            self.wifi.up,
            self.clock.set,
            self.log,
            lambda: self.updater.job,
        )

    def _make_updater(self):
        nvs = NVS(NAMESPACE)
        report = Report(self.session, self.topics, self.log)
        self.trial = trial = Trial(
            flash,
            otadata,
            appslot,
            nvs,
            self.settings,
            self.wifi,
            self.session,
            self.frames,
            self.restart,
            self.log,
            report,
            lambda: self.updater.job,
        )
        self.updater = self.led_state.updater = Updater(
            self.settings,
            self.topics,
            self.session,
            self.handler,
            self.connector,
            self.frames,
            flash,
            appslot,
            nvs,
            self.restart,
            self.log,
            self.consoles.show,
            report,
            trial,
            self.releases,
        )
        self._describe_updates(report, trial)

    def _describe_updates(self, report, trial):
        """Describe the updates to hubs and to the pages."""
        self.update_state = UpdateState(
            self.settings, self.releases, self.updater, report, trial, self.states.changed
        )
        self.status.firmware = FirmwareState(
            self.settings,
            flash,
            appslot,
            self.updater,
            trial,
            report,
            self.releases,
            self.clock,
            self.log,
        )

    def _connect(self):
        states = self.states
        if self.exif:
            self.images.parts = self.exif.parts
        self.commands.own(
            status=self.status,
            power=self.power,
            publisher=self.publisher,
            live=self.live and self.live.use,
            params=self.params,
            clock=self.clock,
            wifi=self.wifi,
            system=self.restart,
            updater=self.updater,
            trial=self.trial,
            update=self.update_state,
        )
        self.settings.on_change(RESTART, self.restart.request)
        self.settings.on_change(RECONNECT, self.session.reconnect)
        self.settings.on_change(RECONNECT, self.publisher.sender.forget_limit)
        self.settings.on_change(REJOIN, self.wifi.rejoin)
        self.settings.on_change(LOG, self.log.follow)
        self.settings.on_change(HASHED, self.images.drop_viewers)
        self.settings.on_change(HASHED, self.telnet.end_all)
        self.settings.on_change(HASHED, self.updater.revoke)
        self.settings.on_change(CLOCK, self._reclock)
        self.settings.on_change(0, lambda: states.changed(SETTINGS))
        self.power.watchers.append(lambda: states.changed("power"))
        self.camera.watchers.append(lambda: states.changed("params"))
        self.log.follow()
        if appslot.safe_mode():
            parts = self.frames, self.camera, self.clock, self.restart, self.updater
            safe_mode = SafeMode(*parts, chip.attempts(), self.log)
            self.status.safe_mode = self.led_state.safe_mode = safe_mode

    def _reclock(self):
        self.camera.set_clock(self.settings["xclk"])
        self.frames.invalidate()

    def start(self):
        """Return the supervisor, which runs all components."""
        # long: the table of all components
        if self.status.safe_mode:
            self.supervisor.add("safe mode", self.status.safe_mode)
        for name, component in (
            ("deadlines", self.deadlines),
            ("watchdog", Feeder(chip.Watchdog(limits.WATCHDOG_MS), chip.healthy)),
            ("settings", self.settings),
            ("serial", self.serial),
            ("led", self.led),
            ("button", self.button),
            ("wifi", self.wifi),
            ("roaming", Roaming(self.wifi, self.settings, self._is_busy, self.log)),
            ("clock", self.clock),
            ("frames", self.frames),
            ("frame memory", self.frames.pool),
            ("mqtt", self.session),
            ("mqtt commands", self.handler),
            ("publisher", self.publisher),
            ("http", self.http),
            ("http server", self.http_server),
            ("telnet", self.telnet),
            ("rtsp", self.rtsp),
            ("sleep", self.sleep),
            ("motion", self.motion),
            ("power", self.power),
            ("states", self.states),
            ("telemetry", self.telemetry),
            ("memory", self.memory),
            ("syslog", self.syslog),
            ("updater", self.updater),
            ("releases", self.releases),
            ("update state", self.update_state),
            ("restart", self.restart),
            ("kept pictures", self.kept),
            ("live view", self.live),
            ("push", self.push),
            ("discovery", self.discovery),
        ):
            if component is not None:  # some need PSRAM
                self.supervisor.add(name, component)
        gc.threshold(max(limits.GARBAGE_BYTES, self.memory.measure() // 4))
        return self.supervisor

    def _is_busy(self):
        """Return True while there is a viewer or an update."""
        return self.is_watched() or self.updater.state != "idle"

    def is_watched(self):
        """Return True while there is a viewer, here or of the live view through the broker."""
        is_live = self.status.live and self.status.live.left_s
        return bool(self.images.viewers or is_live)
