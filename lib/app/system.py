"""The composition root: the only file that knows everything. Every arrow is an argument here."""

import gc

from micropython import const

from aio.backoff import Backoff
from aio.connect import Dialler
from aio.deadline import Deadlines
from aio.late import borrow, lender
from aio.listener import Budget, Listener
from aio.offloop import OffLoop
from aio.supervisor import Supervisor
from app.button import Button, Hands
from app.camera import params
from app.camera.camera import Camera
from app.camera.frames import Frames
from app.clock import Clock
from app.commands import Commands
from app.console.console import Consoles
from app.console.telnet import TelnetDoor
from app.console.uart import SerialConsole
from app.http.auth import Access
from app.http.headers import Headers
from app.http.images import Images
from app.http.server import HTTPServer
from app.led import LED, LEDState
from app.log import Log
from app.mqtt.commands import CommandDoor
from app.mqtt.connection import BrokerLink
from app.mqtt.outbox import Outbox
from app.mqtt.publisher import ImagePublisher
from app.mqtt.receiver import Inbound
from app.mqtt.session import MQTTSession
from app.mqtt.telemetry import Telemetry
from app.mqtt.topics import Topics
from app.ondemand import OnDemand
from app.ota.updater import Updater
from app.power import Power, PowerReport
from app.restart import Restart
from app.settings.settings import Settings
from app.status import Status
from app.watchdog import Feeder
from app.wifi.station import WiFiLink
from config import board, product
from hal import chip, sensor
from hal.nvs import NVS
from hal.pins import Input, Output
from hal.stdio import Console
from hal.wifi import Station
from proto.mqtt import next_id

_HTTP_PORT, _TELNET_PORT = const(80), const(23)
_CONNECTIONS = const(6)  # of ten sockets: two listen, one has the broker, one is for datagrams
_CONSOLES = const(2)
_WATCHDOG_MS = const(30_000)  # longer than the slowest step of a TLS handshake
_LEAST_GARBAGE = const(8_192)  # bytes between two collections; a collection takes some ms
_PROMPT_MS = const(3_600_000)  # the watchdog cannot be stopped, only be made patient


class System:
    """All components, made and connected; `run` starts them."""

    def __init__(self):
        self.id = borrow("app.identity").device_id(chip.mac())
        self.log = Log(print)
        self._make_settings()
        self.deadlines = Deadlines()
        self.off_loop = OffLoop()
        self.dialler = Dialler(self.off_loop, self.deadlines)
        self.supervisor = Supervisor(self.log, Backoff)
        self.power = Power(Output(board.POWER), self.settings)
        self._make_consoles()
        self._make_network()
        self._make_camera()
        self._make_mqtt()
        self._make_status()
        self._make_hands()
        self._make_updater()
        self._make_servers()
        self._connect()

    def _make_settings(self):
        self.settings = Settings(NVS(borrow("app.settings.schema").NAMESPACE), self.log, self.id)
        self.log.settings = self.settings
        self.topics = Topics(self.settings, self.id)
        self.commands = Commands(self.settings)

    def _make_consoles(self):
        self.consoles = Consoles(self.commands, self.log)
        self.serial = SerialConsole(Console(), self.consoles.open("uart"))
        self.log.write = self.consoles.say
        self.log.info("system", "{} {}".format(product.NAME, product.VERSION))

    def _make_network(self):
        self.host = borrow("app.identity").host_name(self.id, self.settings["topic"])
        station = Station(self.host)
        ap = "hal.ap", self.id
        self.wifi = WiFiLink(station, self.settings, self.log, Backoff, self.off_loop, ap)
        sntp = lender("hal.sntp")
        self.clock = Clock(sntp, self.off_loop, self.settings, self.wifi.up, self.log, Backoff)
        syslog = (self.log, self.settings, self.wifi.up, self.off_loop, self.id)
        self.syslog = OnDemand(self.settings, "syslog", "app.syslog", "Syslog", *syslog)

    def _make_camera(self):
        stored = NVS(params.NAMESPACE)
        self.camera = Camera(
            sensor.find(board.CAMERA),
            self.log,
            Backoff,
            params.load(stored, self.log),
            chip.free_bytes,
        )
        self.frames = Frames(self.camera, self.log)
        self.params = params.Params(self.camera, stored, self.frames.invalidate)

    def _make_mqtt(self):
        self.link = BrokerLink(
            self.dialler,
            self.settings,
            self.topics,
            self.wifi.up,
            self.clock.set,
        )
        self.led_state = LEDState(self.wifi)
        self.led = LED(Output(board.LED, board.LED_ON), self.led_state.now)
        self.door = CommandDoor(
            self.commands, self.topics, self.log, self.consoles.say, self.led.show
        )
        self.session = MQTTSession(
            self.link,
            Inbound(self.door, self.log),
            Outbox(next_id),
            self.settings,
            self.topics,
            self.log,
            Backoff,
        )
        self.door.session = self.led_state.session = self.session
        self.session.greet = self.door.greet
        self.publisher = ImagePublisher(
            self.frames, self.session, self.settings, self.topics.image
        )

    def _make_servers(self):
        budget = Budget(_CONNECTIONS)
        access = Access(self.settings, self.wifi, self.host)
        headers = Headers(self.clock)
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
            self.log,
            self.id,
        )
        self.http = Listener(
            _HTTP_PORT, server.serve, server.busy, self.deadlines, self.log, budget, _CONNECTIONS
        )
        door = TelnetDoor(self.consoles, access, "{} {}".format(product.NAME, product.VERSION))
        self.telnet = Listener(
            _TELNET_PORT,
            door.serve,
            door.refuse,
            self.deadlines,
            self.log,
            budget,
            _CONSOLES,
            self.images.drop_viewer,
            patient=True,
        )

    def _make_status(self):
        self.status = Status(
            self.settings,
            self.topics,
            self.power,
            self.wifi,
            self.link,
            self.session,
            self.camera,
            self.frames,
            self.supervisor,
            self.log,
            chip,
        )
        self.telemetry = Telemetry(
            self.session, self.settings, self.topics, self.clock, self.log, self.status.figures
        )
        self.status.asked = self.telemetry.ask

    def _make_hands(self):
        self.restart = Restart(self.settings, self.params, self.session, chip, self.log)
        self.led_state.restart = self.restart
        hands = Hands(self.power, self.led, self.wifi, self.log)
        self.button = Button(
            Input(board.BUTTON).down, hands.press, hands.many, self.restart.erase, self.log
        )

    def _make_updater(self):
        self.updater = self.led_state.updater = Updater(
            self.status,
            lender("hal.flash"),
            lender("hal.otadata"),
            lender("hal.appslot"),
            NVS(borrow("app.settings.schema").NAMESPACE),
            self.door,
            self.restart,
            self.consoles.say,
            self.dialler,
        )

    def _connect(self):
        self.commands.own(
            status=self.status,
            power=self.power,
            publisher=self.publisher,
            params=self.params,
            clock=self.clock,
            wifi=self.wifi,
            system=self.restart,
            updater=self.updater,
        )
        self.settings.when("restart", self.restart.ask)
        self.settings.when("reconnect", self.session.reconnect)
        self.settings.when("rejoin", self.wifi.rejoin)
        self.settings.when("log", self.log.follow)
        self.settings.when("hashed", self.images.drop_viewers)
        self.settings.when("hashed", self.telnet.end_all)
        self.log.follow()

    def start(self):
        """The supervisor of all of them, to be run; nothing here is needed any more."""
        if borrow("hal.appslot").safe_mode():
            mode = borrow("app.safemode").SafeMode(self.frames, self.camera, self.log)
            self.supervisor.add("safe mode", mode)
        for name, component in (
            ("deadlines", self.deadlines),
            ("watchdog", Feeder(chip.Watchdog(_WATCHDOG_MS), chip.healthy)),
            ("settings", self.settings),
            ("serial", self.serial),
            ("led", self.led),
            ("button", self.button),
            ("wifi", self.wifi),
            ("clock", self.clock),
            ("frames", self.frames),
            ("mqtt", self.session),
            ("publisher", self.publisher),
            ("http", self.http),
            ("http server", self.http_server),
            ("telnet", self.telnet),
            ("power", self.power),
            ("report", PowerReport(self.power, self.session, self.door)),
            ("telemetry", self.telemetry),
            ("syslog", self.syslog),
            ("updater", self.updater),
            ("restart", self.restart),
        ):
            self.supervisor.add(name, component)
        gc.collect()
        gc.threshold(max(_LEAST_GARBAGE, gc.mem_free() // 4))
        return self.supervisor


def made():
    """What main.py runs, for ever."""
    return System().start()


def at_prompt():
    """Somebody has interrupted the camera to work at the prompt: do not restart under them."""
    chip.Watchdog(_PROMPT_MS)
