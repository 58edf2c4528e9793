"""Runner of the simulated board: command line, ready file and exit."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from probe import NO_BROKER, Probe
from sim import ROOT, Simulator, wait_until

RUNNER = ROOT / "tools" / "sim" / "run.py"
DEFAULT_PORTS = (8080, 2323)


def run_runner(*args):
    return subprocess.run(
        [sys.executable, str(RUNNER), *args], capture_output=True, text=True, timeout=20
    )


def test_ready_file(probe):
    ready = probe.facts
    assert ready["device_id"] == "DVES_A1B2C3"
    assert ready["mqtt"] == NO_BROKER
    assert ready["boots"] == 1
    os.kill(ready["pid"], 0)
    for name in ("http", "telnet", "dns", "control"):
        assert 0 < ready[name] < 65_536


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_with_status_0(tmp_path, number):
    probe = Probe(tmp_path).start()
    pid = probe.pid
    start = time.monotonic()
    assert probe.end(number) == 0
    assert time.monotonic() - start < 2
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "Traceback" not in probe.output


def test_board_dies_with_the_runner(tmp_path):
    probe = Probe(tmp_path).start()
    pid = probe.pid
    probe.end(signal.SIGKILL)

    def gone():
        try:
            return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
        except FileNotFoundError:
            return True

    wait_until(gone, 2, "end of the interpreter")


def test_unknown_setting(tmp_path):
    result = run_runner("--state", str(tmp_path), "--set", "colour=red", "--http-port", "0")
    assert result.returncode == 2
    assert "colour" in result.stderr and "pubinterval" in result.stderr


def test_invalid_value_of_a_setting(tmp_path):
    args = ("--telnet-port", "0", "--dns-port", "0", "--http-port", "0")
    result = run_runner("--state", str(tmp_path), "--set", "pubinterval=often", *args)
    assert result.returncode == 2
    assert "pubinterval" in result.stderr and "86400" in result.stderr


def test_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run_runner("--state", str(tmp_path), "--http-port", port)
    assert result.returncode == 2
    assert port in result.stderr and "--http-port" in result.stderr


def test_default_port_in_use(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("print('runs')")
    with contextlib.ExitStack() as taken:
        for port in DEFAULT_PORTS:
            with contextlib.suppress(OSError):  # in use by another program
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        result = run_runner("--state", str(tmp_path), "--run", str(program), "--quiet")
    assert (result.returncode, result.stdout) == (0, "runs\n")


def test_settings_are_stored(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text("certificate")
    args = ("--set", "topic=porch", "--set", "pubinterval=60", "--set", f"mqttca=@{file}")
    with Probe(tmp_path, *args) as probe:
        stored = probe.control("nvs")["nvs"]["syscfg"]
        assert stored["MQTT_TOPIC"] == "porch"
        assert stored["MQTT_PUBINTERV"] == 60
        assert stored["STA_SSID"] == "sim"
        assert stored["MQTT_HOST"] == NO_BROKER
        assert probe.files.read("mqttca.pem") == b"certificate"


def test_broker_follows_the_runner_unless_it_was_changed(tmp_path):
    def stored(probe):
        return probe.control("nvs")["nvs"]["syscfg"]["MQTT_HOST"]

    with Probe(tmp_path, broker=None) as probe:
        assert stored(probe) == probe.facts["mqtt"]
    with Probe(tmp_path, broker=None) as probe:
        assert stored(probe) == probe.facts["mqtt"]
        probe.run("import esp32\nesp32.NVS('syscfg').set_blob('MQTT_HOST', 'mqtt://other')")
    with Probe(tmp_path, broker=None) as probe:
        assert stored(probe) == "mqtt://other"


def test_one_runner_per_state(tmp_path):
    with Probe(tmp_path) as probe:
        result = run_runner("--state", str(probe.state))
        assert result.returncode == 2
        assert "in use" in result.stderr


def test_unconfigured_board_is_like_new(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text("certificate")
    with Probe(tmp_path, "--set", "topic=porch", "--set", f"mqttca=@{file}"):
        pass
    with Probe(tmp_path, "--ap", "--set", "pulse=5") as probe:
        assert probe.control("nvs")["nvs"] == {"syscfg": {"APP_PULSE": 5}}
        assert "mqttca.pem" not in probe.files.paths()


def test_given_settings_override_stored_ones(tmp_path):
    with Probe(tmp_path, "--set", "topic=porch"):
        pass
    with Probe(tmp_path, "--set", "topic=yard") as probe:
        stored = probe.control("nvs")["nvs"]["syscfg"]
        assert (stored["MQTT_TOPIC"], stored["STA_SSID"]) == ("yard", "sim")


def test_run_exits_with_the_programs_status(tmp_path):
    program = tmp_path / "program.py"
    ports = ("--http-port", "0", "--telnet-port", "0", "--dns-port", "0")
    for text, status in (("print(6 * 7)", 0), ("import sys\nsys.exit(3)", 3), ("1 / 0", 1)):
        program.write_text(text)
        result = run_runner("--state", str(tmp_path), "--run", str(program), *ports)
        assert result.returncode == status
        assert ("42\n" in result.stdout) == (status == 0)


def test_uart(tmp_path):
    root = tmp_path / "echo"
    root.mkdir()
    (root / "main.py").write_text("import sys\nwhile True: print('got', sys.stdin.readline())")
    probe = Simulator(tmp_path, NO_BROKER, args=("--root", str(root)))
    try:
        probe.start(ready=False)
        probe.type("first\n")
        probe.wait_output("got first")
        probe._process.stdin.close()
        with pytest.raises(AssertionError):  # our end of file does not close the UART
            probe.wait_output("got \n\ngot", 0.3)
    finally:
        probe.stop()


def test_interpreter_with_other_bytecode_runs_the_sources(tmp_path, interpreter):
    other = tmp_path / "micropython"
    script = 'if [ "$1" = -c ]; then echo 5 1; else exec %s "$@"; fi'
    other.write_text("#!/bin/sh\n" + script % interpreter)
    other.chmod(0o755)
    with Probe(tmp_path, "--micropython", str(other)) as probe:
        assert probe.run("import world\nresult = world.__file__").endswith(b".py'")


def test_no_interpreter(tmp_path):
    ports = ("--http-port", "0", "--telnet-port", "0", "--dns-port", "0")
    for path in ("/bin/true", str(tmp_path / "missing")):
        result = run_runner("--state", str(tmp_path), "--micropython", path, *ports)
        assert result.returncode == 2
        assert path in result.stderr
