"""MQTT over TLS: the camera sends nothing to a broker that it cannot verify."""

import contextlib
import socket
import ssl
import threading

import pytest
from certificates import CLIENT, DAY, authority, make
from listener import Listener
from mosquitto import Mosquitto
from pictures import check
from sim import TOPIC, Simulator, wait_until

IMAGE = f"data/{TOPIC}/image"
SECRET = "canary-word"


class RecordingServer:
    """TLS server that records the data received; a context manager.

    It handles one connection at a time. chain: PEM bytes of key and certificates.
    """

    def __init__(self, folder, chain, **limits):
        self.folder = folder
        self.attempts = 0
        self.handshakes = 0
        self.data = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.use(chain, **limits)

    def use(self, chain, **limits):
        """Present another certificate chain. limits: attributes of the SSLContext."""
        (self.folder / "chain.pem").write_bytes(chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")  # the camera decides, not this server
        context.load_cert_chain(self.folder / "chain.pem")
        for name, value in limits.items():
            setattr(context, name, value)
        self._context = context

    def __enter__(self):
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._server.accept()
                sock.settimeout(1)
                with contextlib.suppress(OSError), sock:
                    self._talk(sock)
                self.attempts += 1

    def _talk(self, sock):
        with self._context.wrap_socket(sock, server_side=True) as secure:
            self.handshakes += 1
            while data := secure.recv(4_096):
                self.data += data


# Certificates of the broker


@pytest.fixture(scope="module")
def ca():
    return authority()


@pytest.fixture(scope="module")
def leaf(ca):
    return make(issuer=ca)


@pytest.mark.parametrize("form", ["pem", "der", "two"])
def test_right_authority(tmp_path, form):
    with Mosquitto(tmp_path / "broker", tls=True) as broker:
        file = tmp_path / "ca"
        pem = broker.authority.cert_pem.bytes()
        if form == "two":
            pem = authority("another").cert_pem + pem
        file.write_bytes(ssl.PEM_cert_to_DER_cert(pem.decode()) if form == "der" else pem)
        settings = {"mqttca": f"@{file}", "pubinterval": "1"}
        with Simulator(tmp_path / "camera", broker.tls_uri, settings) as camera:
            with Listener(broker.port) as client:
                check(client.wait(IMAGE).payload)
                assert client.command("power", "on") == "on"
            assert camera.wait_status("mqtt connected").count("tls ca") == 1
            assert "off" not in camera.status().rpartition("mqtt ")[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory, leaf):
    with RecordingServer(tmp_path_factory.mktemp("server"), leaf.pem) as made:
        yield made


@pytest.fixture(scope="module")
def camera(server, ca, tmp_path_factory):
    """Camera that trusts `ca` and has a password to protect."""
    folder = tmp_path_factory.mktemp("camera")
    (folder / "ca.pem").write_bytes(ca.cert_pem)
    settings = {"mqttca": f"@{folder / 'ca.pem'}", "mqttuser": "cam", "mqttpass": SECRET}
    with Simulator(folder, f"mqtts://localhost:{server.port}", settings) as made:
        yield made


def attempt(camera, server, host="localhost"):
    """Make the camera connect once; return the status with the reason for its failure."""
    camera.command("mqtthost 1")
    camera.wait_status("mqtthost is not set", 20)
    attempts, server.data = server.attempts, b""
    camera.command(f"mqtthost mqtts://{host}:{server.port}")
    wait_until(lambda: server.attempts > attempts, 10, "a connection attempt")
    return camera.wait_status("mqtt waiting (")


BAD = {
    "of another authority": lambda ca: make(issuer=authority("stranger")),
    "of another authority with the same name": lambda ca: make(issuer=authority()),
    "self-signed": lambda ca: make(),
    "for another host": lambda ca: make(issuer=ca, alternatives=("example.org",)),
    "for a longer name": lambda ca: make(issuer=ca, alternatives=("localhost.example.org",)),
    "expired": lambda ca: make(issuer=ca, valid=(-9 * DAY, -DAY)),
    "not yet valid": lambda ca: make(issuer=ca, valid=(DAY, 9 * DAY)),
    "for clients": lambda ca: make(issuer=ca, usage=CLIENT),
    "weak key": lambda ca: make(issuer=ca, rsa_bits=1024),
    "signed by a leaf": lambda ca: make(issuer=make("leaf", issuer=ca)),
}
REASONS = {"for another host": "another host", "expired": "not valid now"}
REASONS.update({"not yet valid": "not valid now", "self-signed": "not signed by the CA"})
REASONS["of another authority"] = "not signed by the CA"


@pytest.mark.parametrize("kind", BAD)
def test_bad_certificate_receives_nothing(camera, server, ca, kind):
    server.use(BAD[kind](ca).pem)
    status = attempt(camera, server)
    assert REASONS.get(kind, "certificate") in status.rpartition("mqtt ")[2]
    assert server.data == b""
    assert SECRET not in camera.output


def test_missing_intermediate(camera, server, ca):
    between = make("between", issuer=ca, ca=True, alternatives=())
    server.use(make(issuer=between).pem)
    assert "not signed by the CA" in attempt(camera, server)
    assert server.data == b""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_protocols(camera, server, leaf):
    old = ssl.TLSVersion.TLSv1_1
    server.use(leaf.pem, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=old)
    server.handshakes = 0
    attempt(camera, server)
    assert server.handshakes == 0
    assert server.data == b""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_good_certificate_receives_the_login(camera, server, leaf, host):
    server.use(leaf.pem)
    server.data = b""
    camera.command(f"mqtthost mqtts://{host}:{server.port}")  # another broker: the password goes
    camera.command(f"mqttpass {SECRET}")
    wait_until(lambda: SECRET.encode() in server.data, 10, "the login")


# CA certificates of the camera


@pytest.fixture
def quiet(tmp_path, leaf):
    """Server that no other camera connects to."""
    (tmp_path / "server").mkdir()
    with RecordingServer(tmp_path / "server", leaf.pem) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("none", None, "no CA"),
        ("empty", b"", "CA"),
        ("garbage", b"\x00\xffgarbage" * 50, "CA"),
        ("cut off", b"-----BEGIN CERTIFICATE-----\nMIIB\n", "CA"),
        (
            "nonsense inside",
            b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
            "CA",
        ),
        ("der cut off", "half", "CA"),
        ("too long", b"-----BEGIN CERTIFICATE-----\n" * 400, "CA"),
    ],
)
def test_no_usable_authority(tmp_path, quiet, ca, name, data, reason):
    quiet.data = b""
    settings = {"mqttuser": "cam", "mqttpass": SECRET}
    if data is not None:
        data = ca.cert_der[:200] if data == "half" else data
        (tmp_path / "ca").write_bytes(data)
        settings["mqttca"] = f"@{tmp_path / 'ca'}"
    with Simulator(tmp_path, f"mqtts://localhost:{quiet.port}", settings) as camera:
        assert reason in camera.wait_status("mqtt waiting (").rpartition("mqtt ")[2]
        assert camera.get().status_code == 200
    assert quiet.data == b""
    assert quiet.handshakes == 0


def test_disabled_verification_is_reported(tmp_path, quiet):
    quiet.use(make(alternatives=("example.org",), valid=(-9 * DAY, -DAY)).pem)
    quiet.data = b""
    settings = {"mqttverify": "off", "mqttpass": SECRET, "mqttuser": "cam"}
    with Simulator(tmp_path, f"mqtts://localhost:{quiet.port}", settings) as camera:
        wait_until(lambda: SECRET.encode() in quiet.data, 10, "the login")
        assert "tls off" in camera.status()
        assert camera.command("mqttverify") == "off"
        quiet.data = b""
        assert camera.command("mqttverify ca") == "ca"
        assert "no CA" in camera.wait_status("no CA", 20)
        assert quiet.data == b""


def test_no_tls_without_the_time(tmp_path, quiet, ca):
    """Do not verify certificates with a clock that starts in 2000."""
    quiet.data = b""
    (tmp_path / "ca").write_bytes(ca.cert_pem)
    settings = {"mqttca": f"@{tmp_path / 'ca'}", "mqttuser": "cam", "mqttpass": SECRET}
    uri = f"mqtts://localhost:{quiet.port}"
    with Simulator(tmp_path, uri, settings, ["--sntp", "127.0.0.1:1"]) as camera:
        assert "time" in camera.wait_status("mqtt offline (certificates need the time")
        assert quiet.data == b""
        assert camera.get("/jpg").status_code == 200


def test_broker_restarts_with_another_certificate(tmp_path):
    folder = tmp_path / "broker"
    with Mosquitto(folder, tls=True) as broker:
        settings = {"mqttca": f"@{broker.ca_file}"}
        with Simulator(tmp_path / "camera", broker.tls_uri, settings) as camera:
            camera.wait_status("mqtt connected")
            broker.kill()
            new = broker.authority.issue_cert("localhost")
            (folder / "server.pem").write_bytes(new.cert_chain_pems[0].bytes())
            new.private_key_pem.write_to_path(folder / "server.key")
            since = len(camera.output)
            broker.start()
            camera.wait_output("mqtt: connected", 20, since)
