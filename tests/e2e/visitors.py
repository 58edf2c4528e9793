"""HTTP clients that the camera treats as different visitors: each has its own address."""

import contextlib
import itertools
import socket

import httpx

_numbers = itertools.count()


def address():
    """Return an address of the loopback network that no other visitor has."""
    number = next(_numbers)
    return f"127.0.{number // 250}.{number % 250 + 2}"


def visitor(camera, source=None):
    """Return a client of the camera, without failed logins."""
    transport = httpx.HTTPTransport(local_address=source or address())
    return httpx.Client(base_url=camera.url, transport=transport, timeout=15, trust_env=False)


def log_in(client, word):
    """Log a visitor in by the form."""
    response = client.post("/login", data={"password": word, "next": "/setup"})
    assert response.status_code == 303 and response.headers["location"] == "/setup"
    return client


def head(client, method, path, **more):
    """Return a response without its body, because a stream has no end."""
    with client.stream(method, path, **more) as response:
        return response


def exchange(camera, data):
    """Send bytes as they are from a new address; return what arrives until the end."""
    parts = []
    server = ("127.0.0.1", camera.facts["http"])
    with socket.create_connection(server, 15, source_address=(address(), 0)) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
            while part := sock.recv(65_536):
                parts.append(part)
    return b"".join(parts)


def status_of(response):
    """Return the status of a response in bytes, 0 for none."""
    return int(response.split(b" ", 2)[1]) if response else 0
