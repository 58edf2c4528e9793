"""The commands in the READMEs for owners, run as they are printed.

`make run` runs once, and the commands for a camera are sent to it. Those for a board, which is not
there, run until they say so. A command that nothing here can run fails.
"""

import re
import shlex
import signal
import socket
import subprocess
import sys

import manual
import pytest
from desk import Desk, planned
from listener import Listener
from sim import ROOT, wait_until

FILES = ("README.md", "tools/README.md", "config/README.md")
PORT = "/dev/no-board"
PRINTED = (  # targets that build, run tests or never end: only `make -n`
    "run test firmware web-installer home-assistant release size bench soak hubs screenshots "
    "check docs help setup restore"
).split()
NOT_HERE = re.compile(
    r"sudo |py -m venv|\.venv\\Scripts\\(pip |python tools\\device_packages)"  # change this PC
    r"|\.venv/bin/python .* firmware\.bin|curl .*@firmware\.bin|mosquitto_pub -h broker"  # updates
    r"|openssl s_client"  # needs a broker with TLS: tests/e2e/test_pinning.py
    r"|curl -d wifissid"  # leaves the network: tests/e2e/test_access_point.py
    r"|curl -u admin:PASSWORD$"  # only options
    r"|curl .*/api/backup|jq "  # need a password: tests/e2e/test_access.py
)


def commands():
    """Return all commands, each once, in the order of the text."""
    texts = [manual.text(name) for name in FILES]
    return list(dict.fromkeys(c for t in texts for c in (*manual.blocks(t), *manual.spans(t))))


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("desk"))
    try:
        made.prepare()
        made.start()
        yield made
    finally:
        made.camera.stop()


def make(desk, words):
    """A target of make: its program can run, but for want of a board or of a file."""
    program = planned(words)
    if words[0] == "run":
        parse_options(words[1:])
    if words[0] not in PRINTED:
        status, output = desk.run(program, stdin="simulated\n")
        assert "Traceback" not in output and "usage:" not in output, output
        assert status == (0 if words[0] == "app" else 1), output


def parse_options(variables):
    """Parse ARGS of `make run`; only --help ends the program."""
    import options

    given = shlex.split("".join(variables).removeprefix("ARGS="))
    if given == ["--help"]:
        with pytest.raises(SystemExit, match="^0$"):
            options.parse(given)
    else:
        options.parse(given)


def publish(desk, line):
    """A command for the camera, which replies on the command's own topic, not on SYNTAX."""
    with Listener(desk.broker, "stat/#") as client:
        since = client.catch_up()
        assert desk.run(line)[0] == 0
        name = re.search(r"cmnd/[\w-]+/(\w+)", line)[1]
        replies = (f"stat/esp32-mqtt-cam/{name}", "stat/esp32-mqtt-cam/SYNTAX")
        fresh = lambda: [m.topic for m in client.messages[since:] if not m.retain]  # noqa: E731
        wait_until(lambda: set(replies) & set(fresh()), what="a reply")
        assert replies[1] not in fresh()


def query(desk, line):
    """A command and its reply."""
    status, output = desk.run(line)
    assert status == 0 and "camera ready" in output, output


def client(desk, line):
    """A program that fetches something: it succeeds, and a picture is whole."""
    status, output = desk.run(line.replace("<camera>", "127.0.0.1"))
    assert status == 0, output
    for path in desk.work.glob("*.jpg"):
        data = path.read_bytes()
        assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"


def telnet(desk, line):
    """A console on which `help` can be typed."""
    client = subprocess.Popen(
        [line.split()[0], "127.0.0.1", str(desk.camera.facts["telnet"])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=0,
    )
    try:
        client.stdin.write("PASSWORD\nhelp\n")
        assert any("pubinterval" in each for each in client.stdout)
    finally:
        client.kill()
        client.wait()
        client.stdin.close()
        client.stdout.close()


def tool(desk, line):
    """A program of tools/ on files, or with the broker."""
    line = line.replace("mqtt://broker", f"mqtt://127.0.0.1:{desk.broker}")
    if " serve " in line:
        return serve(desk, line)
    if "/live.py " in line:
        return show(desk, line)
    line = line.replace("keygen porch", "keygen shed")  # the keys of porch are there already
    line += " --count 1" if " collect " in line else ""
    status, output = desk.run(line)
    if " video " in line:  # the folder is empty
        assert status == 1 and "no pictures" in output, output
    elif " push " in line:  # the archive is for the chip, not for the simulated board
        assert status == 1 and "bytecode" in output, output
    else:
        assert status == 0, output


def serve(desk, line):
    words = line.replace(".venv/bin/python", sys.executable).split() + ["--port", "0"]
    words[1] = str(ROOT / words[1])
    server = subprocess.Popen(words, cwd=desk.work, stdout=subprocess.PIPE, text=True)
    try:
        host, port = re.search(r"//([\d.]+):(\d+)", server.stdout.readline()).groups()
        socket.create_connection((host, int(port)), 5).close()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def show(desk, line):
    """A page with the live view, until Ctrl-C."""
    words = line.replace(".venv/bin/python", sys.executable).split() + ["--port", "0"]
    words[1] = str(ROOT / words[1])
    process = subprocess.Popen(words, cwd=desk.folder, stderr=subprocess.PIPE, text=True)
    try:
        assert "esp32-mqtt-cam: http://127.0.0.1:" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def windows(line):
    """A tool in PowerShell: what make runs for the same command."""
    words = line.replace("\\", "/").split()[1:]
    target = re.fullmatch(r"tools/(\w+)\.py", words[0])[1]
    same = next(each for each in commands() if each.startswith(f"make {target} PORT="))
    there = planned(shlex.split(same.replace("/dev/ttyUSB0", words[1]))[1:])
    assert there.split()[1:] == words


def run(desk, line):
    """Run one command of the documentation in the way that its program needs."""
    if line.startswith("make "):
        make(desk, shlex.split(line.replace("/dev/ttyUSB0", PORT))[1:])
    elif line.startswith("mosquitto_pub "):
        publish(desk, line)
    elif line.startswith("mosquitto_rr "):
        query(desk, line)
    elif line.startswith("openssl "):
        status, output = desk.run(line)
        assert status == 0, output
    elif line.startswith(("mosquitto_sub ", "curl ")):
        client(desk, line)
    elif line.startswith("telnet "):
        telnet(desk, line)
    elif line.startswith(".venv/bin/python tools/"):
        tool(desk, line)
    elif line.startswith(r".venv\Scripts\python tools"):
        windows(line)
    else:
        pytest.fail(f"nothing here knows how to run: {line}")


@pytest.mark.parametrize("line", [each for each in commands() if not NOT_HERE.match(each)])
def test_command(desk, line):
    run(desk, line)
