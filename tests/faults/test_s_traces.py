"""Security: secrets in the log, and in flash after a factory reset."""

import pytest
import trustme
from canaries import Canaries, plain
from listener import Listener
from probe import NO_BROKER
from sim import TOPIC, Simulator, wait_until
from telnet_client import TelnetClient
from usersettings import is_file, is_secret, visible
from visitors import exchange, visitor

SECRETS = [row[0] for row in visible() if is_secret(row) and not is_file(row)]
NAMES = {"topic": "canary-topic", "mqttclientid": "canary-client", "mqttuser": "canary-user"}
LINES, CHARACTERS = 32, 160  # of the log
REQUEST = 4  # flash operations that request the reset
GREETING = "system: esp32-mqtt-cam"


# The log


@pytest.fixture
def camera(broker, tmp_path):
    settings = {"loglevel": "debug", "pubinterval": "1", "adminpass": "open, Sesame!"}
    with Simulator(tmp_path, broker.uri, settings) as made:
        yield made


@pytest.mark.slow
def test_s24_secrets_and_pictures_in_the_log(camera, broker, row):
    """Secrets that arrive in odd places are not logged, nor pictures; the log keeps 32 lines."""
    canaries = Canaries(row.chance)
    login = {"auth": ("", "open, Sesame!")}
    with Listener(broker.port) as client, visitor(camera) as owner:
        client.wait(f"data/{TOPIC}/image", lambda message: not message.retain)
        for number in range(row.times(30, 3)):
            for place, send in PLACES.items():
                with row.injection(f"{place} {number}"):
                    send(camera, client, canaries.new(place))
            assert owner.get("/jpg", **login).content[:2] == b"\xff\xd8"
        lines = [row["line"] for row in owner.get("/api/log", **login).json()["lines"]]
    logged = "\n".join([*lines, camera.output]).encode()
    assert not canaries.leaks(logged)
    assert b"JFIF" not in logged and "\ufffd" not in camera.output
    assert len(lines) == LINES and max(map(len, lines)) <= CHARACTERS
    row.figure("lines", len(lines))
    row.figure("longest line", max(map(len, lines)), "characters")


def wrong_login(camera, client, secret):
    with visitor(camera) as made:
        assert made.post("/login", data={"password": secret}).status_code in (401, 429)


def wrong_basic(camera, client, secret):
    with visitor(camera) as made:
        assert made.get("/jpg", auth=(secret, secret)).status_code in (401, 429)


def odd_request(camera, client, secret):
    """Of a request only the path is logged, and only the start of a long one."""
    text = plain(secret)
    exchange(camera, f"GET /{'x' * 900}?{text} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    lines = [f"GET /setup?password={text} HTTP/1.1", "Host: localhost", f"Cookie: session={text}"]
    lines += [f"Referer: http://x/?{text}", f"X-Key: {text}", f"Authorization: Bearer {text}"]
    exchange(camera, "\r\n".join([*lines, "", ""]).encode())


def unknown_command(camera, client, secret):
    client.publish(f"cmnd/{TOPIC}/nothing", secret)
    client.publish(f"cmnd/{TOPIC}/mqttpass", secret * 20)
    client.command("camera", f'{{"quality": "{plain(secret)}"}}', reply="SYNTAX")


def wrong_telnet(camera, client, secret):
    with TelnetClient(camera.facts["telnet"]) as telnet:
        telnet.send(secret.encode() + b"\r\n")
        wait_until(lambda: "wrong" in telnet.text or "too many" in telnet.text)


PLACES = {
    "login": wrong_login,
    "Basic": wrong_basic,
    "request": odd_request,
    "MQTT": unknown_command,
    "telnet": wrong_telnet,
}


# The flash


def remains(camera, *texts):
    """Return the texts that are still in the flash."""
    flash = (camera.state / "flash.bin").read_bytes()
    return [text for text in texts if text.encode() in flash]


def stored(camera):
    return camera.control("nvs")["nvs"]["syscfg"]


def test_s27_factory_reset(tmp_path, row):
    """A reset leaves no secret and no replaced value in flash, even after two power cuts."""
    for number in range(row.times(5, 1)):
        with row.injection(f"cuts after {number + 1} and {1_000 - 150 * number} operations"):
            reset_with_cuts(tmp_path / str(number), number + 1, 1_000 - 150 * number)
    row.figure("secrets searched", len(SECRETS) + len(NAMES) + 4)


def reset_with_cuts(folder, first, second):
    """Cut the power while NVS is erased, then while free space is filled.

    first: the operation of the erasure in boot.py; second: of what follows.
    """
    folder.mkdir()
    certificate = trustme.CA().cert_pem.bytes()
    (folder / "ca.pem").write_bytes(certificate)
    secrets = {name: f"canary-of-{name}" for name in SECRETS} | {"password": "simulated"} | NAMES
    secrets["pushheader"] = "X-Key: canary-of-pushheader"
    settings = {**secrets, "mqttca": f"@{folder / 'ca.pem'}"}
    with Simulator(folder, NO_BROKER, settings) as camera:
        marks = [text for name, text in secrets.items() if name != "adminpass"]
        marks += [certificate.decode()[100:160], stored(camera)["ADMIN_PASS"], "canary-first"]
        for url in ("http://joe:canary-first@host", "http://joe:canary-next@host"):
            camera.command("otaurl " + url)
            wait_until(lambda url=url: stored(camera).get("OTA_URL") == url)
        assert remains(camera, *marks) == marks  # NVS keeps replaced values, too
        assert not remains(camera, secrets["adminpass"])
        before = camera.control("flash")
        operations = len(stored(camera)) + REQUEST + first  # keys are erased before the restart
        cut = before["operations"] + operations
        camera.control("power_cut", after_ops=operations, mode="torn")
        camera.type("reset 1\n")
        wait_until(lambda: camera.control("flash")["operations"] == cut, 20, "the first cut")
        assert "erase" in camera.files.paths()
        camera.control("power_cut", after_ops=second, mode="torn")
        camera.control("power_on")
        cut += second
        wait_until(lambda: camera.control("flash")["operations"] == cut, 20, "the second cut")
        assert {"erase", "erase.fill"} <= set(camera.files.paths())
        camera.control("power_on")
        wait_until(lambda: camera.output.count(GREETING) == 2, 40, "the start of a new board")
        assert remains(camera, *marks) == []
        assert "syscfg" not in camera.control("nvs")["nvs"]
        assert camera.files.paths() == []
