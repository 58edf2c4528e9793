"""HTTP: slow and idle clients, forms with odd input, and pages while the camera is busy."""

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from browser import Browser
from certificates import authority
from images import KB, image
from invariants import invariants
from playwright.sync_api import expect
from rawhttp import check_responsive, connection, use_pages
from sim import Simulator
from slowhttp import AT_ONCE, KINDS, attack

NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, {"pubinterval": "0"}) as made:
        use_pages(made)
        yield made


@pytest.mark.slow
def test_h1_slow_clients(tmp_path, row):
    """50 clients of each kind at once: all are closed in time, and a page is served meanwhile."""

    def attacked(kind):
        with Simulator(tmp_path / kind, NO_BROKER) as camera:
            return attack(camera, kind)

    with ThreadPoolExecutor(3) as pool:
        running = {kind: pool.submit(attacked, kind) for kind in KINDS}
    for kind, attacks in running.items():
        oldest_s, slowest_s = attacks.result()
        row.count(AT_ONCE)
        row.figure(f"oldest of {kind}", oldest_s, "s")
        row.figure("page meanwhile", slowest_s, "s")


@pytest.mark.slow
def test_h2_idle_connections(camera, row):
    """200 connections that send nothing: each closes an older one, and a page is served."""
    open_idle(camera, row, 20)  # once, because the lists of connections grow
    with invariants(camera, row):
        open_idle(camera, row, 200)


def open_idle(camera, row, count):
    with contextlib.ExitStack() as stack:
        for number in range(count):
            with row.injection(number), contextlib.suppress(ConnectionError):
                stack.enter_context(connection(camera))
                assert camera.control("sockets")["open"] <= 10
            if number % 40 == 39:
                row.figure("page meanwhile", check_responsive(camera), "s")


# Forms with odd input: fields, and the setting whose value is refused
ODD = {
    "300 characters": ({"wifissid": "x" * 300}, "wifissid"),
    "300 characters of UTF-8": ({"mqttuser": "\u00fc\u20ac" * 150}, "mqttuser"),
    "NUL": ({"topic": "a\0b"}, "topic"),
    "line end": ({"topic": "a\r\nX: b"}, "topic"),
    "script": ({"mqtthost": "<script>alert(1)</script>"}, "mqtthost"),
    "attribute": ({"timezone": '"><img src=x onerror=alert(1)>'}, "timezone"),
    "blank of a template": ({"mqttport": "{{value:topic}}"}, "mqttport"),
    "short password": ({"wifipassword": "short"}, "wifipassword"),
    "port": ({"mqttport": "65536"}, "mqttport"),
    "port of 40 digits": ({"mqttport": "9" * 40}, "mqttport"),
    "zone": ({"timezone": "nowhere"}, "timezone"),
    "certificate": ({"mqttca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END"}, "mqttca"),
    "short admin password": ({"adminpass": "1234567"}, "adminpass"),
    "topic of 32 characters": ({"topic": "t" * 32}, "topic"),
}
MALFORMED = {
    "empty": (b"", 400),
    "no button": (b"mqttuser=new", 400),
    "two buttons": (b"mqttuser=new&save=1&reboot=1", 400),
    "field twice": (b"mqttuser=a&mqttuser=b&save=1", 400),
    "button twice": (b"mqttuser=new&save=1&save=1", 400),
    "not UTF-8": (b"mqttuser=%ff&save=1", 400),
    "half an escape": (b"mqttuser=a&save=1&topic=%4", 400),
    "escape that is none": (b"mqttuser=%zz&save=1", 400),
    "JSON": (b'{"mqttuser": "new", "save": 1}', 400),
    "18 KB": (b"mqttuser=new&save=1&x=" + b"x" * 18_000, 413),
    "certificate of 19 KB": (b"save=1&mqttca=" + b"x" * 19_000, 413),
    "30 KB": (b"mqttuser=new&save=1&x=" + b"x" * 30_000, 413),
}
PIECES = (
    "", "1884", "UTC0", "\u00fc", "\U0001f4f7", "<b>", '"', "&", "'", "\0", "%00", "\r\n", " ",
    "\x7f", "x" * 30,
)  # fmt: skip
FIELDS = ("mqttuser", "mqttport", "timezone", "mqttca")  # the others restart or lock the camera


def test_h10_forms_with_odd_input(camera, row):
    """A form is either refused with a reason and changes nothing, or saved as a whole."""
    with httpx.Client(base_url=camera.url, timeout=10, trust_env=False) as client:
        for what, (fields, wrong) in ODD.items():
            with row.injection(what):
                check_refused(client, fields, wrong)
        for what, (body, status) in MALFORMED.items():
            with row.injection(what):
                before = settings(client)
                response = client.post("/setup", content=body)
                assert response.status_code == status and len(response.text) > 20
                assert settings(client) == before
        for _ in range(row.times(100, 10)):
            fields = {
                name: "".join(row.chance.choices(PIECES, k=row.chance.randint(1, 3)))
                for name in row.chance.sample(FIELDS, row.chance.randint(1, len(FIELDS)))
            }
            with row.injection(fields):
                check_saved_or_refused(client, fields)


def settings(client):
    """Return {name: value, or for a secret True if it is set}."""
    rows = client.get("/api/settings").json()["settings"]
    return {each["name"]: each.get("value", each.get("set")) for each in rows}


def check_refused(client, fields, wrong):
    """Submit valid fields with a bad one: the page marks it and shows the input, escaped."""
    before = settings(client)
    good = {"mqttuser": "<new user>", "mqttport": "1884", "save": "1"}
    response = client.post("/setup", data={**good, **fields})
    page = response.text
    assert response.status_code == 400 and "Nothing was saved" in page
    assert f'id="{wrong}-error"' in page and page.count('aria-invalid="true"') == 1
    if wrong != "mqttuser":
        assert 'value="&lt;new user&gt;"' in page
    for text in ("<script>alert", "<img src=x", "<new user>"):
        assert text not in page
    assert settings(client) == before


def check_saved_or_refused(client, fields):
    """Submit any fields: all are in force afterwards, or none."""
    before = settings(client)
    response = client.post("/setup", data={**fields, "save": "1"})
    after = settings(client)
    assert "<b>" not in response.text.partition("<form")[2]
    if response.status_code == 200:
        kept = {name: text.strip() or before[name] for name, text in fields.items()}
        assert after == {**before, **kept}
        back = {name: before[name] for name in fields if name != "mqttca"}
        assert client.post("/api/settings", json=back).json()["saved"]
    else:
        assert response.status_code == 400 and "Nothing was saved" in response.text
        assert after == before


@pytest.mark.slow
def test_h11_page_while_the_camera_is_busy(tmp_path, row):
    """A browser loads the set-up page during an update, and during a handshake that stalls."""
    (tmp_path / "ca.pem").write_bytes(authority().cert_pem)
    with Browser() as browser, socket.create_server(("127.0.0.1", 0)) as server:
        broker = f"mqtts://127.0.0.1:{server.getsockname()[1]}"
        settings = {"mqttca": f"@{tmp_path / 'ca.pem'}"}
        with Simulator(tmp_path / "camera", broker, settings, fast=False) as camera:
            peer, _ = server.accept()
            with peer:
                peer.settimeout(10)
                assert peer.recv(1) == b"\x16"  # a handshake has begun, and is not answered
                load_setup(browser, camera, row, "during a handshake")
            with uploading(camera):
                load_setup(browser, camera, row, "during an update")


def load_setup(browser, camera, row, when):
    with browser.page(camera.url) as page:
        for number in range(5):
            with row.injection(f"{when} {number}"):
                with camera.stopwatch() as took:
                    page.goto("/setup")
                    expect(page.get_by_role("heading", name="Set up the camera")).to_be_visible()
                row.figure(when, took.s, "s")
                assert took.s <= 3


@contextlib.contextmanager
def uploading(camera):
    """Upload an image, as fast as the flash is written, while the block runs."""
    data, done = image("v9.0.1", size=1_024 * KB), threading.Event()
    head = f"POST /update HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"

    def upload():
        with connection(camera, head.encode()) as sock:
            for at in range(0, len(data) - 4 * KB, 4 * KB):
                if not done.is_set():
                    sock.sendall(data[at : at + 4 * KB])
            done.wait()

    thread = threading.Thread(target=upload)
    thread.start()
    try:
        camera.wait_output("writing micropython v9.0.1")
        yield
        assert camera.get("/api/status").json()["update"] != "idle"
    finally:
        done.set()
        thread.join()
