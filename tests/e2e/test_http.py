"""Pages and pictures over HTTP, with well-behaved clients."""

import time
from email.utils import parsedate_to_datetime

import pytest
from pictures import check
from rawhttp import check_responsive, connection, exchange
from sim import Simulator, wait_until

PATHS = ["/", "/capture", "/jpg"]
NO_BROKER = "mqtt://127.0.0.1:1"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER, {"pubinterval": "0"}) as made:
        yield made


def test_page(camera):
    response = camera.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert 'src="/mjpg"' in response.text
    assert 'href="/capture"' in response.text


@pytest.mark.parametrize("path", ["/capture", "/jpg", "/capture?x=1", "/jpg?_=%20"])
def test_picture_is_taken_after_the_request(camera, path):
    camera.get("/jpg")
    for _ in range(2):
        before = camera.control("frames")["last"]
        response = camera.get(path)
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/jpeg"
        assert response.headers["content-disposition"] == "inline; filename=capture.jpg"
        assert int(response.headers["content-length"]) == len(response.content)
        assert abs(float(response.headers["x-timestamp"]) - time.time()) < 5
        assert check(response.content) > before


@pytest.mark.parametrize("path", PATHS)
def test_head(camera, path):
    response = camera.get(path, "HEAD")
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["content-type"] == camera.get(path).headers["content-type"]
    data = exchange(camera, f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1


def test_head_request_for_the_stream_ends(camera):
    data = exchange(camera, b"HEAD /mjpg HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert data.startswith(b"HTTP/1.0 200 ") and data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/nothing", "/jpg/", "/JPG", "//", "/capture/x"])
def test_unknown_path(camera, path):
    response = camera.get(path)
    assert response.status_code == 404
    assert response.text.startswith("404 Not Found")


@pytest.mark.parametrize("path", [*PATHS, "/mjpg", "/stream"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods(camera, path, method):
    response = camera.get(path, method)
    assert response.status_code == 405
    allowed = {each.strip() for each in response.headers["allow"].split(",")}
    assert {"GET", "HEAD"} <= allowed
    assert method not in allowed


def test_absolute_form(camera):
    data = exchange(camera, b"GET http://localhost/jpg?x=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    check(data.partition(b"\r\n\r\n")[2])


def test_server_options(camera):
    data = exchange(camera, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert data.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"\r\nAllow: GET, HEAD, POST, OPTIONS\r\n" in data


@pytest.mark.parametrize("path", ["/", "/jpg", "/nothing", "/style.css", "/api/status"])
def test_date_once_the_clock_is_set(camera, path):
    wait_until(lambda: "date" in camera.get(path).headers)
    date = parsedate_to_datetime(camera.get(path).headers["date"])
    assert abs(date.timestamp() - time.time()) < 5


def test_http_1_0_client(camera):
    data = exchange(camera, b"GET /jpg HTTP/1.0\r\n\r\n")
    head, _, picture = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK")
    check(picture)


def test_clients_that_disconnect_early(camera):
    camera.get("/jpg")
    before = camera.heap_free()
    for number in range(60):
        data = b"GET /jpg HTTP/1.1\r\nHost: localhost\r\n\r\n"[: 10 + number % 31]
        with connection(camera, data):
            pass
    check_responsive(camera)
    check(camera.get("/jpg").content)
    assert before - camera.heap_free() < 12_288  # the buffers of pictures may have been freed
