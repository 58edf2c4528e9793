"""Memory of ESP-IDF on the simulated board: what draws on it, and what happens without."""

import subprocess
import sys

import pytest
from mosquitto import Mosquitto
from probe import Probe
from sim import ROOT, need_32_bits, wait_until

WIFI, TLS, THREAD = 16_384, 27 << 10, 5 << 10
BLOCK = 110_592  # without PSRAM, at the start
IMPORT = "import esp32, gc, socket, ssl, _thread\n"
FREE = IMPORT + "gc.collect()\nresult = esp32.idf_heap_info(0x804)[0][1]"
CONNECT = """
import socket, ssl
kept = []
try:
    while len(kept) < 6:
        s = socket.socket()
        s.connect(socket.getaddrinfo("127.0.0.1", {})[0][-1])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        kept.append(context.wrap_socket(s, do_handshake_on_connect=False))
    opened = len(kept), None
except OSError as e:
    s.close()
    opened = len(kept), e.args
"""
WIFI_FIRST = """
import gc, network
gc.collect()
print(gc.mem_free())
wlan = network.WLAN(network.STA_IF)
gc.collect()
print(gc.mem_free())
"""
WIFI_LAST = """
import esp32, network
print(esp32.idf_heap_info(4)[0][1])
for name in ("app.system", "app.http.server", "app.mqtt.session"):
    try:
        __import__(name)
    except MemoryError:  # the modules before it stay loaded
        pass
data = []
try:
    while True:  # whatever the modules have left goes to their data
        data.append(bytearray(512))
except MemoryError:
    pass
print(esp32.idf_heap_info(4)[0][1])
try:
    network.WLAN(network.STA_IF)
except Exception as e:
    print(repr(e))
"""


@pytest.fixture(scope="module")
def tls_port(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker"), tls=True) as broker:
        yield broker.tls_port


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A board without PSRAM."""
    need_32_bits()
    with Probe(tmp_path_factory.mktemp("small"), "--psram", "none") as probe:
        yield probe


def free(probe):
    return int(probe.run(FREE))


def connect(probe, port):
    """Open up to 6 TLS connections; return (number, arguments of the error)."""
    return probe.value(f"exec({CONNECT.format(port)!r}, globals()) or opened")


def test_wifi_takes_what_was_measured(small):
    assert free(small) == BLOCK - WIFI
    total, _, largest, _ = small.value("__import__('esp32').idf_heap_info(4)[0]")
    assert (total, largest) == (BLOCK, BLOCK - WIFI)


def test_three_tls_connections_but_not_four(small, tls_port):
    before = free(small)
    assert connect(small, tls_port) == (3, (12,))
    assert before - free(small) == 3 * TLS
    small.run("kept.pop().close()")
    assert before - free(small) == 2 * TLS
    small.run("kept.clear()\nimport gc\ngc.collect()")
    wait_until(lambda: free(small) == before, what="release by the garbage collector")


def test_thread_takes_its_stack_while_it_runs(small):
    before = free(small)
    code = f"{IMPORT}\nlock = _thread.allocate_lock()\nlock.acquire()\nglobals()['lock'] = lock\n"
    small.run(code + "_thread.start_new_thread(lock.acquire, ())")
    assert before - free(small) == THREAD
    small.run("lock.release()")
    wait_until(lambda: free(small) == before, what="the end of the thread")


def test_empty_account_fails_as_on_the_chip(small):
    small.control("memory", reserve=BLOCK)
    try:
        for action, error in (
            ("socket.getaddrinfo('localhost', 80)", b"OSError(-203,)"),
            ("_thread.start_new_thread(print, ())", b'OSError("can\'t create thread",)'),
            (
                "network.WLAN(0).connect('sim', 'simulated')",
                b"RuntimeError('Wifi Unknown Error 0x0101',)",
            ),
        ):
            assert small.run(IMPORT + action) == error
    finally:
        small.control("memory", reserve=0)


def test_wifi_takes_its_memory_from_the_heap(tmp_path, small):
    before, after = run(tmp_path, WIFI_FIRST)
    assert WIFI <= int(before) - int(after) < WIFI + 1_500


def test_application_in_files_that_is_imported_first_leaves_none_for_wifi(tmp_path, small):
    before, after, error = run(tmp_path, WIFI_LAST, "--no-rom")
    assert int(before) == BLOCK
    assert int(after) == 0
    assert error == "RuntimeError('Wifi Unknown Error 0x0101',)"


def run(folder, program, *args):
    """Return the lines that a program prints on a board without PSRAM."""
    file = folder / "program.py"
    file.write_text(program)
    line = [sys.executable, str(ROOT / "tools" / "sim" / "run.py"), "--psram", "none", "--quiet"]
    line += ["--run", str(file), "--state", str(folder / "state"), *args]
    line += [f"--{name}-port=0" for name in ("http", "telnet", "dns", "control")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30)
    return done.stdout.splitlines()


def test_with_psram_tls_needs_none_of_it(probe, tls_port):
    rows = probe.value("__import__('esp32').idf_heap_info(4)")
    assert len(rows) == 2 and rows[1][0] == 4 << 20
    before = free(probe)
    assert before == 121 << 10
    assert connect(probe, tls_port) == (6, None)
    assert free(probe) == before
