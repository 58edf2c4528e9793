"""The composition root: the only file that knows everything. Every arrow is an argument here."""

import gc

from micropython import const

from aio.backoff import Backoff
from aio.deadline import Deadlines
from aio.listener import Listener
from aio.offloop import OffLoop
from aio.supervisor import Supervisor
from app import tls
from app.brokerlink import BrokerLink
from app.camera import Camera
from app.clock import Clock
from app.cmnddoor import CommandDoor
from app.commands import Commands
from app.consoles import UARTConsole
from app.dial import Dialler
from app.frames import Frames
from app.httpdoor import HTTPDoor
from app.inbound import Inbound
from app.log import Log
from app.mqtt import MQTTSession
from app.power import Power
from app.publisher import ImagePublisher
from app.restart import Restart
from app.schema import NAMESPACE, RECONNECT, REJOIN, RESTART
from app.settings import Settings
from app.status import Status
from app.topics import Topics, device_id, host_name
from app.watchdog import Feeder
from app.web import Web
from app.wifi import WiFiLink
from config import board, product
from hal import chip, sensor, sntp
from hal.nvs import NVS
from hal.pins import Output
from hal.stdio import Console
from hal.wifi import Station
from proto.mqtt import next_id
from proto.outbox import Outbox

_HTTP_PORT = const(80)
_WATCHDOG_MS = const(30_000)  # longer than the slowest TLS handshake step


class System:
    """All components, made and connected; `run` starts them."""

    def __init__(self):
        stdio = Console()
        self.log = Log(stdio.write)
        self.log.info("system", "{} {}".format(product.NAME, product.VERSION))
        self.settings = Settings(
            NVS(NAMESPACE), self.log, device_id(chip.mac()), inspect={"mqttca": tls.check_ca}
        )
        self.topics = Topics(self.settings, device_id(chip.mac()))
        self.deadlines = Deadlines()
        self.off_loop = OffLoop()
        self.supervisor = Supervisor(self.log, Backoff)
        self.commands = Commands(self.settings)
        self.power = Power(Output(board.POWER), self.settings)
        self._make_network()
        self._make_camera()
        self._make_mqtt()
        self._make_web()
        self.console = UARTConsole(stdio, self.commands, self.log)
        self._connect_commands()

    def _make_network(self):
        station = Station(host_name(chip.mac(), self.settings["topic"]))
        self.wifi = WiFiLink(station, self.settings, self.log, Backoff)
        self.clock = Clock(sntp.ask, self.off_loop, self.settings, self.wifi.up, self.log, Backoff)

    def _make_camera(self):
        self.camera = Camera(sensor.find(board.CAMERA), self.log, Backoff)
        self.frames = Frames(self.camera, self.log)

    def _make_mqtt(self):
        dialler = Dialler(self.off_loop, self.deadlines)
        self.link = BrokerLink(
            dialler, tls, self.settings, self.topics, self.wifi.up, self.clock.set
        )
        self.door = CommandDoor(self.commands, self.topics, self.log)
        self.session = MQTTSession(
            self.link,
            Inbound(self.door, self.log),
            Outbox(next_id),
            self.settings,
            self.topics,
            self.log,
            Backoff,
        )
        self.door.session = self.session
        self.session.greet = self.door.greet
        self.publisher = ImagePublisher(
            self.frames, self.session, self.settings, self.topics.image
        )

    def _make_web(self):
        self.web = Web(self.frames, self.topics)
        http = HTTPDoor(self.web.app)
        self.http = Listener(_HTTP_PORT, http.serve, http.busy, self.deadlines, self.log)

    def _connect_commands(self):
        self.restart = Restart(self.settings, self.session, chip, self.log)
        status = Status(
            self.settings,
            self.topics,
            self.power,
            self.wifi,
            self.link,
            self.session,
            self.camera,
            self.supervisor,
            self.log,
            chip,
        )
        self.commands.own(
            status=status, power=self.power, publisher=self.publisher, system=self.restart
        )
        self.settings.when(RESTART, self.restart.ask)
        self.settings.when(RECONNECT, self.session.reconnect)
        self.settings.when(REJOIN, self.wifi.rejoin)

    async def run(self):
        add = self.supervisor.add
        add("deadlines", self.deadlines)
        add("watchdog", Feeder(chip.Watchdog(_WATCHDOG_MS)))
        add("settings", self.settings)
        add("wifi", self.wifi)
        add("clock", self.clock)
        add("frames", self.frames)
        add("mqtt", self.session)
        add("publisher", self.publisher)
        add("http", self.http)
        add("power", self.power)
        add("console", self.console)
        add("restart", self.restart)
        gc.collect()
        await self.supervisor.run()


async def main():
    """What main.py runs: for ever."""
    await System().run()
