"""Security: ports, certificates, imitated networks, and logins on their way."""

import contextlib
import os
import re
import ssl
import threading
from pathlib import Path

import httpx
import pytest
from certificates import authority, make
from check_layers import check_tree
from listener import Listener
from recordingweb import RecordingWeb
from scripted import ScriptedBroker
from sim import ROOT, TOPIC, Simulator, wait_until
from syslog_server import SyslogServer

pytestmark = pytest.mark.slow
STAT = f"stat/{TOPIC}/"
NO_BROKER = "mqtt://127.0.0.1:1"
SOCKETS = {  # files of lib that make sockets: no other may
    "aio/connect.py": "to the broker and to the update server",
    "aio/listener.py": "pages and telnet",
    "app/syslog.py": "log, if a server is set",
    "app/wifi/access_point.py": "name server of the access point",
    "hal/sntp.py": "time",
}
MAPPINGS = re.compile(r"upnp|ssdp|nat-?pmp|239\.255\.255\.250|\b5351\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        yield made


@pytest.fixture
def client(broker, camera):
    with Listener(broker.port) as made:
        camera.wait_status("mqtt connected")  # what the broker keeps may be of another camera
        yield made


# Ports


def ports(pid):
    """Return the sets of local ports that a process listens on (TCP) and has bound (UDP)."""
    own = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            own.add(os.readlink(entry))
    found = {}
    for protocol, state in (("tcp", "0A"), ("udp", "07")):
        rows = [
            line.split() for line in Path(f"/proc/{pid}/net/{protocol}").read_text().split("\n")
        ]
        mine = [row for row in rows if len(row) > 9 and f"socket:[{row[9]}]" in own]
        found[protocol] = {row[1] for row in mine if row[3] == state}
    return found["tcp"], found["udp"]


def test_s12_port_mappings(broker, row, tmp_path):
    """The firmware listens for pages and telnet only, and has no protocol for port mappings."""
    for path in (ROOT / "lib").rglob("*.py"):
        with row.injection(path.name):
            text, name = path.read_text(), path.relative_to(ROOT / "lib").as_posix()
            assert not MAPPINGS.search(text)
            assert ("socket.socket(" in text) is (name in SOCKETS)
    with SyslogServer() as syslog, RecordingWeb(lambda path: (404, {}, b"")) as web:
        settings = {"syslog": syslog.address, "otaurl": f"http://127.0.0.1:{web.port}/fw.bin"}
        with Simulator(tmp_path, broker.uri, settings) as camera:
            for number in range(row.times(3, 1)):
                with row.injection("start, connection, update"):
                    camera.control("reset")
                    camera.wait_boot(2 + number)
                    since = len(camera.output)
                    camera.type("upgrade 1\n")
                    wait_until(
                        lambda at=since: few_ports(camera, row) and "404" in camera.output[at:]
                    )
                    camera.wait_status("mqtt connected")
                    assert few_ports(camera, row)


def few_ports(camera, row):
    """Check the open ports: two are listened on; the log and the time need one each."""
    listening, datagrams = ports(camera.pid)
    row.figure("ports listened on", len(listening))
    return len(listening) == 2 and len(datagrams) <= 2


# Certificates


def test_s16_tls_without_a_host_name(row, tmp_path):
    """One file makes the contexts; links for MQTT and for updates verify name and CA."""
    with row.injection("sources"):
        assert check_tree() == []
    with row.injection("another place that makes a context"):
        source = "import tls\nx = tls.SSLContext(0)\n"
        for name in ("tls.py", "other.py"):
            (tmp_path / "lib" / "app").mkdir(parents=True, exist_ok=True)
            (tmp_path / "lib" / "app" / name).write_text(source)
        assert len([fault for fault in check_tree(tmp_path) if "TLS contexts" in fault]) == 2
    ca = authority()
    (tmp_path / "ca.pem").write_bytes(ca.cert_pem)
    good, bad = make(issuer=ca), make(issuer=ca, alternatives=("example.org",))
    names = []
    settings = {"mqttca": f"@{tmp_path / 'ca.pem'}", "mqttuser": "cam", "mqttpass": "canary"}
    with Simulator(tmp_path / "camera", NO_BROKER, settings) as camera:
        for pair, accepted in ((bad, False), (good, True)):
            with row.injection(f"broker, good: {accepted}"):
                check_broker(camera, server_context(tmp_path, pair, names), accepted)
            with row.injection(f"update, good: {accepted}"):
                check_update(camera, server_context(tmp_path, pair, names), accepted)
    assert {*names} == {"localhost"}


def server_context(folder, pair, names):
    """Return a server's context that notes the name that a client requests."""
    (folder / "chain.pem").write_bytes(pair.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    context.sni_callback = lambda sock, name, context: names.append(name)
    return context


def check_broker(camera, context, accepted):
    """Connect to a broker; it gets the login only if its certificate is right."""
    received, tried = bytearray(), threading.Event()

    def script(peer):
        with contextlib.suppress(OSError), context.wrap_socket(peer.sock, server_side=True) as tls:
            received.extend(tls.recv(4_096))
        tried.set()

    with ScriptedBroker(script) as broker:
        camera.command(f"mqtthost mqtts://localhost:{broker.port}")
        camera.command("mqttpass canary")
        assert tried.wait(30)
        if accepted:
            wait_until(lambda: b"canary" in received, 30, "the login")
        else:
            assert "another host" in camera.wait_status("mqtt waiting (") and not received
        camera.command("mqtthost 1")


def check_update(camera, context, accepted):
    with RecordingWeb(lambda path: (404, {}, b""), context) as web:
        since = len(camera.output)
        camera.command(f"otaurl https://joe:canary@localhost:{web.port}/fw.bin")
        camera.type("upgrade 1\n")
        reason = "404" if accepted else "another host"
        camera.wait_output(reason, since=since)
        assert len(web.requests) == accepted


# Imitated networks


def test_s21_open_network_with_the_known_name(row, tmp_path):
    """An open access point of the known name is not joined, not even a stronger one."""
    with Simulator(tmp_path, NO_BROKER) as camera:
        camera.wait_status("wifi joined")
        camera.control("wifi", add=True, ssid="sim", password="", rssi=-10)
        for _ in range(row.times(5, 1)):
            with row.injection("the network is gone, its imitation is there"):
                camera.control("wifi", ssid="sim", up=False)
                camera.wait_status("sim: open, but a password is stored", 60)
                assert not reachable(camera)
            with row.injection("both are there"):
                since = len(camera.output)
                camera.control("wifi", ssid="sim", up=True)
                camera.wait_output("wifi: address", 60, since)
                status = camera.get("/api/status").json()["wifi"]
                assert (status["ssid"], status["signal"]) == ("sim", -55)


def reachable(camera):
    with contextlib.suppress(httpx.TransportError):
        return camera.get("/api/status", timeout=2).is_success
    return False


# Logins


def test_s25_logins_without_encryption(camera, client, row):
    """Pages and reference say what is not encrypted; no login is sent to another server."""
    for name, text in (
        ("lib/www/login.html", "The password is sent unencrypted"),
        ("lib/www/setup.html", "It is sent unencrypted"),
        ("lib/www/setup.html", "mqtt:// sends the login and the pictures unencrypted"),
        ("config/README.md", "HTTP, telnet and RTSP are not encrypted"),
    ):
        with row.injection(f"text of {name}"):
            assert text in " ".join((ROOT / name).read_text().split())
    for status in (301, 302, 303, 307, 308) if row.full else (302,):
        with row.injection(f"redirect {status}"):
            redirect(camera, client, status)
    with row.injection("another broker"):
        another_broker(camera)


def redirect(camera, client, status):
    """Redirect an update within its server, to another port, and to another name."""
    with RecordingWeb(lambda path: (404, {}, b"")) as other:

        def answer(path):
            targets = {"/a": "/b", "/c": f"http://127.0.0.1:{other.port}/d"}
            targets["/e"] = f"http://localhost:{web.port}/f"
            target = targets.get(path)
            return (status, {"Location": target}, b"") if target else (404, {}, b"")

        with RecordingWeb(answer) as web:
            for path in ("/a", "/c", "/e"):
                since = client.catch_up()
                client.command("otaurl", f"http://joe:canary@127.0.0.1:{web.port}{path}")
                client.command("upgrade", "1")
                client.wait(STAT + "ota", lambda m: b"404" in m.payload, 40, since)
                wait_until(lambda: camera.command("mqttotastart") == "off", what="the end")
        has_login = {path: "Authorization" in headers for path, headers in web.requests}
        assert has_login == {"/a": True, "/b": True, "/c": True, "/e": True, "/f": False}
        assert [(path, "Authorization" in headers) for path, headers in other.requests] == [
            ("/d", False)
        ]


def another_broker(camera):
    """Send the camera to another broker: it does not get the password of the first one."""
    before = camera.command("mqtthost")

    def script(peer):
        peer.up()

    with ScriptedBroker(script) as first, ScriptedBroker(script) as second:
        camera.command("mqttuser joe")
        camera.command(f"mqtthost {first.uri}")
        camera.command("mqttpass canary")
        wait_until(lambda: any(b"canary" in sent(peer) for peer in first.peers), 40)
        camera.command(f"mqtthost {second.uri}")
        wait_until(lambda: any(b"joe" in sent(peer) for peer in second.peers), 40)
        assert not any(b"canary" in sent(peer) for peer in second.peers)
        camera.command("mqttuser 1")
        camera.command(f"mqtthost {before}")


def sent(peer):
    return b"".join(body for _, _, body in peer.packets)
