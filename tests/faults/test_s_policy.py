"""Security: retained commands, the camera's access point, and what topics reveal."""

import re
import time

import pytest
from dns_client import resolve
from listener import Listener
from mosquitto import Mosquitto
from probe import Probe
from sim import ROOT, TOPIC, Simulator, wait_until

from app.settings import schema

pytestmark = pytest.mark.slow
STAT = f"stat/{TOPIC}/"
DEVICE, GROUP = "DVES_A1B2C3", "esp32-mqtt-cams"
RETAINED = {
    "restart": "1", "reset": "1", "upgrade": "force", "mqttotastart": "force", "smartconfig": "1",
    "mqttotaconfirm": "1", "adminpass": "1", "otaurl": "http://evil.test/x", "power": "on",
    "pulse": "7", "topic": "evil", "mqtthost": "mqtt://evil.test", "capture": "",
}  # fmt: skip
IDLE_MS, TEN_MINUTES_MS = 1_500, 600_000


# Retained commands


def test_s13_retained_restarts_and_updates(row, tmp_path):
    """Retained commands never run, neither at the start nor on any reconnect."""
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as client:
        for name, argument in RETAINED.items():
            for topic in (TOPIC, DEVICE, GROUP):
                client.publish(f"cmnd/{topic}/{name}", argument or "1", retain=True)
        client.publish(f"OTA/{DEVICE}/data", b"\xe9" * 4_096, retain=True)
        settings = {"adminpass": "open, Sesame!", "pubinterval": "0"}
        with Simulator(tmp_path / "camera", broker.uri, settings) as camera:
            client.wait(STAT + "timer")
            before = camera.control("nvs")["nvs"]["syscfg"]["ADMIN_PASS"]
            for number in range(row.times(20, 3)):
                reconnect(camera, client, 60 + number)
                row.count(3 * len(RETAINED))
            replies = {m.topic for m in client.messages if m.topic.startswith(STAT)}
            announced = {"NAME", "VERSION", "FALLBACKTOPIC", "power", "timer", "camera", "update"}
            announced |= {row[schema.NAME] for row in schema.SCHEMA}  # states, on each connect
            assert replies <= {STAT + name for name in announced}
            stolen = {argument.encode() for argument in RETAINED.values() if len(argument) > 2}
            assert not stolen & {m.payload for m in client.messages if m.topic in replies}
            assert {m.payload for m in client.on(STAT + "power")} == {b"off"}
            assert camera.facts["boots"] == 1 and "mqtt connected" in camera.status()
            assert camera.control("nvs")["nvs"]["syscfg"]["ADMIN_PASS"] == before
            assert "a retained command is not executed: restart" in camera.output


def reconnect(camera, client, keepalive):
    """Connect again; return once the commands that the broker has kept have arrived."""
    since = client.catch_up()
    camera.type(f"mqttkeepalive {keepalive}\n")
    client.wait(STAT + "FALLBACKTOPIC", since=since)
    client.catch_up()
    wait_until(lambda: camera.command("mqttkeepalive") == str(keepalive))


# The access point

ACCESS_POINT = """
import asyncio
from app.log import Log
from app.wifi.access_point import AccessPoint
from hal.wifi import SoftAP
settings = {"apip": "192.168.1.1", "appass": "", "apchannel": 1}
known = [("home", "a password")]
radio = SoftAP("DVES_A1B2C3")
ap = AccessPoint(radio, settings, Log(print), known.copy, idle_ms=%d)
asyncio.create_task(ap.run())
result = AccessPoint(radio, settings, None, None)._idle_ms
"""


def test_s23_access_point_that_nobody_uses(row, tmp_path):
    """It closes when idle, with its name server, but not while it has a client."""

    def is_open():
        return board.control("wifi")["ap"]["on"]

    with Probe(tmp_path) as board:
        for _ in range(row.times(3, 1)):
            with row.injection("a client that joins and leaves"):
                assert int(board.run(ACCESS_POINT % IDLE_MS)) == TEN_MINUTES_MS
                wait_until(is_open)
                board.control("ap_client", count=1)
                until = time.monotonic() + 2 * IDLE_MS / 1_000
                while time.monotonic() < until:
                    assert is_open()
                    assert resolve(board.facts["dns"], "a.example") == (0, ["192.168.1.1"])
                board.control("ap_client", count=0)
                left = time.monotonic()
                wait_until(lambda: not is_open(), 10 * IDLE_MS / 1_000)
                row.figure("closed after", round(time.monotonic() - left, 1), "s without a client")
                assert resolve(board.facts["dns"], "a.example", tries=1) == (None, [])
    row.figure("limit in the product", TEN_MINUTES_MS // 60_000, "minutes")


# Topics

STATE, IMAGE = f"tele/{TOPIC}/STATE", f"data/{TOPIC}/image"
DISCOVERY = f"homeassistant/device/{DEVICE}/config"
ALWAYS = {
    (STAT + "FALLBACKTOPIC", "device id"),
    (STAT + "ssid", "name of the network"),
    (STAT + "mqtthost", "broker"),
}
ANNOUNCED = {(DISCOVERY, "device id"), (DISCOVERY, "IP address")}
PLACEHOLDERS = {"<topic>": TOPIC, "<device_id>": DEVICE, "<haprefix>": "homeassistant"}
FACTS = {
    "IP address": r"192\.168\.4\.15",
    "name of the network": r"\bsim\b",
    "device id": "A1B2C3",
    "broker": r"127\.0\.0\.1",
}


def documented():
    """Return {topic: what it reveals} from the table in the reference."""
    text = (ROOT / "config" / "README.md").read_text()
    section = text[text.index("**What topics reveal.**") :]
    rows = re.findall(r"^\| (`.+?) \| (.+?) \|", section[: section.index("\n\n##")], re.MULTILINE)
    table = {}
    for topics, reveals in rows:
        for topic in re.findall("`([^`]+)`", topics):
            for placeholder, value in PLACEHOLDERS.items():
                topic = topic.replace(placeholder, value)
            for setting in schema.SCHEMA:
                table[topic.replace("<setting>", setting[schema.NAME])] = reveals
    return table


def revealed(messages):
    """Return {(topic, kind of fact)} of all messages but those to the camera."""
    return {
        (message.topic, what)
        for message in messages
        for what, pattern in FACTS.items()
        if not message.topic.startswith("cmnd/")
        and re.search(pattern, message.payload.decode("latin-1"))
    }


def test_s28_addresses_and_names_in_topics(broker, row, tmp_path):
    """The reference lists what topics reveal; two settings keep the address out of them."""
    table = documented()
    with Listener(broker.port) as client:
        cases = (("300", "on", ANNOUNCED | {(STATE, "IP address")}), ("0", "off", set()))
        for period, discovery, unasked in cases:
            since = client.catch_up()
            settings = {"teleperiod": period, "hadiscovery": discovery, "pubinterval": "1"}
            with Simulator(tmp_path / period, broker.uri, settings) as camera:
                camera.wait_output("mqtt: connected")  # `status` would send a report
                for _ in range(2):  # pictures, a second apart
                    start = client.catch_up()
                    client.wait(IMAGE, lambda m: not m.retain, since=start)
                with row.injection(f"teleperiod {period}"):
                    assert revealed(client.messages[since:]) == unasked | ALWAYS
                for command in ("status 1", "status", "config", "log", "ssid"):
                    with row.injection(f"reply to {command}"):
                        client.command(*command.split())
                for topic, what in revealed(client.messages[since:]):
                    with row.injection(f"{topic}: {what}"):
                        assert what in table[topic]
                topics = {m.topic for m in client.messages[since:] if m.topic[:5] != "cmnd/"}
                with row.injection("every topic is documented"):
                    assert topics <= set(table), topics - set(table)
    row.figure("topics documented", len(table))
