"""Network, as the parsers see it: bytes in any split, and peers that half-close or do not read."""

import contextlib
import socket
import threading
import time

import httpx
import pytest
from invariants import invariants
from mosquitto import HOST, Mosquitto
from pictures import check
from recovery import served
from scripted import ScriptedBroker
from sim import TOPIC, Simulator, wait_until
from tcprelay import DOWN, UP, TCPRelay
from telnet_client import TelnetClient
from test_update import VERSIONS, Camera, image, server

KB = 1_024
FORM = b"pubinterval=x&topic=" + b"y" * 60
JSON = b'{"pulse": 7, "mqttkeepalive": 1}'
REQUESTS = {  # as they go over the wire; the response depends on nothing else
    "page": b"GET /style.css HTTP/1.1\r\nHost: localhost\r\nX-Y: " + b"z" * 50 + b"\r\n\r\n",
    "query": b"GET /nothing?a=%20&b=%C3%A4 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: y\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: localhost\n\n\r\n\r\n",
    "form": b"POST /setup HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
    % (len(FORM), FORM),
    "json": b"POST /api/settings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(JSON), JSON),
    "HEAD": b"HEAD /app.js HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n",
}
TELNET = (
    b"\xff\xfd\x03\xff\xfa\x18\x00xterm\xff\xff\xff\xf0pulx\x08se\r\npulse 3\rpulse\r\0nothing\n"
)
COMMANDS = {
    "otaurl": "http://" + "x" * 200 + "/",
    "camera": '{"quality": "12", "contrast": 1}',
    "pubinterval": "soon",
    "pulse": "3",
    "no-such-command": "",
    "timezone": "CET-1CEST,M3.5.0,M10.5.0/3",
}


# N9


def test_n9_bytes_in_any_split(row, tmp_path):
    """Requests, commands, console and updates have the same results, however they arrive."""
    splits = {"9 to 25": lambda: row.chance.randint(9, 25), "1": lambda: 1}
    with Mosquitto(tmp_path / "broker") as broker, TCPRelay(broker.port) as relay:
        with Camera(tmp_path / "camera", broker, {"mqtthost": mqtt(relay)}) as camera:
            with contextlib.ExitStack() as stack:
                ports = camera.facts["http"], camera.facts["telnet"]
                web, telnet = (stack.enter_context(TCPRelay(port)) for port in ports)
                whole = results(camera, web, telnet)
                for name, split in row.times(splits, {"1": splits["1"]}).items():
                    relay.slices = lambda way, split=split: split() * (way == DOWN)
                    web.slices = telnet.slices = lambda way, split=split: split() * (way == UP)
                    sliced = results(camera, web, telnet)
                    for kind, wanted in whole.items():
                        with row.injection(f"{kind} in slices of {name}"):
                            assert sliced[kind] == wanted
                    if row.full and name != "1":  # an image takes too long byte by byte
                        updates(row, camera, web, tmp_path)


def mqtt(relay):
    return f"mqtt://{HOST}:{relay.port}"


def results(camera, web, telnet):
    """Return {what: the response to it}, from the same state each time."""
    camera.command("pulse 0")
    found = {name: request(web.port, data) for name, data in REQUESTS.items()}
    picture = request(web.port, b"GET /jpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    check(picture.partition(b"\r\n\r\n")[2])
    with TelnetClient.with_console(telnet.port) as client:
        since = len(client.text)
        client.send(TELNET)
        client.wait("nothing: ", since)
        client.run("pulse", "pulse = ")
        found["telnet"] = client.text[since:], client.options
    for name, argument in COMMANDS.items():
        found[name] = reply(camera.client, name, argument)
    return found


def request(port, data):
    """Return the response, without the lines that name a time."""
    with socket.create_connection((HOST, port), 60) as sock:
        sock.sendall(data)
        got = b"".join(iter(lambda: sock.recv(65_536), b""))
    head, end, body = got.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Date")]
    return b"\r\n".join(lines) + end + body


def reply(client, name, argument):
    since = client.catch_up()
    client.publish(f"cmnd/{TOPIC}/{name}", argument)
    replies = (f"stat/{TOPIC}/{name}", f"stat/{TOPIC}/SYNTAX")

    def arrived():
        new = [message for message in client.messages[since:] if not message.retain]
        return [message.payload for message in new if message.topic in replies]

    return wait_until(arrived, 30, f"a reply to {name}")


def updates(row, camera, web, folder):
    """Install an image over each path; each runs, and so has arrived unchanged."""

    def upload(data):
        url = f"http://{HOST}:{web.port}/update"
        assert httpx.post(url, content=data, timeout=60, trust_env=False).status_code == 200

    def download(data):
        (folder / "fw.bin").write_bytes(data)
        with server(folder, HOST) as made, TCPRelay(made.server_port) as relay:
            relay.slices = lambda way: row.chance.randint(9, 25) * (way == DOWN)
            threading.Thread(target=made.serve_forever, daemon=True).start()
            camera.client.command("otaurl", f"http://{HOST}:{relay.port}/fw.bin")
            since = len(camera.client.messages)
            camera.client.command("upgrade", "1")
            camera.report("trial", since)
            made.shutdown()

    for install in (upload, download, camera.push):
        with row.injection(install.__name__):
            since = len(camera.client.messages)
            install(image(next(VERSIONS), size=64 * KB))
            camera.confirm_trial(since)


# N11


@pytest.mark.slow
def test_n11_peer_that_half_closes_and_never_reads(row, tmp_path):
    """Each such connection ends in time; the page and the console are served meanwhile."""
    with Simulator(tmp_path, "mqtt://127.0.0.1:1", {"pubinterval": "0"}) as camera:
        for path in ("/", "/jpg", "/mjpg"):
            served_head(camera, path)
        with invariants(camera, row):
            for path in ("/jpg", "/mjpg"):
                for half_closed in (True, False):
                    with row.injection(f"{path}, half-closed: {half_closed}"):
                        deaf_client(row, camera, path, half_closed)
            with row.injection("console"):
                closed_console(camera)
    with row.injection("broker"):
        deaf_broker(row, tmp_path / "broker")


def served_head(camera, path):
    """Let the camera allocate what it keeps for a path."""
    with socket.create_connection((HOST, camera.facts["http"]), 10) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert sock.recv(12) == b"HTTP/1.0 200"


def deaf_client(row, camera, path, half_closed):
    """Request more than the buffers on the way take, and never read."""
    idle = camera.control("sockets")["open"]
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            sock = stack.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * KB)
            sock.connect((HOST, camera.facts["http"]))
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            if half_closed:
                sock.shutdown(socket.SHUT_WR)
        start = time.monotonic()
        wait_until(lambda: camera.control("sockets")["open"] >= idle + 3, what="three connections")
        with camera.stopwatch() as took:
            while camera.control("sockets")["open"] > idle:
                with camera.within(2):
                    assert served(camera, "/style.css")
                assert camera.command("pulse") == "0"
        row.figure("longest until dropped", time.monotonic() - start, "s")
        assert took.s <= 15


def closed_console(camera):
    idle = camera.control("sockets")["open"]
    with TelnetClient.with_console(camera.facts["telnet"]) as client:
        client.sock.shutdown(socket.SHUT_WR)
        wait_until(lambda: camera.control("sockets")["open"] <= idle, 15, "the console's end")


def deaf_broker(row, folder):
    """A broker that accepts the session and never reads again; the next link works."""

    def script(peer):
        peer.up()
        if peer.number:
            peer.serve()
        else:
            stopped.append(time.monotonic())
            wait_until(lambda: len(broker.connects) > 1, 30, "a new connection")

    stopped = []
    with (
        ScriptedBroker(script, receive_buffer=16 * KB) as broker,
        Simulator(folder, broker.uri, {"pubinterval": "1"}) as camera,
    ):
        wait_until(lambda: stopped, 10, "the connection")
        with camera.stopwatch() as took:
            while len(broker.connects) < 2:
                assert served(camera)
                time.sleep(0.3)  # between two requests
        row.figure("new connection to the broker after", took.s, "s")
        assert took.s <= 25
        camera.wait_status("mqtt connected", 15)
