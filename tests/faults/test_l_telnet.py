"""Telnet: odd bytes, long lines, many clients, wrong passwords, and clients that do not read."""

import contextlib
import socket
import struct
import threading
import time

import pytest
import test_micropython
from invariants import invariants
from rawhttp import use_pages
from sim import Simulator, wait_until
from telnet_client import DO, DONT, IAC, SB, SE, WILL, WONT, TelnetClient

NO_BROKER = "mqtt://127.0.0.1:1"
WORD = "open, sesame!"
GREETING = "esp32-mqtt-cam"
VALUE = "pulse = 0\n"
CTRL_U, CTRL_D = b"\x15", b"\x04"
PER_CLIENT = 50
LOG_LINES = 200
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by RST
OPTIONS = [bytes((IAC, verb, n)) for n in range(256) for verb in (WILL, DO)]
LINE_ENDS = {"CR": b"\r", "CR LF": b"\r\n", "CR NUL": b"\r\0", "LF": b"\n"}
PIECES = [
    b"\r", b"\n", b"\0", b"\r\0", b"\x1b[A", b"\x1b[1;5", b"\x7f", b"\xff", bytes((IAC, IAC)),
    bytes((IAC, SB)), bytes((IAC, SB, 24, 1)), bytes((IAC, SE)), bytes((IAC, 241)), b"x" * 300,
    "ü€😀".encode(), b"\xff\xf4\xff\xfd\x06", b"\x80\xc3", b"\x03\x04",
]  # fmt: skip


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), NO_BROKER) as made:
        use_pages(made)
        for number in range(8):
            made.command(f"no{number:0250d}")  # the longest history of the UART
        yield made


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A camera with an admin password."""
    folder = tmp_path_factory.mktemp("guarded")
    with Simulator(folder, NO_BROKER, {"adminpass": WORD}) as made:
        yield made


@pytest.fixture
def port(camera):
    """The telnet port; all its slots are free again after a test."""
    number = camera.facts["telnet"]
    yield number
    wait_until(lambda: free_slots(number) == 2, 30, "two free consoles", 0.05)


def free_slots(port):
    """Return how many more clients get a console."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(TelnetClient(port)) for _ in range(3)]
        for client in clients:
            client.wait("\n")
        return sum(GREETING in client.text for client in clients)


def test_l1_odd_options_and_line_ends(camera, port, row):
    """Each option gets one response, each line end ends one line, and noise ends nothing."""
    with invariants(camera, row):
        with TelnetClient.with_console(port) as client:
            line_ends(client, row)
            subnegotiations(client, row)
            storm(client, row)
        for first in range(0, row.times(10_000, 200), PER_CLIENT):
            with TelnetClient.with_console(port) as client:
                for number in range(first, first + PER_CLIENT):
                    with row.injection(number):
                        client.send(odd_bytes(row.chance))
                wait_until(lambda: is_answered(client), what="a reply after the noise")
                assert len(client.options) == len(set(client.options))
                assert all(verb in (WILL, WONT, DONT) for verb, _ in client.options)


def line_ends(client, row):
    for name, end in LINE_ENDS.items():
        with row.injection(name):
            since = client.text.count(VALUE)
            for _ in range(3):
                client.run("pulse", VALUE, end)
            client.run("nosuch", "nosuch: unknown", end)
            assert client.text.count(VALUE) == since + 3


def subnegotiations(client, row):
    with row.injection("unfinished subnegotiation"):
        client.send(bytes((IAC, SB, 24)) + b"pulse 9\r\n" * 200 + bytes((IAC, IAC, IAC, SE)))
        client.run("pulse", VALUE)
    with row.injection("byte 255, NOP, GA"):
        client.send(bytes((IAC, IAC, IAC, 241, IAC, 249)) + CTRL_U)
        client.run("pulse", VALUE)


def storm(client, row):
    """Each option is refused once, however often it is offered."""
    with row.injection("5 x 512 options"):
        client.send(b"".join(OPTIONS) * 5 + b"\r\n")
        client.run("pulse", VALUE)
        responses = client.options[2:]  # the first two are the server's own offers
        assert len(responses) == len(set(responses)) == 2 * 256 - 2


def odd_bytes(chance):
    pieces = [*chance.choices(PIECES, k=3), chance.choice(OPTIONS), chance.randbytes(20)]
    chance.shuffle(pieces)
    return b"".join(pieces).replace(CTRL_D, b"")  # which ends the connection


def is_answered(client):
    """Return True if a command is answered; lines may be lost under much output."""
    with contextlib.suppress(AssertionError):
        client.send(bytes((IAC, SE)) + CTRL_U + b"\r\n")
        return client.run("pulse", VALUE, limit_s=0.5)


def test_l2_line_of_a_megabyte(camera, port, row):
    """It is cut off with a message; it takes no memory and delays no other client."""
    size = row.times(1_000_000, 50_000)
    with TelnetClient.with_console(port) as other, TelnetClient.with_console(port) as client:
        with invariants(camera, row, memory=1_024):
            flood = threading.Thread(target=client.send, args=(b"x" * size + b"\r\n",))
            flood.start()
            with row.injection(f"{size} bytes"):
                for _ in range(3):
                    with camera.within(0.5):
                        assert camera.get("/").status_code == 200
                        other.run("pulse", VALUE)
                client.wait("the line is longer than 320 bytes\n", limit_s=60)
                flood.join()
                client.run("pulse", VALUE)


def test_l3_many_clients_and_clients_that_vanish(
    camera, guarded, port, row, interpreter, repo, tmp_path
):
    """Two are served, the others refused; one that has left frees its slot.

    The program of unit tests waits, in simulated time, for the ten minutes after which a silent
    client is disconnected.
    """
    for kind, more in (("FIN", row.times(8, 2)), ("RST", 1)):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(TelnetClient.with_console(port)) for _ in range(2)]
            for number in range(more):
                with row.injection(number), TelnetClient(port) as refused:
                    refused.wait("all consoles or connections are in use; close one, then try")
                    assert refused.closed.wait(5)
            for client in clients:
                client.run("pulse", VALUE)
                if kind == "RST":
                    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        with row.injection(kind):
            wait_until(lambda: free_slots(port) == 2, 5, "two free consoles")
    silent_logins(guarded, row)
    if row.full:  # else it runs anyway
        with row.injection("silence"):
            program = repo / "tests" / "unit" / "test_console_telnet.py"
            test_micropython.test_unit(program, interpreter, repo, tmp_path)


def silent_logins(camera, row):
    """Ten clients that enter no password give way to the owner."""
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(TelnetClient(camera.facts["telnet"]))
        with row.injection("silent logins"), camera.within(5):
            log_in(camera)


def log_in(camera, source=None):
    with TelnetClient(camera.facts["telnet"], source=source) as owner:
        owner.wait("password: ")
        owner.send(WORD.encode() + b"\r\n")
        owner.wait(GREETING)
        owner.run("pulse", VALUE)
        assert WORD not in owner.text


def test_l4_wrong_passwords(guarded, row):
    """Few of a hundred guesses are checked; the owner logs in from another address meanwhile."""
    started, checked, guesses = time.monotonic(), 0, row.times(100, 40)
    pause_s = row.times(0.6, 0)  # a minute in all
    for number in range(guesses):
        with row.injection(number):
            checked += guess(guarded, f"guess {number}")
            if number == guesses // 2:
                log_in(guarded, "127.0.0.3")
            time.sleep(pause_s)  # a rate is measured
    minutes = max(1, (time.monotonic() - started) / 60)
    row.figure("checked", round(checked / minutes), "a minute")
    assert 5 <= checked <= 10 * minutes
    log_in(guarded, "127.0.0.4")


def guess(camera, word):
    """Try a password; return True if it was checked, False if the address has to wait."""
    with TelnetClient(camera.facts["telnet"], source="127.0.0.2") as client:
        wait_until(
            lambda: "password: " in client.text or "too many" in client.text, what="a prompt"
        )
        if "too many" in client.text:
            assert client.closed.wait(10)
            return False
        client.send(word.encode() + b"\r\n")
        client.wait("wrong password\n")
        assert GREETING not in client.text
        return True


def test_l5_client_that_does_not_read(camera, port, row):
    """It loses lines, which are counted; nothing else is delayed, even at loglevel debug."""
    camera.command("loglevel debug")
    for _ in range(LOG_LINES):  # the log has its largest size
        camera.command("pulse")
    with TelnetClient.with_console(port) as client, invariants(camera, row):
        with TelnetClient(port, reading=False, receive_buffer=2_048) as deaf:
            for number in range(row.times(30, 10)):
                with row.injection(number):
                    deaf.send(b"help\r\n" * 20)
                    with camera.within(1):
                        assert camera.get("/").status_code == 200
                    client.run("pulse", VALUE)
            assert camera.command("pulse") == "0"
            deaf.read_on()
            deaf.wait("(lines lost: ")
            lost = deaf.text.partition("(lines lost: ")[2].partition(")")[0]
            row.figure("lines lost and counted", int(lost))
    camera.command("loglevel info")
