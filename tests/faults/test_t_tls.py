"""TLS links that stall, break or come by the hundred, and a camera without a usable CA."""

import contextlib
import os
import re
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from certificates import authority, make
from invariants import LOG_BYTES, LONGEST_PAUSE_MS, invariants, settled
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from scripted import Peer, ScriptedBroker
from sim import TOPIC, Simulator, wait_until
from tcprelay import CLOSE, DOWN, RESET, STALL, UP, TCPRelay
from tlsserver import RecordingServer

SECRET = "canary-word"
IMAGE = f"data/{TOPIC}/image"
RECOVERY_S = 35
GIVES_UP_S = 15
CAMERAS = 8  # at the same time, because each waits for its timeout
STALLS = 32
WITHIN_A_PICTURE = 40_000  # bytes from the start of a link


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """Mosquitto with TLS."""
    with Mosquitto(tmp_path_factory.mktemp("broker"), tls=True) as made:
        yield made


@contextlib.contextmanager
def relayed(secure, folder, number=0):
    """Camera connected through a relay: (relay, camera)."""
    with TCPRelay(secure.tls_port) as relay:
        settings = {"mqttca": f"@{secure.ca_file}", "pubinterval": "0"}
        args = ["--device-id", f"DVES_{number:06}"]
        with Simulator(folder, f"mqtts://localhost:{relay.port}", settings, args) as camera:
            settled(camera)
            yield relay, camera


def reconnect(camera, number):
    """Make the camera connect again without a delay; return the position in its output."""
    since = len(camera.output)
    camera.command(f"mqttuser u{number}")
    return since


# T2


@pytest.mark.slow
def test_t2_handshake_that_stalls(secure, row, tmp_path):
    """The server falls silent after any byte: the camera serves, gives up, and tries again."""
    with contextlib.ExitStack() as stack:
        pairs = [
            stack.enter_context(relayed(secure, tmp_path / str(number), number))
            for number in range(CAMERAS)
        ]
        relay, camera = pairs[0]
        end = bytes_of_a_handshake(relay, camera)
        points = [end * number // STALLS for number in range(STALLS)]
        with ThreadPoolExecutor(CAMERAS) as pool:
            done = [
                pool.submit(stalls, row, *pair, points[number::CAMERAS])
                for number, pair in enumerate(pairs)
            ]
        for future in done:
            future.result()
        row.figure("bytes of the handshake", end)


def bytes_of_a_handshake(relay, camera):
    """Return about how many bytes the server sends before the camera sends its CONNECT."""
    before = relay.passed[DOWN]
    camera.wait_output("mqtt: connected", since=reconnect(camera, "whole"))
    return relay.passed[DOWN] - before - 200  # CONNACK and SUBACKs


def stalls(row, relay, camera, points):
    for point in points:
        with row.injection(f"after {point} bytes"):
            relay.cut = (DOWN, point, STALL)
            cuts = relay.cuts
            camera.control("pause")
            started_s = int(camera.status("3").partition(",")[0].removeprefix("uptime "))
            since = reconnect(camera, point)
            wait_until(lambda n=cuts: relay.cuts > n, what="the stall")
            serves_until(camera, "mqtt: ! no answer", since)
            ended_s = int(re.search(r"(\d+) mqtt: ! no answer", camera.output[since:])[1])
            row.figure("gives up after", ended_s - started_s, "s")
            assert ended_s - started_s <= GIVES_UP_S
            paused_ms = camera.control("pause")["ms"]
            row.figure("longest pause", paused_ms, "ms")
            assert paused_ms <= LONGEST_PAUSE_MS
            relay.cut = None
            relay.reset()
            camera.wait_output("mqtt: connected", RECOVERY_S, reconnect(camera, f"{point}."))


def serves_until(camera, text, since):
    """Fail unless the page responds until `text` is in the output."""
    deadline = time.monotonic() + 3 * GIVES_UP_S
    while text not in camera.output[since:]:
        with camera.within(2):
            assert camera.get("/api/status").status_code == 200
        assert time.monotonic() < deadline
        time.sleep(0.5)  # so that the requests do not take all the time


# T3


def test_t3_link_cut_within_a_picture(secure, row, tmp_path):
    """FIN, RST, close_notify and a damaged record within a picture: the next one is whole."""
    with relayed(secure, tmp_path / "relayed") as (relay, camera):
        camera.get("/jpg")  # allocates the buffers
        with invariants(camera, row, memory=LOG_BYTES), Listener(secure.port, IMAGE) as client:
            for number in range(row.times(10, 1)):
                how = (RESET, CLOSE)[number % 2]
                with row.injection(how):
                    cut_by_the_relay(row, relay, camera, client, number, how)
    if row.full:
        for end in (close_notify, damaged_record):
            with row.injection(end.__name__):
                cut_by_the_broker(tmp_path / end.__name__, end)


def cut_by_the_relay(row, relay, camera, client, number, how):
    """Cut a link within its first picture, and receive that of the next link."""
    relay.cut = (UP, WITHIN_A_PICTURE, how)
    cuts = relay.cuts
    since = camera.wait_output("mqtt: connected", since=reconnect(camera, number))
    camera.command("capture")
    wait_until(lambda: relay.cuts > cuts, what="the cut")
    relay.cut = None
    started = time.monotonic()
    lost = camera.wait_output("mqtt: ! ", since=since)
    camera.wait_output("mqtt: connected", RECOVERY_S, lost)
    known = client.catch_up()
    camera.command("capture")
    picture = client.wait(IMAGE, lambda message: not message.retain, since=known).payload
    check(picture)
    assert len(picture) > WITHIN_A_PICTURE
    row.figure("recovery", time.monotonic() - started, "s")


def cut_by_the_broker(folder, end):
    """Let a broker end its first link by `end(socket)` within a picture."""
    folder.mkdir()
    ca = authority()
    (folder / "ca.pem").write_bytes(ca.cert_pem)
    (folder / "chain.pem").write_bytes(make(issuer=ca).pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")

    def script(peer):
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        secure = Peer(peer.sock, peer.number)
        secure.up()
        if not peer.number:
            secure.read(WITHIN_A_PICTURE // 2)
            end(peer.sock)
            with contextlib.suppress(OSError):
                while secure.read(1_024):  # until the camera ends the link
                    pass
            return
        secure.serve()

    settings = {"mqttca": f"@{folder / 'ca.pem'}", "pubinterval": "1"}
    with ScriptedBroker(script) as broker:
        uri = f"mqtts://localhost:{broker.port}"
        with Simulator(folder / "camera", uri, settings) as camera:
            wait_until(lambda: len(broker.connects) == 2, RECOVERY_S, "another link")
            camera.wait_status("mqtt connected")


def close_notify(sock):
    sock.settimeout(1)
    with contextlib.suppress(OSError):  # the camera sends none
        sock.unwrap()


def damaged_record(sock):
    os.write(sock.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))


# T5


def test_t5_unusable_authority(row, tmp_path):
    """A certificate that cannot be used is not saved; one that was damaged verifies nothing."""
    ca = authority()
    with RecordingServer(tmp_path, make(issuer=ca).pem) as server:
        (tmp_path / "ca.pem").write_bytes(ca.cert_pem)
        settings = {"mqttca": f"@{tmp_path / 'ca.pem'}", "mqttuser": "cam", "mqttpass": SECRET}
        uri = f"mqtts://localhost:{server.port}"
        with Simulator(tmp_path / "camera", uri, settings) as camera:
            wait_until(lambda: SECRET.encode() in server.data, what="the login")
            bad = unusable(ca)
            for name, data in bad.items():
                with row.injection(f"saved: {name}"):
                    refused_by_the_page(camera, data)
            stored = [*bad.items(), ("empty", b""), ("missing", None)]
            for name, data in stored[: row.times(len(stored), 1)]:
                with row.injection(f"stored: {name}"):
                    refused_after_a_start(camera, server, data)
    row.figure("bytes sent unverified", 0)


def unusable(ca):
    pem = ca.cert_pem
    return {
        "cut off": pem[: len(pem) // 2],
        "garbage": b"\x00\xffgarbage" * 50,
        "nonsense inside": b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "half of DER": ca.cert_der[:200],
        "a key": make().pem.partition(b"-----BEGIN CERT")[0],
        "64 KB": pem * (65_536 // len(pem)),
    }


def refused_by_the_page(camera, data):
    """Send a certificate as the set-up page does; the old one must stay."""
    text = data.decode("latin-1")
    response = httpx.post(f"{camera.url}/api/settings", json={"mqttca": text}, trust_env=False)
    assert response.status_code in (400, 413), response.text
    assert "tls ca" in camera.status()


def refused_after_a_start(camera, server, data):
    """Damage the stored certificate while the power is off."""
    boots = camera.facts["boots"]
    camera.control("power_cut")
    if data is None:
        camera.files.remove("mqttca.pem")
    else:
        camera.files.write("mqttca.pem", data)
    server.data, handshakes = b"", server.handshakes
    camera.control("power_on")
    camera.wait_boot(boots + 1)
    assert "CA" in camera.wait_status("mqtt waiting (").rpartition("mqtt ")[2]
    assert camera.get("/api/status").status_code == 200
    assert server.data == b"" and server.handshakes == handshakes


# T6


def test_t6_many_connections(secure, row, tmp_path):
    """Each connection returns its memory and its socket."""
    settings = {"mqttca": f"@{secure.ca_file}", "pubinterval": "0"}
    with Simulator(tmp_path, secure.tls_uri, settings) as camera:
        settled(camera)
        with invariants(camera, row, memory=LOG_BYTES):
            for number in range(row.times(300, 5)):
                with row.injection():
                    since = reconnect(camera, number)
                    camera.wait_output("mqtt: connected", since=since)
        assert "restarts 0," in camera.status("3")
