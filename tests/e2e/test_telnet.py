"""Telnet consoles: real clients, every line end, hostile bytes, clients that do not read."""

import asyncio
import contextlib
import os
import pty
import random
import select
import subprocess
import threading
import time

import pytest
import telnetlib3
from pictures import Viewer
from probe import NO_BROKER
from sim import Simulator, wait_until
from telnet_client import DO, IAC, SB, SE, WILL, TelnetClient

GREETING = "esp32-mqtt-cam"
VALUE = "pulse = 0\n"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


@pytest.fixture
def port(camera):
    """The telnet port; all its slots are free again after a test."""
    number = camera.facts["telnet"]
    yield number
    wait_until(lambda: _free_slots(number) == 2, 30, "two free consoles", 0.05)


@pytest.fixture
def client(port):
    with TelnetClient.with_console(port) as made:
        yield made


# Clients in common use


def test_telnet_program(port):
    near, far = pty.openpty()
    line = ["telnet", "127.0.0.1", str(port)]
    process = subprocess.Popen(line, stdin=far, stdout=far, stderr=far, start_new_session=True)
    os.close(far)
    seen = b""

    def wait(expected):
        nonlocal seen
        deadline = time.monotonic() + 10
        while expected not in seen:
            assert select.select([near], [], [], max(0, deadline - time.monotonic()))[0], seen
            seen += os.read(near, 4096)
        seen = seen.partition(expected)[2]

    try:
        wait(GREETING.encode())
        os.write(near, b"pulsx\x7fe\r")
        wait(b"pulse = 0\r\n")
        os.write(near, b"\x1b[A\r")
        wait(b"pulse\r\npulse = 0\r\n")
        os.write(near, b"\x1d")
        wait(b"telnet> ")
        os.write(near, b"quit\r")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(near)


def test_telnetlib3(port):
    async def scenario():
        reader, writer = await telnetlib3.open_connection("127.0.0.1", port)
        seen = await reader.readuntil(b"\n")
        assert GREETING.encode() in seen
        for _ in range(2):
            writer.write("pulse\r\n")
            await reader.readuntil(b"pulse = 0\r\n")
        writer.close()

    asyncio.run(asyncio.wait_for(scenario(), 15))


@pytest.mark.parametrize(
    "end", [b"\r", b"\r\n", b"\r\0", b"\n"], ids=["CR", "CRLF", "CRNUL", "LF"]
)
def test_line_ends(client, end):
    for _ in range(3):
        client.run("pulse", VALUE, end)
    client.run("nosuch", "nosuch: unknown", end)
    assert client.text.count(VALUE) == 3


def test_echo_and_editing(client):
    client.send(b"tix\x08me\x15pulse")
    client.wait("pulse")
    client.run("", VALUE)


# Hostile bytes


def test_every_option_gets_one_response(client):
    storm = b"".join(bytes((IAC, verb, n)) for n in range(256) for verb in (WILL, DO))
    client.send(storm * 5 + b"\r\n")
    client.run("pulse", VALUE)
    responses = client.options[2:]  # the first two are the server's own offers
    assert len(responses) == len(set(responses)) == 2 * 256 - 2


def test_unfinished_subnegotiation(client):
    client.send(bytes((IAC, SB, 24)) + b"pulse 9\r\n" * 200 + bytes((IAC, IAC, IAC, SE)))
    client.run("pulse", VALUE)
    client.send(bytes((IAC, IAC, IAC, 241, IAC, 249)) + b"\x15")  # a byte 255, NOP, GA, Ctrl-U
    client.run("pulse", VALUE)


def test_line_of_a_megabyte(client, camera):
    before = camera.heap_free()
    client.send(b"x" * 1_000_000)
    client.run("", "the line is longer than 255 bytes\n", limit_s=30)
    client.run("pulse", VALUE)
    assert camera.heap_free() > before - 2_048


def test_flood_blocks_no_other_client(camera, client, port):
    with TelnetClient.with_console(port) as other:
        flood = threading.Thread(target=client.send, args=(b"y" * 1_000_000 + b"\r\n",))
        flood.start()
        for _ in range(3):
            with camera.within(0.5):
                assert camera.get("/").status_code == 200
                other.run("pulse", VALUE)
        assert flood.is_alive() or "longer" not in client.text
        flood.join(20)
        client.run("pulse", VALUE, limit_s=20)


def test_binary_noise(port, client):
    client.send(random.Random(7).randbytes(50_000) + bytes((IAC, SE)) + b"\r\n\x15\r\n")

    def answers():  # lines are lost under that much output
        with contextlib.suppress(AssertionError):
            return client.run("pulse", VALUE, limit_s=0.5)

    wait_until(answers, what="a reply after the noise")
    assert all(verb != IAC for verb, _ in client.options)
    with TelnetClient.with_console(port) as other:
        other.run("pulse", VALUE)


# Several clients


def test_third_client_is_refused(client, port):
    with TelnetClient.with_console(port) as second:
        with TelnetClient(port) as third:
            third.wait("all consoles or connections are in use; close one, then try again\n")
            assert third.closed.wait(5)
        for each in (client, second):
            each.run("pulse", VALUE)


def test_disconnect_frees_the_slot(port):
    for _ in range(5):
        with TelnetClient.with_console(port), TelnetClient.with_console(port):
            pass
        wait_until(lambda: _free_slots(port) == 2, what="two free consoles")


def test_client_that_does_not_read(camera, client, port):
    """It loses lines; other clients do not wait."""
    with TelnetClient(port, reading=False, receive_buffer=2_048) as deaf:
        started = time.monotonic()
        for _ in range(60):
            deaf.send(b"help\r\n" * 20)
            with camera.within(1):
                assert camera.get("/").status_code == 200
            client.run("pulse", VALUE, limit_s=20)
            if time.monotonic() - started > 2:
                break
        assert camera.command("pulse") == "0"


def test_consoles_and_four_viewers(camera, port):
    """Consoles get the free sockets; without one the first viewer is disconnected."""
    http = camera.facts["http"]
    with contextlib.ExitStack() as stack:
        viewers = [stack.enter_context(Viewer(http)) for _ in range(4)]
        for viewer in viewers:
            assert "200" in viewer.head()[0]
            viewer.skip()
        for _ in range(2):
            client = stack.enter_context(TelnetClient.with_console(port))
            client.run("pulse", VALUE)
        for viewer in viewers:
            viewer.skip()


def _free_slots(port):
    """Return how many more clients get a console."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(TelnetClient(port)) for _ in range(3)]
        for client in clients:
            client.wait("\n")
        return sum(GREETING in client.text for client in clients)
