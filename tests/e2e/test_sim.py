"""The simulated board keeps its promises to those outside: options, ready file, control port."""

import ast
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from sim import ROOT, Simulator, wait_until

HERE = Path(__file__).resolve().parent
RUNNER = ROOT / "tools" / "sim" / "run.py"
sys.path.append(str(RUNNER.parent))
from scene_reader import frame_number  # noqa: E402

NO_BROKER = "mqtt://127.0.0.1:1"
CAMERA = """
import camera
cam = camera.Camera(pixel_format=4, frame_size=10, fb_count=2, grab_mode=1)
"""
CAPTURE = CAMERA + "result = bytes(cam.capture() or b'')\ncam.deinit()"
WRITE = "import esp32\nesp32.NVS('t').set_i32('a', %d)"


class Probe(Simulator):
    """The board with a program that runs what it is sent."""

    def __init__(self, folder, *args, broker=NO_BROKER, **options):
        root = Path(folder) / "board"
        root.mkdir(exist_ok=True)
        shutil.copy(HERE / "probe.py", root / "main.py")
        super().__init__(folder, broker, args=("--root", str(root), *args), **options)

    def run(self, code):
        """Run code on the board; returns the bytes of its answer."""
        return self.get(path_of(code)).content

    def value(self, expression):
        return ast.literal_eval(self.run("result = " + expression).decode())

    def send(self, code):
        """Run code that ends the board before it can answer."""
        with pytest.raises(httpx.TransportError):
            self.run(code)

    def ask(self, *lines):
        """What the control port answers to lines as they are."""
        with socket.create_connection(("127.0.0.1", self.facts["control"]), 10) as sock:
            sock.sendall("\n".join([*lines, ""]).encode())
            file = sock.makefile("r")
            return [json.loads(file.readline()) for _ in lines]

    def end(self, number):
        """End the runner by a signal; returns its exit status."""
        self._process.send_signal(number)
        return self._process.wait(5)

    def connect(self, code, source="127.0.0.1"):
        """Send code without waiting for its answer; returns the socket."""
        address = ("127.0.0.1", self.facts["http"])
        sock = socket.create_connection(address, 10, source_address=(source, 0))
        sock.sendall(f"GET {path_of(code)} HTTP/1.0\r\n\r\n".encode())
        return sock

    def answers(self):
        """Whether the board's web server can be reached."""
        try:
            return self.get().is_success
        except httpx.TransportError:
            return False


def path_of(code):
    return "/" + code.encode().hex()


@pytest.fixture
def sim(tmp_path):
    with Probe(tmp_path) as probe:
        yield probe


def run_runner(*args):
    return subprocess.run(
        [sys.executable, str(RUNNER), *args], capture_output=True, text=True, timeout=20
    )


# Command line and life


def test_ready_file(sim):
    ready = sim.facts
    assert ready["device_id"] == "DVES_A1B2C3"
    assert ready["mqtt"] == NO_BROKER
    assert ready["boots"] == 1
    os.kill(ready["pid"], 0)
    for name in ("http", "telnet", "dns", "control"):
        assert 0 < ready[name] < 65_536


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_with_status_0(tmp_path, number):
    sim = Probe(tmp_path).start()
    pid = sim.pid
    start = time.monotonic()
    assert sim.end(number) == 0
    assert time.monotonic() - start < 2
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "Traceback" not in sim.output


def test_board_dies_with_the_runner(tmp_path):
    sim = Probe(tmp_path).start()
    pid = sim.pid
    sim.end(signal.SIGKILL)

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


def test_bad_value_of_a_setting(tmp_path):
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


def test_settings_are_stored(tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text("certificate")
    args = ("--set", "topic=porch", "--set", "pubinterval=60", "--set", f"mqttca=@{file}")
    with Probe(tmp_path, *args) as sim:
        stored = sim.control("nvs")["nvs"]["syscfg"]
        assert stored["MQTT_TOPIC"] == "porch"
        assert stored["MQTT_PUBINTERV"] == 60
        assert stored["STA_SSID"] == "sim"
        assert stored["MQTT_HOST"] == NO_BROKER
        assert (sim.state / "files" / "mqttca.pem").read_text() == "certificate"


def test_given_settings_win_on_a_later_start(tmp_path):
    with Probe(tmp_path, "--set", "topic=porch"):
        pass
    with Probe(tmp_path, "--set", "topic=yard") as sim:
        stored = sim.control("nvs")["nvs"]["syscfg"]
        assert (stored["MQTT_TOPIC"], stored["STA_SSID"]) == ("yard", "sim")


def test_run_ends_with_the_programs_status(tmp_path):
    program = tmp_path / "program.py"
    ports = ("--http-port", "0", "--telnet-port", "0", "--dns-port", "0")
    for text, status in (("print(6 * 7)", 0), ("import sys\nsys.exit(3)", 3), ("1 / 0", 1)):
        program.write_text(text)
        result = run_runner("--state", str(tmp_path), "--run", str(program), *ports)
        assert result.returncode == status
        assert ("42" in result.stdout) == (status == 0)


def test_uart(tmp_path):
    root = tmp_path / "echo"
    root.mkdir()
    (root / "main.py").write_text("import sys\nwhile True: print('got', sys.stdin.readline())")
    sim = Simulator(tmp_path, NO_BROKER, args=("--root", str(root)))
    try:
        sim.start(ready=False)
        sim.type("first\n")
        sim.wait_output("got first")
        sim._process.stdin.close()
        with pytest.raises(AssertionError):  # the board's UART does not end with ours
            sim.wait_output("got \n\ngot", 0.3)
    finally:
        sim.stop()


def test_interpreter_of_another_bytecode_runs_the_sources(tmp_path, interpreter):
    other = tmp_path / "micropython"
    lie = 'if [ "$1" = -c ]; then echo 5; else exec %s "$@"; fi'
    other.write_text("#!/bin/sh\n" + lie % interpreter)
    other.chmod(0o755)
    with Probe(tmp_path, "--micropython", str(other)) as sim:
        assert sim.run("import world\nresult = world.__file__").endswith(b".py'")


def test_no_interpreter(tmp_path):
    ports = ("--http-port", "0", "--telnet-port", "0", "--dns-port", "0")
    for path in ("/bin/true", str(tmp_path / "missing")):
        result = run_runner("--state", str(tmp_path), "--micropython", path, *ports)
        assert result.returncode == 2
        assert path in result.stderr


# Resets and power


def test_reset_keeps_the_clock_and_the_memory(sim):
    sim.run("machine.RTC().datetime((2026, 5, 4, 0, 3, 2, 1, 0))\nmachine.RTC().memory(b'kept')")
    sim.send("machine.reset()")
    sim.wait_boot(2)
    assert sim.value("machine.reset_cause()") == 2
    assert sim.value("machine.RTC().datetime()")[:3] == (2026, 5, 4)
    assert sim.run("result = machine.RTC().memory()") == b"kept"


def test_power_cut_loses_the_clock(sim):
    sim.control("clock", epoch=1_800_000_000)
    assert sim.value("machine.RTC().datetime()")[0] == 2027
    sim.control("power_cut")
    sim.control("power_on")
    sim.wait_boot(2)
    assert sim.value("machine.reset_cause()") == 1
    assert sim.value("machine.RTC().datetime()")[0] == 2000


def test_stays_off_until_power_on(sim):
    sim.control("power_cut")
    assert not sim.answers()
    assert sim.facts["boots"] == 1
    sim.control("power_on")
    sim.wait_boot(2)


def test_soft_reset_and_crash(sim):
    sim.send("machine.soft_reset()")
    sim.wait_boot(2)
    assert sim.value("machine.reset_cause()") == 5
    os.kill(sim.facts["pid"], signal.SIGKILL)
    sim.wait_boot(3)


def test_watchdog(sim):
    sim.run("machine.WDT(timeout=300)")
    sim.wait_boot(2)
    assert sim.value("machine.reset_cause()") == 3


def test_state_is_kept(tmp_path):
    with Probe(tmp_path) as sim:
        sim.run(WRITE % 5)
        sim.run("open('note', 'w').write('kept')")
    with Probe(tmp_path) as sim:
        assert sim.control("nvs")["nvs"]["t"] == {"a": 5}
        assert (sim.state / "files" / "note").exists()


@pytest.mark.parametrize(("mode", "allowed"), [("before", {1}), ("torn", {1, 2}), ("after", {2})])
def test_power_cut_at_a_flash_operation(sim, mode, allowed):
    sim.run(WRITE % 1)
    sim.control("power_cut", after_ops=2, mode=mode)
    sim.run("import esp32\nesp32.NVS('t').set_i32('other', 9)")
    sim.send(WRITE % 2)
    sim.control("power_on")
    sim.wait_boot(2)
    stored = sim.control("nvs")["nvs"]["t"]
    assert stored["other"] == 9
    assert stored["a"] in allowed


def test_flash_operations_are_counted(sim):
    before = sim.control("flash")["operations"]
    sim.run(WRITE % 7)
    sim.run(WRITE % 7)  # the same value is not written again
    assert sim.control("flash")["operations"] == before + 1


# Control port


def test_wrong_requests_are_answered(sim):
    wrong = ("nonsense", "[]", "{}", '{"do": "nothing"}', '{"do": "press", "x": 1}')
    bad = ('{"do": "camera", "fault": "rust"}', '{"do": "sntp", "answer": "epoch:soon"}')
    *answers, good = sim.ask(*wrong, *bad, '{"do": "pins"}')
    for answer in answers:
        assert answer["ok"] is False and answer["error"]
    assert good["ok"] is True


def test_pins_and_led(sim):
    sim.run(
        "machine.Pin(4, machine.Pin.OUT, value=1)\nled = machine.Pin(33, machine.Pin.OUT, value=1)"
    )
    sim.run("led = machine.Pin(33)\nled(0)\nled(1)")
    answer = sim.control("pins")
    assert answer["pins"]["4"] == 1 and answer["pins"]["33"] == 1
    (first, on), (second, off) = answer["led"]
    assert (on, off) == (0, 1) and first <= second


def test_button(sim):
    code = """
import time
pin = machine.Pin(15, machine.Pin.IN, machine.Pin.PULL_UP)
end = time.ticks_add(time.ticks_ms(), 2000)
edges = [pin()]
print('watching')
while time.ticks_diff(end, time.ticks_ms()) > 0 and len(edges) < 5:
    level = pin()
    if level != edges[-1]:
        edges.append(level)
result = edges
"""
    with sim.connect(code) as sock:
        sim.wait_output("watching")
        sim.control("press", ms=60, times=2, gap_ms=60)
        answer = sock.makefile("rb").read()
    assert answer.endswith(b"[1, 0, 1, 0, 1]")


def test_clock_and_sntp(sim):
    ask = "import ntptime\nntptime.settime()\nresult = machine.RTC().datetime()"
    sim.control("clock", epoch=1_700_000_000)
    assert sim.value("machine.RTC().datetime()")[:3] == (2023, 11, 14)
    assert ast.literal_eval(sim.run(ask).decode())[0] == time.gmtime().tm_year
    sim.control("sntp", answer="epoch:2000000000")
    assert ast.literal_eval(sim.run(ask).decode())[:3] == (2033, 5, 18)
    sim.control("sntp", answer="silent")
    assert b"OSError" in sim.run(ask)


def test_tls_memory(sim):
    sim.control("memory", tls_enomem=1)
    wrap = "import ssl, socket\ns = socket.socket()\nc = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
    wrap += "try:\n    c.wrap_socket(s, do_handshake_on_connect=False)\nfinally:\n    s.close()"
    assert sim.run(wrap) == b"OSError(12,)"
    assert b"OSError(12" not in sim.run(wrap)


# Radio and air


def test_wifi_away(sim):
    with socket.create_connection(("127.0.0.1", sim.facts["http"])) as held:
        assert sim.answers()
        sim.control("wifi", up=False)
        held.settimeout(5)
        with pytest.raises(ConnectionResetError):
            held.recv(1)
    assert not sim.answers()
    sim.control("wifi", up=True)
    wait_until(sim.answers)
    assert sim.value("network.WLAN(0).isconnected()") is True


def test_other_password_and_signal(sim):
    sim.control("wifi", rssi=-80)
    assert sim.value("network.WLAN(0).status('rssi')") == -80
    sim.control("wifi", password="changed")
    wait_until(lambda: sim.control("wifi")["wifi"]["status"] == 202)
    sim.control("wifi", password="simulated")
    wait_until(sim.answers)


def test_board_sees_who_calls(sim):
    with sim.connect("result = peer", source="127.0.0.9") as sock:
        assert sock.makefile("rb").read().endswith(b"'127.0.0.9'")


def test_ten_sockets_in_all(sim):
    held = [socket.create_connection(("127.0.0.1", sim.facts["http"]), 5) for _ in range(12)]
    refused = 0
    for sock in held:  # the listener is one of the ten: nine viewers at most
        sock.settimeout(0.5)
        try:
            refused += sock.recv(1) == b""
        except ConnectionResetError:
            refused += 1
        except TimeoutError:
            pass
    assert refused == 3
    for sock in held:
        sock.close()
    wait_until(sim.answers)


def test_outgoing_and_refused(sim):
    code = """
import socket
s = socket.socket()
s.settimeout(5)
try:
    s.connect(socket.getaddrinfo("localhost", %d)[0][-1])
    s.write(b"hello")
    result = s.recv(5)
finally:
    s.close()
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with sim.connect(code % port) as sock:
            server.settimeout(5)
            caller, _ = server.accept()
            assert caller.recv(5) == b"hello"
            caller.sendall(b"there")
            assert sock.makefile("rb").read().endswith(b"there")
            caller.close()
    assert sim.run(code % port) == b"OSError(104,)"


def test_datagrams(sim):
    code = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.bind(("0.0.0.0", 53))
print("listening")
data, address = s.recvfrom(100)
s.sendto(data + b"?", address)
s.close()
"""
    with sim.connect(code), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        sim.wait_output("listening")
        caller.settimeout(5)
        caller.sendto(b"name", ("127.0.0.1", sim.facts["dns"]))
        assert caller.recv(100) == b"name?"


def test_embedded_broker(tmp_path):
    """Takes and keeps pictures of 200 KB."""
    import paho.mqtt.client as paho

    with Probe(tmp_path, broker=None) as sim:
        host, _, port = sim.facts["mqtt"].removeprefix("mqtt://").partition(":")
        got = []
        clients = [paho.Client(paho.CallbackAPIVersion.VERSION2) for _ in range(2)]
        for client in clients:
            client.connect(host, int(port))
            client.loop_start()
        sent = clients[0].publish("data/x/image", bytes(200_000), qos=1, retain=True)
        sent.wait_for_publish(10)
        clients[1].on_message = lambda client, data, message: got.append(message)
        clients[1].subscribe("data/#", qos=1)
        wait_until(lambda: got)
        assert got[0].retain and len(got[0].payload) == 200_000
        for client in clients:
            client.loop_stop()
            client.disconnect()


def test_slow_line(sim):
    sim.control("net", rate_kbps=400)
    start = time.monotonic()
    assert len(sim.run("result = bytes(50_000)")) == 50_000
    assert 0.8 < time.monotonic() - start < 3
    sim.control("net", rate_kbps=None)


def test_a_viewer_that_stops_reading_is_felt(sim):
    with sim.connect("result = bytes(500_000)") as sock:
        assert sim.run("result = 1") == b"1"  # the board is not held up by it
        assert len(sock.makefile("rb").read()) > 500_000


# Camera


def test_frame_number_can_be_read(sim):
    first = frame_number(sim.run(CAPTURE))
    second = frame_number(sim.run(CAPTURE))
    answer = sim.control("frames")
    assert second > first
    assert answer["last"] == second
    assert answer["captured"] == 4  # each start of the driver takes one


@pytest.mark.parametrize(
    ("setting", "value"),
    [("hmirror", 1), ("vflip", 1), ("special_effect", 1), ("brightness", -2), ("colorbar", 1)],
)
def test_settings_show_but_not_in_the_number(sim, setting, value):
    from io import BytesIO

    from PIL import Image, ImageChops, ImageStat

    code = CAMERA + "%scam.capture()\nresult = bytes(cam.capture())\ncam.deinit()"
    pictures = []
    for line in ("", f"cam.{setting} = {value}\n"):
        jpeg = sim.run(code % line)
        assert frame_number(jpeg) > 0
        pictures.append(Image.open(BytesIO(jpeg)).convert("RGB").crop((0, 40, 640, 440)))
    assert sum(ImageStat.Stat(ImageChops.difference(*pictures)).mean) > 20


def test_faults(sim):
    code = CAMERA + "global held\nheld = cam"
    sim.run(code)
    capture = "result = bytes(held.capture() or b'')"
    good = sim.run(capture)
    faults = {
        "none": lambda jpeg: jpeg == b"",
        "truncate": lambda jpeg: jpeg[:2] == b"\xff\xd8" and jpeg[-2:] != b"\xff\xd9",
        "no_soi": lambda jpeg: jpeg[:2] != b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9",
        "padding": lambda jpeg: jpeg.rstrip(b"\0")[-2:] == b"\xff\xd9" and jpeg[-1:] == b"\0",
        "big": lambda jpeg: len(jpeg) > 300_000 and frame_number(jpeg) > 0,
        "raise": lambda answer: answer.startswith(b"OSError"),
    }
    for fault, shows in faults.items():
        sim.control("camera", fault=fault, count=1)
        assert shows(sim.run(capture)), fault
        assert frame_number(sim.run(capture)) > frame_number(good), fault
    sim.control("camera", fault="stall")
    assert sim.value("held.frame_available()") is False
    sim.control("camera", fault=None)
    assert frame_number(sim.run(capture)) > 0


def test_fault_until_the_power_was_off(sim):
    sim.control("camera", fault="none", until="power_cycle")
    assert b"Failed to capture initial frame" in sim.run(CAPTURE)
    sim.run("machine.Pin(32, machine.Pin.OUT, value=1)")
    assert b"OSError(95" in sim.run(CAPTURE)
    sim.run("machine.Pin(32, machine.Pin.OUT, value=0)")
    assert frame_number(sim.run(CAPTURE)) > 0


def test_when_empty_keeps_an_old_picture(tmp_path):
    code = (
        "import camera\nglobal cam\ncam = camera.Camera(pixel_format=4, frame_size=6, fb_count=1)"
    )
    with Probe(tmp_path, fast=False) as sim:
        sim.run(code)
        number = "result = bytes(cam.capture())"
        first = frame_number(sim.run(number))
        time.sleep(0.5)  # the buffer was not given back: nothing can be exposed
        second = frame_number(sim.run(number))
        sim.run("cam.free_buffer()")
        time.sleep(0.5)  # a picture waits in the buffer and grows old
        third = frame_number(sim.run(number))
        assert second - first > 10
        assert third - second <= 3


def test_ready_file_is_json_at_any_time(tmp_path):
    with Probe(tmp_path) as sim:
        assert json.loads((tmp_path / "ready.json").read_text()) == sim.facts
