"""Security: secrets in any output of the camera and its tools, and in its log."""

import re
import subprocess
import sys

import httpx
import pytest
from canaries import Canaries, plain
from listener import Listener
from routes import routes
from sim import ROOT, TOPIC, Simulator, wait_until
from syslog_server import SyslogServer
from telnet_client import TelnetClient
from usersettings import is_file, is_secret, visible

SECRETS = [row[0] for row in visible() if is_secret(row) and not is_file(row)]
WEB = {"timeout": 20, "trust_env": False}
STAT = f"stat/{TOPIC}/"
ACTIONS = {
    "restart",
    "reset",
    "smartconfig",
    "upgrade",
    "mqttotastart",
    "mqttotaconfirm",
    "rollback",
}


class Outputs:
    """Outputs of a camera on all its interfaces."""

    def __init__(self, camera, client, syslog, canaries):
        self.camera = camera
        self.client = client
        self.syslog = syslog
        self.canaries = canaries
        self.login = ""
        self.collected = []  # (where, bytes)

    def web(self):
        """Request every page in every form, and errors."""
        options = {"base_url": self.camera.url, "auth": ("", self.login), "timeout": 20}
        with httpx.Client(trust_env=False, **options) as http:
            for path in sorted({path for path, method in routes() if method == "GET"}):
                if path in ("/mjpg", "/stream", "/cam.mjpeg", "/stream.mjpg"):
                    continue
                for accept in ("text/html", "*/*"):
                    self.keep(path, http.get(path, headers={"Accept": accept}))
            for path in ("/setup?scan=1", "/nothing", "/login?next=/x", "/api/command"):
                self.keep(path, http.get(path))
            for body in ({}, {"password": "a wrong word"}):
                self.keep("backup", http.post("/api/backup", json=body))
            for command in [*self.commands(), "status 1", "status 2", "status 3"]:
                name, _, argument = command.partition(" ")
                body = {"command": name, "argument": argument}
                self.keep("api " + command, http.post("/api/command", json=body))

    def commands(self):
        """Return every command, and the help for each."""
        names = [row[0] for row in visible()]
        names += ["status", "config", "log", "help", "camera", "power", "timer", *ACTIONS]
        return [*names, *(f"help {name}" for name in names)]

    def mqtt(self):
        for command in self.commands():
            name, _, argument = command.partition(" ")
            self.client.publish(f"cmnd/{TOPIC}/{name}", argument)
        self.client.command("status", "1")

    def consoles(self):
        """Run every command over telnet, and press Up in a new console; the UART shows as much."""
        with TelnetClient(self.camera.facts["telnet"]) as telnet:
            telnet.send(self.login.encode() + b"\r\n")
            telnet.wait("esp32-mqtt-cam")
            for command in ["\x1b[A\x1b[A", *self.commands(), "status 1"]:
                telnet.run(command, "\n")
            telnet.run("power", "power = ")
            self.keep("telnet", telnet.raw)

    def keep(self, where, found):
        if isinstance(found, httpx.Response):
            head = "".join(f"{name}: {value}\n" for name, value in found.headers.items())
            assert found.status_code != 401, where
            found = head.encode() + found.content
        self.collected.append((where, bytes(found)))

    def check(self):
        """Fail if a canary is in any output so far."""
        lines = "\n".join(self.syslog.lines).encode()
        sent = [(m.topic, m.topic.encode() + b" " + m.payload) for m in self.client.messages]
        sent = [pair for pair in sent if not pair[0].startswith("cmnd/")]
        echo = r"(\w+) (X-Key: )?&'<.*"
        console = re.sub(echo, r"\1", self.camera.output).encode()
        for where, data in [*self.collected, *sent, ("UART", console), ("syslog", lines)]:
            assert not (found := self.canaries.leaks(data)), (where, found)
        return len(self.collected) + len(sent) + 2


@pytest.fixture
def outputs(broker, row, tmp_path):
    """Outputs of a camera whose secrets are all set, and which logs as much as it can."""
    canaries, syslog = Canaries(row.chance), SyslogServer()
    settings = {name: canaries.new(name) for name in SECRETS if name != "password"}
    settings |= {"loglevel": "debug", "syslog": syslog.address, "mqttuser": "cam"}
    settings["otaurl"] = f"http://joe:{plain(canaries.new('otaurl'))}@127.0.0.1:1/fw.bin"
    with Listener(broker.port) as client:
        with Simulator(tmp_path / "camera", broker.uri, settings) as camera:
            client.wait(STAT + "timer")
            made = Outputs(camera, client, syslog, canaries)
            made.login = settings["adminpass"]
            yield made
    syslog.close()


def set_by_mqtt(outputs, name, value):
    outputs.client.command(name, value, reply=name)


def set_by_uart(outputs, name, value):
    outputs.camera.command(f"{name} {value}")


def set_by_api(outputs, name, value):
    auth = ("", outputs.login)
    url = outputs.camera.url + "/api/settings"
    outputs.keep("api", httpx.post(url, json={name: value}, auth=auth, **WEB))


def set_by_form(outputs, name, value):
    fields = {"password": "wifipassword", "mqttpass": "mqttpassword"}
    data = {fields.get(name, name): value, "save": "1"}
    url = outputs.camera.url + "/setup"
    outputs.keep("form", httpx.post(url, data=data, auth=("", outputs.login), **WEB))


def refused(outputs, name, value):
    """Send a value that is too long, and one with a control character, which consoles ignore."""
    outputs.camera.type(f"{name} {value * 20}\n")
    for bad in (value * 20, value + "\x01"):
        set_by_api(outputs, name, bad)
        set_by_form(outputs, name, bad)
        outputs.client.command(name, bad, reply="SYNTAX")


SETTERS = [set_by_mqtt, set_by_uart, set_by_api, set_by_form, refused]


def test_s7_secrets_in_any_output(outputs, row):
    """However a secret is set or refused, no output of the camera contains it."""
    for setter in SETTERS:
        for name in SECRETS if row.full else ["mqttpass"]:
            with row.injection(f"{setter.__name__} {name}"):
                set_secret(outputs, setter, name)
    if row.full:
        for failure in (full_storage, failed_update):
            with row.injection(failure.__name__):
                failure(outputs)
    outputs.web()
    outputs.mqtt()
    outputs.consoles()
    if row.full:
        with row.injection("backup"):
            in_a_backup(outputs)
    row.figure("outputs searched", outputs.check())


def set_secret(outputs, setter, name):
    """Set a secret to a new value; return once the camera works with it."""
    value, camera = outputs.canaries.new(name), outputs.camera
    since = len(camera.output)
    setter(outputs, name, value)
    if setter is not refused:
        if name == "password":
            camera.control("wifi", password=value)
            camera.wait_output("wifi: address", 40, since)
        elif name == "adminpass":
            outputs.login = value
    camera.skip_reconnect_delay()
    camera.wait_status("mqtt connected", 40)


def full_storage(outputs):
    """Secrets that cannot be saved: the log has the error."""
    outputs.camera.control("nvs", full=True)
    set_by_api(outputs, "mqttpass", outputs.canaries.new("mqttpass"))
    outputs.camera.wait_output("not saved")
    outputs.camera.control("nvs", full=False)


def failed_update(outputs):
    """An address with a login whose server refuses; a login without a scheme before it."""
    since = len(outputs.client.messages)
    outputs.client.command("upgrade", "1")
    outputs.client.wait(STAT + "ota", lambda m: b"failed" in m.payload, since=since)
    for text in ("joe:{}@127.0.0.1/fw", "ftp://joe:{}@127.0.0.1/fw", "http://joe:{}@:x/"):
        secret = plain(outputs.canaries.new("otaurl"))
        shown = outputs.client.command("otaurl", text.format(secret))
        assert "joe:***@" in shown


def in_a_backup(outputs):
    """A backup has secrets only with --secrets; what the tools print never has."""
    folder = outputs.camera.folder
    outputs.camera.command("password simulated")  # of the network that the next board finds
    wait_until(lambda: "'STA_PASS': 'simulated'" in str(outputs.camera.control("nvs")))
    outputs.camera.stop()
    with Simulator(folder, args=("--uart", "pty")) as camera:
        port, path = camera.facts["uart"], folder / "backup.json"
        for option in ((), ("--secrets",)):
            outputs.keep("backup", tool("backup.py", port, path, *option))
            has_secrets = bool(outputs.canaries.leaks(path.read_bytes()))
            assert has_secrets is bool(option)
        outputs.keep("restore", tool("backup.py", port, path, "--restore"))


def tool(name, *arguments):
    line = [sys.executable, ROOT / "tools" / name, *arguments]
    done = subprocess.run(line, capture_output=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
