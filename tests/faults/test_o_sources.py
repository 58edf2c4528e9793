"""Updates: odd web servers, messages in parts, and a second update during the first."""

import threading
import time

import pytest
from certificates import authority, make
from images import KB, image
from invariants import invariants
from mosquitto import HOST, Mosquitto
from updatecamera import STAT, Camera
from webfiles import Web, respond

CUT = 100_000
VERSIONS = (f"v9.2.{number}" for number in range(1, 200))  # each newer than the last
LOGIN = "Basic am9lOnNlY3JldA=="  # joe:secret
MOST_REDIRECTS = 5


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """Return the paths of a CA, and of the chain of a server with a certificate from it."""
    folder, ca = tmp_path_factory.mktemp("tls"), authority()
    (folder / "ca.pem").write_bytes(ca.cert_pem)
    (folder / "chain.pem").write_bytes(make(issuer=ca).pem)
    return folder / "ca.pem", folder / "chain.pem"


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory, secure):
    settings = {"mqttca": f"@{secure[0]}", "otaconfirm": "auto"}
    with Camera(tmp_path_factory.mktemp("camera"), broker, settings) as made:
        made.control("clock", epoch=int(time.time()))
        yield made


def installed(camera, url, version):
    """Fail unless the camera installs and confirms the image from a server."""
    since = camera.fetch(url)
    assert camera.report("confirmed", since)["version"] == version
    camera.wait_idle()


def chunked(data, size=5_000):
    """Return a handler that sends a body in chunks."""
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    body = b"".join(b"%x;n=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    return respond(200, body, Transfer_Encoding="chunked")


def refused_responses():
    """Return [(name, handlers, reason)] of the documented refusals."""
    data = image("v9.1.9", size=16 * KB)
    length = {"Content_Length": str(len(data))}

    def to(place):
        return [respond(302, Location=place)] * (MOST_REDIRECTS + 1)

    return [
        ("redirects in a circle", to("/again"), "redirects"),
        ("redirect to a file", to("file:///etc/passwd"), "http://host/file"),
        ("redirect to FTP", to("ftp://host/x"), "http://host/file"),
        ("redirect without a place", [respond(301)], "without a Location"),
        ("404", [respond(404, b"no")], "404"),
        ("500", [respond(500)], "500"),
        ("204", [respond(204)], "204"),
        ("unasked 206", [respond(206, data, Content_Range="bytes 5-9/10")], "206"),
        ("gzip", [respond(200, data, Content_Encoding="gzip", **length)], "gzip"),
        ("bad length", [respond(200, data, Content_Length="-1")], "bad length"),
        ("length of 20 digits", [respond(200, data, Content_Length="9" * 20)], ""),
        ("16 MB", [respond(200, data, Content_Length=str(1 << 24))], "too big"),
        ("4 GB", [respond(200, data, Content_Length=str(1 << 32))], "bad length"),
        ("bad chunk", [respond(200, b"xyz\r\n", Transfer_Encoding="chunked")], "bad chunk"),
        ("no HTTP", [lambda request: request.wfile.write(b"SSH-2.0-x\r\n\r\n")], "not speak HTTP"),
        ("page", [respond(200, b"<html></html>" * 99)], "not a firmware image"),
    ]


def test_o12_odd_responses(row, camera, secure):
    """The documented subset of HTTP works; everything else is refused with a reason."""
    responses = refused_responses()
    refused(camera, row, responses if row.full else row.chance.sample(responses, 3))
    if row.full:  # again, with the modules of updates and pages loaded
        assert camera.get("/api/status").status_code == 200
        with invariants(camera, row, longest_pause_ms=None):  # O17 measures the pauses
            refused(camera, row, responses)
    with row.injection("redirect from https to http"):
        with Web(respond(302, Location="http://localhost:1/x"), chain=secure[1]) as web:
            reason = camera.report("failed", camera.fetch(web.url))["reason"]
            assert "from https to http" in reason
    if row.full:
        with row.injection("redirect to another host, and the rest of a file"):
            login_redirect_and_resume(camera, secure)
        with row.injection("file that changes"):
            changed_file(camera)
        for name, work in (("no length", lambda data: respond(200, data)), ("chunks", chunked)):
            with row.injection(name):
                version = next(VERSIONS)
                with Web(work(image(version))) as web:
                    installed(camera, web.url, version)
    camera.check_working()


def refused(camera, row, responses):
    for name, handlers, reason in responses:
        with row.injection(name):
            with Web(*handlers) as web:
                assert reason in camera.report("failed", camera.fetch(web.url))["reason"]
            assert len(web.requests) <= MOST_REDIRECTS + 1
            camera.wait_idle()


def login_redirect_and_resume(camera, secure):
    """The login goes to its own host only; the rest of the same file is requested."""
    version = next(VERSIONS)
    data = image(version, size=256 * KB)
    whole = {"ETag": '"v1"', "Content_Length": str(len(data))}
    rest = {
        "ETag": '"v1"',
        "Content_Length": str(len(data) - CUT),
        "Content_Range": f"bytes {CUT}-{len(data) - 1}/{len(data)}",
    }
    ends = (respond(200, data[:CUT], **whole), respond(206, data[CUT:], **rest))
    with Web(*ends, chain=secure[1]) as files:
        redirect = respond(302, Location=files.url.replace(HOST, "localhost") + "fw.bin")
        with Web(redirect, redirect, chain=secure[1]) as first:  # requested again for the rest
            installed(camera, first.url.replace("//", "//joe:secret@") + "latest", version)
        assert [request.headers["Authorization"] for request in first.requests] == [LOGIN, LOGIN]
        assert [request.headers["Authorization"] for request in files.requests] == [None, None]
        assert files.requests[1].headers["Range"] == f"bytes={CUT}-"
        assert files.requests[1].headers["If-Range"] == '"v1"'
    assert "secret" not in camera.client.command("otaurl") + camera.output


def changed_file(camera):
    version = next(VERSIONS)
    old, new = (image(each, size=256 * KB) for each in (version, next(VERSIONS)))
    length = {"Content_Length": str(len(old))}
    first = respond(200, old[:CUT], ETag='"old"', **length)
    with Web(first, respond(200, new, ETag='"new"', **length)) as web:
        since = camera.fetch(web.url)
        assert "changed meanwhile" in camera.report("failed", since)["reason"]
    camera.check_working()
    with Web(first, respond(200, old, **length)) as web:  # supports neither ranges nor tags
        installed(camera, web.url, version)


def test_o13_image_in_parts_by_mqtt(row, camera, tmp_path):
    """An image is one message: no part, no sequence of parts and no mixture is installed."""
    data = image(next(VERSIONS), size=64 * KB)
    parts = [data[at : at + 16 * KB] for at in range(0, len(data), 16 * KB)]
    orders = {
        "first part alone": parts[:1],
        "part lost": [parts[0] + parts[2] + parts[3]],
        "part repeated": [parts[0] + parts[1] + parts[1] + parts[2] + parts[3]],
        "parts exchanged": [parts[0] + parts[2] + parts[1] + parts[3]],
        "part of another image": [parts[0] + image("v9.0.9", size=64 * KB)[16 * KB :]],
        "parts as messages": parts,
        "last part first": parts[::-1],
    }
    boots = camera.facts["boots"]
    for name, messages in orders.items():
        with row.injection(name):
            since = camera.push(messages[0])
            for message in messages[1:]:
                camera.client.send(f"OTA/{camera.id}/data", message)
            camera.report("failed", since)
            camera.client.catch_up()
            camera.wait_idle()
            assert camera.running == camera.control("flash")["boot"]
    assert camera.facts["boots"] == boots
    if row.full:
        with row.injection("two senders at once"):
            two_senders(camera)
        with row.injection("1.5 MB in a small heap"):
            large_image(tmp_path, row)


def two_senders(camera):
    """The first of two images is installed, and the second one ignored."""
    versions = [next(VERSIONS), next(VERSIONS)]
    images = [image(version, size=64 * KB) for version in versions]
    since = camera.push(images[0])
    for _ in range(3):
        for data in images[::-1]:
            camera.client.send(f"OTA/{camera.id}/data", data, qos=1)
    assert camera.report("confirmed", since)["version"] == versions[0]
    camera.wait_idle()


def large_image(folder, row):
    """One message with ten times as many bytes as the heap has free."""
    data = image("v9.1.0", size=1536 * KB)
    with Mosquitto(folder / "broker") as broker:
        with Camera(folder / "camera", broker, args=("--heap", "680K")) as camera:
            free = camera.heap_free()
            row.figure("free heap", free // KB, "KB")
            assert free < 160 * KB
            camera.push(data)
            camera.wait_boot(2, 40)
            assert camera.running == "ota_1"
            assert "MemoryError" not in camera.output


def is_busy(camera, row, first, url):
    """Try to begin an update of each kind during the first one."""
    with row.injection(f"push during {first}"):
        assert camera.client.command("mqttotastart", "1") == "busy"
    with row.injection(f"download during {first}"):
        camera.command("otaurl " + url)  # a push pauses the other commands by MQTT
        assert camera.command("upgrade 1") == "busy"
    with row.injection(f"upload during {first}"):
        response = camera.upload(image("v9.1.1"))
        assert (response.status_code, response.json()) == (409, {"error": "busy"})


def test_o15_second_update_during_the_first(row, camera):
    """Neither a push, a download nor an upload begins while one of them is under way."""
    nowhere = f"http://{HOST}:1/x"
    assert camera.client.command("mqttotastart", "1") == "on"
    is_busy(camera, row, "a push", nowhere)
    since = len(camera.client.messages)
    assert camera.command("mqttotastart 0") == "off"
    camera.client.wait(STAT + "mqttotastart", b"off", since=since)
    camera.wait_idle()

    asked, release = threading.Event(), threading.Event()

    def hold(request):
        asked.set()
        release.wait(30)
        respond(404)(request)

    with Web(hold) as web:
        since = camera.fetch(web.url)
        assert asked.wait(20)
        is_busy(camera, row, "a download", web.url)
        release.set()
        assert "404" in camera.report("failed", since)["reason"]
    camera.wait_idle()

    version = next(VERSIONS)
    data = image(version, size=128 * KB)

    def slowly():
        yield data[: 64 * KB]
        camera.wait_output("writing micropython " + version)
        is_busy(camera, row, "an upload", nowhere)
        yield data[64 * KB :]

    since = len(camera.client.messages)
    headers = {"Content-Length": str(len(data))}
    assert camera.upload(slowly(), headers).status_code == 200
    assert camera.report("confirmed", since)["version"] == version
