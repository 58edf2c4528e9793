"""The telnet consoles: real clients, every kind of line end, hostile bytes, users that stall."""

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
from telnetuser import DO, IAC, SB, SE, WILL, TelnetUser

GREETING = "esp32-mqtt-cam"
VALUE = "pulse = 0\n"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        yield made


@pytest.fixture
def port(camera):
    """The consoles', free again when a test is over."""
    number = camera.facts["telnet"]
    yield number
    wait_until(lambda: _places(number) == 2, 30, "two free consoles", 0.05)


@pytest.fixture
def user(port):
    with TelnetUser.admitted(port) as made:
        yield made


# Clients that people use


def test_telnet_program(port):
    near, far = pty.openpty()
    line = ["telnet", "127.0.0.1", str(port)]
    process = subprocess.Popen(line, stdin=far, stdout=far, stderr=far, start_new_session=True)
    os.close(far)
    seen = b""

    def wait(wanted):
        nonlocal seen
        deadline = time.monotonic() + 10
        while wanted not in seen:
            assert select.select([near], [], [], max(0, deadline - time.monotonic()))[0], seen
            seen += os.read(near, 4096)
        seen = seen.partition(wanted)[2]

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
    async def story():
        reader, writer = await telnetlib3.open_connection("127.0.0.1", port)
        seen = await reader.readuntil(b"\n")
        assert GREETING.encode() in seen
        for _ in range(2):
            writer.write("pulse\r\n")
            await reader.readuntil(b"pulse = 0\r\n")
        writer.close()

    asyncio.run(asyncio.wait_for(story(), 15))


@pytest.mark.parametrize(
    "end", [b"\r", b"\r\n", b"\r\0", b"\n"], ids=["CR", "CRLF", "CRNUL", "LF"]
)
def test_line_ends(user, end):
    for _ in range(3):
        user.run("pulse", VALUE, end)
    user.run("nosuch", "nosuch: unknown", end)
    assert user.text.count(VALUE) == 3


def test_echo_and_editing(user):
    user.send(b"tix\x08me\x15pulse")
    user.wait("pulse")
    user.run("", VALUE)


# Hostile bytes


def test_every_option_is_answered_once(user):
    storm = b"".join(bytes((IAC, verb, n)) for n in range(256) for verb in (WILL, DO))
    user.send(storm * 5 + b"\r\n")
    user.run("pulse", VALUE)
    answers = user.options[2:]  # behind what it says by itself
    assert len(answers) == len(set(answers)) == 2 * 256 - 2


def test_unfinished_subnegotiation(user):
    user.send(bytes((IAC, SB, 24)) + b"pulse 9\r\n" * 200 + bytes((IAC, IAC, IAC, SE)))
    user.run("pulse", VALUE)
    user.send(bytes((IAC, IAC, IAC, 241, IAC, 249)) + b"\x15")  # a byte 255, NOP, GA, Ctrl-U
    user.run("pulse", VALUE)


def test_line_of_a_megabyte(user, camera):
    before = camera.heap_free()
    user.send(b"x" * 1_000_000)
    user.run("", "the line is longer than 255 bytes\n", limit_s=30)
    user.run("pulse", VALUE)
    assert camera.heap_free() > before - 2_048


def test_flood_holds_nobody_up(camera, user, port):
    with TelnetUser.admitted(port) as other:
        flood = threading.Thread(target=user.send, args=(b"y" * 1_000_000 + b"\r\n",))
        flood.start()
        for _ in range(3):
            with camera.within(0.5):
                assert camera.get("/").status_code == 200
                other.run("pulse", VALUE)
        assert flood.is_alive() or "longer" not in user.text
        flood.join(20)
        user.run("pulse", VALUE, limit_s=20)


def test_binary_noise(port, user):
    user.send(random.Random(7).randbytes(50_000) + bytes((IAC, SE)) + b"\r\n\x15\r\n")

    def answers():  # while there is much to say, lines are lost
        with contextlib.suppress(AssertionError):
            return user.run("pulse", VALUE, limit_s=0.5)

    wait_until(answers, what="an answer after the noise")
    assert all(verb != IAC for verb, _ in user.options)
    with TelnetUser.admitted(port) as other:
        other.run("pulse", VALUE)


# Several users


def test_third_user_is_refused(user, port):
    with TelnetUser.admitted(port) as second:
        with TelnetUser(port) as third:
            third.wait("all consoles are in use\n")
            assert third.closed.wait(5)
        for each in (user, second):
            each.run("pulse", VALUE)


def test_user_who_vanishes_frees_the_place(port):
    for _ in range(5):
        with TelnetUser.admitted(port), TelnetUser.admitted(port):
            pass
        wait_until(lambda: _places(port) == 2, what="two free places")


def test_user_who_does_not_read(camera, user, port):
    """Lines are lost to the one, nobody else waits."""
    with TelnetUser(port, reading=False, receive_buffer=2_048) as deaf:
        started = time.monotonic()
        for _ in range(60):
            deaf.send(b"help\r\n" * 20)
            with camera.within(1):
                assert camera.get("/").status_code == 200
            user.run("pulse", VALUE, limit_s=20)
            if time.monotonic() - started > 2:
                break
        assert camera.command("pulse") == "0"


def test_console_while_four_look(camera, port):
    """The sockets that are left go to the consoles; a viewer has to leave when there are none."""
    http = camera.facts["http"]
    with contextlib.ExitStack() as stack:
        viewers = [stack.enter_context(Viewer(http)) for _ in range(4)]
        for viewer in viewers:
            assert "200" in viewer.head()[0]
            viewer.look()
        for _ in range(2):
            user = stack.enter_context(TelnetUser.admitted(port))
            user.run("pulse", VALUE)
        for viewer in viewers:
            viewer.look()


def _places(port):
    """How many more users get in."""
    with contextlib.ExitStack() as stack:
        users = [stack.enter_context(TelnetUser(port)) for _ in range(3)]
        for user in users:
            user.wait("\n")
        return sum(GREETING in user.text for user in users)
