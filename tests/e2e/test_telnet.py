"""Telnet consoles: clients in common use, editing, and consoles beside viewers."""

import asyncio
import contextlib
import os
import pty
import select
import subprocess
import time

import pytest
import telnetlib3
from pictures import viewers
from probe import NO_BROKER
from sim import Simulator
from telnet_client import TelnetClient

GREETING = "esp32-mqtt-cam"
VALUE = "pulse = 0\n"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


@pytest.fixture
def port(camera):
    return camera.facts["telnet"]


@pytest.fixture
def client(port):
    with TelnetClient.with_console(port) as made:
        yield made


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


def test_echo_and_editing(client):
    client.send(b"tix\x08me\x15pulse")
    client.wait("pulse")
    client.run("", VALUE)


def test_consoles_and_four_viewers(camera, port):
    """Consoles get the free sockets; without one the first viewer is disconnected."""
    with viewers(camera.facts["http"], 4) as opened, contextlib.ExitStack() as stack:
        for _ in range(2):
            client = stack.enter_context(TelnetClient.with_console(port))
            client.run("pulse", VALUE)
        for viewer in opened:
            viewer.skip()
