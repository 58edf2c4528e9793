"""Certificates and protocols of a broker that the camera accepts, and those that it refuses."""

import socket
import ssl

import pytest
import trustme
from certificates import CLIENT, DAY, authority, make
from mosquitto import Mosquitto
from sim import Simulator, wait_until
from tlsserver import RecordingServer

SECRET = "canary-word"
RECOVERY_S = 35
NO_SIGNATURE = "certificate is not signed by the CA"
HOST, DATE = "certificate is for another host", "certificate is not valid now"
BAD = {  # name: (certificate by the authority, reason)
    "of another authority": (lambda ca: make(issuer=authority("stranger")), NO_SIGNATURE),
    "for another host": (lambda ca: make(issuer=ca, alternatives=("example.org",)), HOST),
    "expired": (lambda ca: make(issuer=ca, valid=(-9 * DAY, -DAY)), DATE),
    "self-signed": (lambda ca: make(), NO_SIGNATURE),
    "not yet valid": (lambda ca: make(issuer=ca, valid=(DAY, 9 * DAY)), DATE),
    "of an authority with the same name": (lambda ca: make(issuer=authority()), NO_SIGNATURE),
    "for a longer name": (
        lambda ca: make(issuer=ca, alternatives=("localhost.example.org",)),
        HOST,
    ),
    "CN of another host, and no other name": (
        lambda ca: make("example.org", issuer=ca, alternatives=()),
        HOST,
    ),
    "intermediate missing": (
        lambda ca: make(issuer=make("between", issuer=ca, ca=True, alternatives=())),
        NO_SIGNATURE,
    ),
    "signed by a leaf": (lambda ca: make(issuer=make("leaf", issuer=ca)), NO_SIGNATURE),
    "for clients": (lambda ca: make(issuer=ca, usage=CLIENT), "certificate"),
    "RSA of 1,024 bits": (lambda ca: make(issuer=ca, rsa_bits=1_024), "certificate"),
}


def through_an_intermediate(ca):
    between = make("between", issuer=ca, ca=True, alternatives=())
    return make(issuer=between).pem + between.cert_pem


GOOD = {  # name: (host in mqtthost, PEM of key and certificates)
    "by its name": ("localhost", lambda ca: make(issuer=ca).pem),
    "by its address": ("127.0.0.1", lambda ca: make(issuer=ca).pem),
    "with an intermediate": ("localhost", through_an_intermediate),
    "RSA of 2,048 bits": ("localhost", lambda ca: make(issuer=ca, rsa_bits=2_048).pem),
}
OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
WEAK = ("eNULL", "aNULL")  # without encryption, without a certificate


@pytest.fixture(scope="module")
def ca():
    return authority()


@pytest.fixture(scope="module")
def server(tmp_path_factory, ca):
    with RecordingServer(tmp_path_factory.mktemp("server"), make().pem) as made:
        yield made


@pytest.fixture(scope="module")
def camera(server, ca, tmp_path_factory):
    """Camera that trusts `ca` and has a password to protect."""
    folder = tmp_path_factory.mktemp("camera")
    (folder / "ca.pem").write_bytes(ca.cert_pem)
    settings = {"mqttca": f"@{folder / 'ca.pem'}", "mqttuser": "cam", "mqttpass": SECRET}
    with Simulator(folder, f"mqtts://localhost:{server.port}", settings) as made:
        yield made


def refused(camera, server, chain, reason, **limits):
    """Make the camera connect; fail unless it sends nothing, and names the reason."""
    server.use(chain, **limits)
    since, attempts, handshakes = len(camera.output), server.attempts, server.handshakes
    server.data = b""
    camera.command(f"mqttuser u{attempts}")  # connects without a delay
    wait_until(lambda: server.attempts > attempts, what="an attempt")
    camera.wait_output(reason, since=since)
    assert server.handshakes == handshakes
    assert server.data == b""
    assert SECRET not in camera.output[since:]


def test_t1_certificates(camera, server, ca, row):
    """No byte, and so no password, is sent before the certificate is verified."""
    bad = list(BAD.items())
    for name, (issue, reason) in bad[: row.times(len(bad), 3)]:
        with row.injection(name):
            refused(camera, server, issue(ca).pem, reason)
    good = list(GOOD.items())
    for name, (host, issue) in good[: row.times(len(good), 1)]:
        with row.injection(name):
            server.use(issue(ca))
            server.data = b""
            camera.command(f"mqtthost mqtts://{host}:{server.port}")
            camera.command(f"mqttpass {SECRET}")  # another broker does not get the old one
            wait_until(lambda: SECRET.encode() in server.data, what="the login")
    row.figure("bytes sent before a refusal", 0)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_t7_old_protocols_and_weak_ciphers(camera, server, ca, row):
    """The camera refuses a handshake that a client without such checks completes."""
    pem = make(issuer=ca, rsa_bits=2_048).pem
    cases = [{"minimum_version": each, "maximum_version": each} for each in OLD]
    cases += [{"ciphers": each, "maximum_version": ssl.TLSVersion.TLSv1_2} for each in WEAK]
    for limits in cases:
        with row.injection(str(limits)):
            server.use(pem, **limits)
            connect_carelessly(server, **limits)
            refused(camera, server, pem, "mqtt: ! ", **limits)


def connect_carelessly(server, ciphers="ALL", **limits):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    for name, value in limits.items():
        setattr(context, name, value)
    with socket.create_connection(("127.0.0.1", server.port), 10) as sock:
        with context.wrap_socket(sock) as secure:
            secure.sendall(b"careless")
            wait_until(lambda: b"careless" in server.data, what="the data of a careless client")


def test_t4_new_certificate_then_another_authority(row, tmp_path):
    """A new certificate from the same authority is accepted; another authority is refused."""
    with Mosquitto(tmp_path / "broker", tls=True) as broker:
        settings = {"mqttca": f"@{broker.ca_file}"}
        with Simulator(tmp_path / "camera", broker.tls_uri, settings) as camera:
            camera.wait_status("mqtt connected")
            with row.injection("new certificate"):
                present(broker, camera, broker.authority)
                camera.wait_status("mqtt connected, tls ca")
            with row.injection("another authority"):
                present(broker, camera, trustme.CA())
                camera.wait_status(f"mqtt waiting ({NO_SIGNATURE})")
            if row.full:
                with row.injection("the first authority again"):
                    present(broker, camera, broker.authority)
                    camera.wait_status("mqtt connected, tls ca", RECOVERY_S)


def present(broker, camera, issuer):
    """Restart the broker with a new certificate, and let the camera notice it."""
    certificate = issuer.issue_cert("localhost")
    (broker.folder / "server.pem").write_bytes(certificate.cert_chain_pems[0].bytes())
    certificate.private_key_pem.write_to_path(broker.folder / "server.key")
    broker.kill()
    camera.wait_status("mqtt waiting (")
    broker.start()
    camera.skip_reconnect_delay()
