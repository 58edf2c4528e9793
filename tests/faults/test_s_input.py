"""Security: input that forges lines, overflows a length or is a program."""

import ast
import contextlib
import json
import socket
import struct

import h11
import httpx
import pytest
from images import KB, image
from invariants import invariants
from listener import Listener
from sim import ROOT, TOPIC, Simulator
from syslog_server import SyslogServer
from telnet_client import TelnetClient
from usersettings import is_file, is_number, visible
from visitors import address, exchange, status_of

pytestmark = pytest.mark.slow
STAT = f"stat/{TOPIC}/"
BREAKS = {"CR LF": "\r\n", "LF": "\n", "CR": "\r", "NUL": "\0"}
FORGED = "FORGED: x"


@pytest.fixture(scope="module")
def syslog():
    made = SyslogServer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def camera(broker, syslog, tmp_path_factory):
    settings = {"loglevel": "debug", "syslog": syslog.address, "pubinterval": "0"}
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, settings) as made:
        yield made


@pytest.fixture
def client(broker, camera):
    with Listener(broker.port) as made:
        camera.wait_status("mqtt connected")  # what the broker keeps may be of another camera
        yield made


# Line ends


def test_s17_line_ends_in_any_input(camera, client, syslog, row):
    """CR, LF and NUL reach no header, topic, setting or line of the log."""
    before = camera.get("/api/settings").json()
    breaks = BREAKS if row.full else {"CR LF": "\r\n"}
    for name, text in breaks.items():
        bad = f"a{text}{FORGED}"
        settings = [each[0] for each in visible()]
        for setting in settings if row.full else row.chance.sample(settings, 4):
            with row.injection(f"{name} in {setting}"):
                assert_refused(camera, "/api/settings", {setting: bad})
                reply = client.command(setting, bad, reply="SYNTAX")
                assert "\r" not in reply and "\0" not in reply and f"\n{FORGED}" not in reply
        with row.injection(f"{name} in a command"):
            assert_refused(camera, "/api/command", {"command": bad, "argument": ""})
        for request in requests(bad):
            with row.injection(f"{name} in {request[:60]}"):
                check_headers(exchange(camera, request))
        with row.injection(f"{name} in the name of a network"):
            camera.control("wifi", add=True, ssid=bad, password="x" * 8)
            listed = [each["ssid"] for each in camera.get("/api/networks").json()["networks"]]
            assert (bad in listed) == ("\0" not in bad)  # it could not be typed
            check_headers(exchange(camera, get("/setup?scan=1")))
    assert camera.get("/api/settings").json() == before
    check_lines(camera, client, syslog)


def assert_refused(camera, path, body):
    response = httpx.post(camera.url + path, json=body, trust_env=False)
    assert response.status_code in (400, 404), response.text
    assert not [value for value in response.headers.values() if FORGED in value]


def get(path, *lines):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def requests(bad):
    """Return requests that carry the text in an address, a form or a header."""
    escaped = "".join(f"%{byte:02x}" for byte in bad.encode())
    found = [get(f"/{escaped}"), get(f"/login?next=/{escaped}"), get(f"/setup?{escaped}=1")]
    found += [get(f"/{escaped}", "Accept: text/html"), get("/" + bad), get("/", "Cookie: " + bad)]
    found += [get("/", "Origin: " + bad), get("/", "X-Requested-With: " + bad)]
    found += [get("/jpg", "Authorization: Basic " + bad)]
    for path, field in (("/login", "next"), ("/setup", "wifissid"), ("/setup", "topic")):
        body = f"{field}={escaped}&password=x&save=1"
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        found.append((head + body).encode())
    return found


def check_headers(response):
    """Parse a response with h11, which is strict; fail if its head has the forged line."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "localhost")]))
    client.send(h11.EndOfMessage())
    client.receive_data(response)
    head = client.next_event()
    assert isinstance(head, h11.Response)
    assert not [name for name, value in head.headers if b"forged" in name.lower()]
    assert not [value for _, value in head.headers if b"\r" in value or b"\0" in value]


def check_lines(camera, client, syslog):
    """Fail if a line of the log, of a console or a topic has been forged."""
    lines = [row["line"] for row in camera.get("/api/log").json()["lines"]]
    assert lines
    for line in [*lines, *syslog.lines]:
        assert not any(char < " " or char == "\x7f" for char in line), line
        assert not line.startswith("FORGED")
    assert f"\n{FORGED}" not in camera.output.replace("\r", "\n")
    for message in client.messages:
        if not message.topic.startswith("cmnd/"):
            assert all(char >= " " for char in message.topic), message.topic


# Lengths

LENGTHS = [65_535, 65_536, 65_537, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63, 2**64]
UPLOADS = (65_535, 65_536, 65_537, "65536 ")  # lengths that an image may have
ODD = ["+65536", "0x10000", "65536 ", "6 5536", "65_536", "-4294967296", "4294967296.0", "1e9"]


def test_s18_lengths_at_the_limits_of_16_and_32_bits(camera, row):
    """Lengths of bodies, boundaries, file parts and segments are whole numbers with limits."""
    flash = camera.control("flash")
    erased, running = flash["erases"], flash["running"]
    lengths = [*LENGTHS, 10**20, *ODD] if row.full else [65_536, 2**32, "+65536"]
    for _ in range(20):  # loads the modules and fills the log
        post(camera, "/update", 65_536)
    with invariants(camera, row):
        for length in lengths:
            for path in ("/setup", "/api/settings", "/login", "/update"):
                with row.injection(f"Content-Length {length} of {path}"):
                    expected = (0, 422) if path == "/update" and length in UPLOADS else (400, 413)
                    assert status_of(post(camera, path, length)) in expected
        for size in (40, 1_000, 2_900) if row.full else (40,):
            with row.injection(f"boundary and file name of {size} bytes"):
                assert status_of(post(camera, "/setup", *multipart("b" * size))) == 400
        assert camera.control("flash")["erases"] == erased
        for patched in images() if row.full else [*images()][:1]:
            with row.injection("segment of an image"):
                response = httpx.post(camera.url + "/update", content=patched, trust_env=False)
                assert response.status_code == 422
    assert camera.control("flash")["running"] == running
    assert camera.get("/jpg").status_code == 200


def multipart(text):
    """Return length, body and header of a form with a long boundary and file name."""
    part = f'Content-Disposition: form-data; name="save"; filename="{text}"'
    body = f"--{text}\r\n{part}\r\n\r\nx\r\n--{text}--\r\n"
    return len(body), body, f"Content-Type: multipart/form-data; boundary={text}\r\n"


def post(camera, path, length, body="save=1&x=", more=""):
    """Declare a body of `length`, send this one and close for writing; return the response."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{more}\r\n"
    server = ("127.0.0.1", camera.facts["http"])
    with socket.create_connection(server, 20, source_address=(address(), 0)) as sock:
        sock.sendall((head + body).encode())
        sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            return sock.makefile("rb").read()
    return b""


def images():
    """Yield images whose first segment has a length at a limit."""
    data = image("v9.9.9", size=64 * KB)
    for length in (0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF):
        yield data[:28] + struct.pack("<I", length) + data[32:]


# Programs

PYTHON = [
    "__import__('os').mkdir('/pwned')",
    "exec(\"open('/pwned','w').write('x')\")",
    "open('/pwned','w').write('x')",
    "print(6*7000001)",
    "{0.__class__.__init__.__globals__}",
    "{settings}",
    "%s%s%s%n",
    "lambda: 6*7000001",
    "$(reboot)",
    "`reboot`",
    "'; import machine; machine.reset(); '",
]


def test_s20_python_as_input(camera, client, row):
    """Commands are a fixed table, so a program is an unknown command or text."""
    since = len(client.messages)
    client.command("status")
    state = json.loads(client.wait(f"tele/{TOPIC}/STATE", since=since).payload)
    version = camera.status("2").split(", ")[2]
    assert version.startswith("1.") and version == state["MicroPython"]
    files = sorted(camera.files.paths())
    boots = camera.facts["boots"]
    names = [each[0] for each in visible() if is_number(each) or is_file(each)]
    names += ["power", "timer", "camera", "help", "status", "upgrade", "restart", "reset"]
    with TelnetClient.with_console(camera.facts["telnet"]) as telnet:
        for text in PYTHON if row.full else PYTHON[:3]:
            with row.injection(f"{text} as a command"):
                name = text.partition(" ")[0]
                telnet.run(text, f"{name}: unknown")
                since = len(camera.output)
                camera.type(text + "\n")
                camera.wait_output(f"{name}: unknown; try help", since=since)
                body = {"command": text, "argument": text}
                response = httpx.post(camera.url + "/api/command", json=body, trust_env=False)
                assert response.status_code == 404
            for name in names if row.full else names[:2]:
                with row.injection(f"{name} {text}"):
                    assert client.command(name, text, reply="SYNTAX").startswith(f"{name}: ")
    with row.injection("text of a setting"):
        assert client.command("ntpserver", PYTHON[4]) == PYTHON[4]
        client.command("ntpserver", "1")
    assert "42000006" not in camera.output + str(client.messages)
    assert sorted(camera.files.paths()) == files and camera.facts["boots"] == boots
    check_sources(row)


def check_sources(row):
    """Fail if the firmware could run text: a call of exec, eval, compile or __import__."""
    forbidden = {"exec", "eval", "compile", "execfile", "__import__"}
    paths = [ROOT / "boot.py", ROOT / "main.py", *(ROOT / "lib").rglob("*.py")]
    for path in paths:
        nodes = ast.walk(ast.parse(path.read_text()))
        called = [node.func for node in nodes if isinstance(node, ast.Call)]
        assert not forbidden & {getattr(each, "id", "") for each in called}, path
    row.figure("source files without exec or eval", len(paths))
