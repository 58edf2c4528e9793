"""Control port of the simulated board."""

import ast
import time

from probe import Probe

TASKS = """
async def read_button():
    pin = machine.Pin(15, machine.Pin.IN, machine.Pin.PULL_UP)
    while True:
        pin()
        await asyncio.sleep_ms(5)
async def wait(event):
    await event.wait()
async def sleep():
    await asyncio.sleep(60)
async def accept():
    await (await asyncio.start_server(None, '127.0.0.1', 0)).wait_closed()
async def end():
    return
asyncio.create_task(read_button())
event = asyncio.Event()
"""


def test_tasks(probe):
    probe.run(TASKS)
    before = probe.control("tasks")["count"]
    waits = "wait(event)", "sleep()", "asyncio.wait_for(wait(event), 60)", "accept()"
    starts = "".join(f"asyncio.create_task({each})\n" for each in (*waits, "end()"))
    tasks = f"{TASKS}{starts}\nlast = asyncio.create_task(wait(event))\nlast.cancel()"
    assert probe.run(tasks) == b"None"
    # one more reads the button; wait_for has two tasks of its own, start_server one
    assert probe.control("tasks")["count"] == before + 1 + len(waits) + 3
    probe.control("reset")
    probe.wait_boot(2)
    probe.run(TASKS)
    assert probe.control("tasks")["count"] == before


def test_ticks_wrap(tmp_path):
    with Probe(tmp_path, "--uptime", "1073738") as probe:
        code = """
start = time.ticks_ms()
while (now := time.ticks_ms()) >= start and time.ticks_diff(now, start) < 6_000:
    pass
passed = time.ticks_diff(now, start)
result = now, time.ticks_add(start, passed), passed
"""
        now, added, passed = ast.literal_eval(probe.run("import time\n" + code).decode())
    assert 0 <= now == added < 1_000 and 0 < passed < 6_000


def test_invalid_requests_are_reported(probe):
    invalid = ("nonsense", "[]", "{}", '{"do": "nothing"}', '{"do": "press", "x": 1}')
    unknown = ('{"do": "camera", "fault": "rust"}', '{"do": "sntp", "answer": "epoch:soon"}')
    *responses, good = probe.control_lines(*invalid, *unknown, '{"do": "pins"}')
    for response in responses:
        assert response["ok"] is False and response["error"]
    assert good["ok"] is True


def test_pins_and_led(probe):
    probe.run(
        "machine.Pin(4, machine.Pin.OUT, value=1)\nled = machine.Pin(33, machine.Pin.OUT, value=1)"
    )
    probe.run("led = machine.Pin(33)\nled(0)\nled(1)")
    answer = probe.control("pins")
    assert answer["pins"]["4"] == 1 and answer["pins"]["33"] == 1
    (first, on), (second, off) = answer["led"]
    assert (on, off) == (0, 1) and first <= second


def test_button(probe):
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
    with probe.connect(code) as sock:
        probe.wait_output("watching")
        probe.control("press", ms=60, times=2, gap_ms=60)
        answer = sock.makefile("rb").read()
    assert answer.endswith(b"[1, 0, 1, 0, 1]")


def test_clock_and_sntp(probe):
    code = "import ntptime\nntptime.settime()\nresult = machine.RTC().datetime()"
    probe.control("clock", epoch=1_700_000_000)
    assert probe.value("machine.RTC().datetime()")[:3] == (2023, 11, 14)
    assert ast.literal_eval(probe.run(code).decode())[0] == time.gmtime().tm_year
    probe.control("sntp", answer="epoch:2000000000")
    assert ast.literal_eval(probe.run(code).decode())[:3] == (2033, 5, 18)
    probe.control("sntp", answer="silent")
    assert b"OSError" in probe.run(code)


def test_tls_memory(probe):
    probe.control("memory", tls_enomem=1)
    wrap = "import ssl, socket\ns = socket.socket()\nc = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
    wrap += "try:\n    c.wrap_socket(s, do_handshake_on_connect=False)\nfinally:\n    s.close()"
    assert probe.run(wrap) == b"OSError(12,)"
    assert b"OSError(12" not in probe.run(wrap)
