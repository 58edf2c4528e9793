"""All commands and settings of the tables, over all transports."""

import re
import subprocess
from contextlib import closing

import pytest
from certificates import authority
from listener import Listener
from mosquitto import HOST, Mosquitto
from sim import TOPIC, Simulator, wait_until
from transports import MQTTTransport, Reply, TelnetConsole, UARTConsole

from app import commands
from app.commands import PRIVATE, TABLE
from app.settings.checks import Between, OneOf
from app.settings.schema import (
    CHECK,
    DEFAULT,
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FLAGS,
    GROUP,
    HIDDEN,
    KIND,
    NAME,
    RECONNECT,
    RESTART,
    SCHEMA,
    SECRET,
)

NO_BROKER = "mqtt://127.0.0.1:1"
STAT = f"stat/{TOPIC}/"
DEVICE_ID = "DVES_A1B2C3"
GROUP_TOPIC = "esp32-mqtt-cams"
TRANSPORTS = ("mqtt", "telnet", "uart")

SETTINGS = {row[NAME]: row for row in SCHEMA if not row[FLAGS] & HIDDEN}
COMMANDS = {row[0]: row for row in TABLE}
FILES = [n for n, row in SETTINGS.items() if row[KIND] == FILE]
CURRENT_WIFI = ("ssid", "password")  # of the network in use
DISRUPTIVE = ["ip"]  # see tests/e2e/test_wifi.py
DISRUPTIVE += [
    n for n, row in SETTINGS.items() if row[FLAGS] & (RESTART | RECONNECT) or n in CURRENT_WIFI
]
PASSWORD = "adminpass"  # a new password closes the console
ORDINARY = [n for n in SETTINGS if n not in DISRUPTIVE and n not in FILES and n != PASSWORD]
BROKER_SETTINGS = [n for n, row in SETTINGS.items() if row[FLAGS] & RECONNECT and n not in FILES]
RESTARTS = [n for n, row in SETTINGS.items() if row[FLAGS] & RESTART]
FOR_GROUP = sorted(
    [n for n, row in SETTINGS.items() if row[FLAGS] & GROUP]
    + [n for n, row in COMMANDS.items() if row[1] & commands.GROUP]
)
LAST = list(SETTINGS)[-1]  # published last after a connect
ALL = sorted([*SETTINGS, *COMMANDS])

SAMPLES = {  # setting -> (valid value other than the default, invalid values)
    "mqtthost": ("mqtt://localhost:{port}", ["http://x", "mqtt://", "mqtt://u:p@x", "x" * 128]),
    "mqttport": ("{port}", ["-1", "65536", "x"]),
    "mqttuser": ("someone else", ["x" * 256]),
    "mqttpass": ("word of mqtt", ["x" * 256]),
    "adminpass": ("word of an admin", ["x" * 64, "short"]),
    "mqttpin": ("5e" * 32, ["5e" * 31, "x" * 64, "learned"]),
    "mqttclientid": ("cam7", ["x" * 129]),
    "otaurl": ("http://example/fw.bin", ["x" * 256]),
    "timezone": ("<+0530>-5:30", ["C", "CET", "CET-1CEST,M13.1.0,M10.5.0", "x" * 64]),
    "syslog": ("127.0.0.1:9", ["x" * 64]),
    "ip": ("192.168.4.77", ["192.168.4.0", "192.168.4", "127.0.0.1"]),
    "netmask": ("255.255.0.0", ["255.255.0.255", "0.0.0.0", "x"]),
    "gateway": ("192.168.4.1", ["192.168.4.256", "x"]),
    "dns": ("9.9.9.9", ["9.9.9", "x"]),
    "hosts": ("door.example.org .home.net", ["x" * 256, "http://x", "*.x"]),
    "name": ("Front door", ["x" * 49]),
    "haprefix": ("my/home", ["x" * 49, "#"]),
    "ntpserver2": ("time2.example", ["x" * 64]),
    "ntpserver": ("time.example", ["x" * 64]),
    "motionmask": ("5e" * 24, ["5e" * 23, "x" * 48]),
    "motionpin": ("14", ["12", "33", "40", "x"]),
    "pubtimes": ("07:00-21:30", ["7-9", "07:00-07:00", "x"]),
    "place": ("48.1,11.6", ["91,0", "x"]),
    "pushurl": ("http://127.0.0.1:9/in", ["ftp://x", "http://", "http://x/" + "x" * 255]),
    "pushheader": ("X-Key: word of push", ["word", "Host: x", "X: " + "x" * 255]),
    "topic": ("porch", ["x" * 32]),
    "grouptopic": ("everywhere", ["x" * 32]),
    "subtopic": ("+", ["x" * 32]),
    "topiclayout": ("%prefix%/%topic%/x", ["%prefix%/a/b/c/d/e", "x" * 65]),
    "ssid2": ("shed", ["x" * 33]),
    "password2": ("word of shed", ["x" * 7, "x" * 64]),
    "ssid3": ("attic", ["x" * 33]),
    "password3": ("word of attic", ["x" * 7, "x" * 64]),
    "apip": ("10.0.0.1", ["10.0.0.256", "10.0.0", "127.0.0.1", "10.0.0.0", "x"]),
    "appass": ("word of AP", ["x" * 7, "x" * 64]),
}
EXPECTED = {  # command that is not a setting -> reply to an empty argument
    "status": r"\d+\.\d+\.\d+.*, esp32-mqtt-cam, #, off, 0, ",
    "config": r"ssid = sim\n(.+\n)*password = \*\*\*\n",
    "log": r"\d+ mqtt: connected",
    "time": r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d 20\d\d",
    "camera": r'\{.*"quality": 8.*\}',
    "help": r"topic 1\.\.31 characters",
    "power": "off",
    "light": "off",
    "timer": "0",
    "capture": "capturing",
    "live": "0",
    "upgrade": r"1 to upgrade",
    "update": r'\{.*"in_progress": false.*\}',
    "mqttotastart": "off",
    "mqttotaconfirm": r"1 to confirm",
    "rollback": r"1 to give up",
    "smartconfig": r"1 to open the access point",
    "restart": r"1 to restart",
    "reset": r"1 to erase",
}
NEED_A_1 = ("upgrade", "mqttotaconfirm", "rollback", "smartconfig", "restart", "reset")


@pytest.fixture(scope="module")
def camera(broker, tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("camera"), broker.uri, {"pubinterval": "0"}) as made:
        yield made


@pytest.fixture(scope="module")
def client(broker, camera):
    with Listener(broker.port) as made:
        made.wait(STAT + "loglevel")  # one of the last states, and never empty
        yield made


@pytest.fixture(scope="module")
def telnet(camera):
    made = TelnetConsole(camera)
    yield made
    made.close()


@pytest.fixture(scope="module")
def transports(camera, client, telnet):
    return {"mqtt": MQTTTransport(client), "telnet": telnet, "uart": UARTConsole(camera)}


@pytest.fixture(params=TRANSPORTS)
def transport(request, transports):
    return transports[request.param]


def test_spaces_belong_to_names_and_passwords_of_networks(tmp_path):
    """Around other values they are ignored, however these are typed."""
    with Simulator(tmp_path, NO_BROKER) as camera, closing(TelnetConsole(camera)) as telnet:
        for number, way in enumerate((telnet, UARTConsole(camera))):
            name, key = f" {number} sp  ace ", f"{number} sp  ace  "
            assert not way.command("ssid3", name).refused
            assert not way.command("password3", key).refused
            wait_until(lambda n=name, k=key: third_network(camera) == (n, k), what="the values")
            server = f"time{number}.example"
            assert way.command("ntpserver", f"  {server} ") == Reply(False, server)


def third_network(camera):
    stored = camera.control("nvs")["nvs"]["syscfg"]
    return stored.get("STA_SSID3"), stored.get("STA_PASS3")


def test_certificate_is_pasted_or_published(tmp_path):
    """A whole PEM file is accepted; a private key is refused, and appears nowhere."""
    pem, both = authority().cert_pem.decode(), authority().pem.decode()
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Simulator(tmp_path, broker.uri, {"pubinterval": "0"}) as camera,
    ):
        with closing(TelnetConsole(camera)) as telnet:
            for way in (telnet, UARTConsole(camera)):
                assert way.command("mqttca", pem.strip()) == Reply(False, "mqttca.pem")
                reply = way.command("mqttca", both.strip())
                assert reply.refused and "private key" in reply.text
        with Listener(broker.port) as client:
            camera.wait_status("mqtt connected")
            file = tmp_path / "large.pem"
            file.write_text(pem * (16_000 // len(pem)))
            topic, address = f"cmnd/{TOPIC}/mqttca", ["-h", HOST, "-p", str(broker.port)]
            subprocess.run(["mosquitto_pub", *address, "-t", topic, "-f", file], check=True)
            client.wait(STAT + "mqttca", lambda message: message.payload == b"mqttca.pem")
        wait_until(lambda: camera.files.read("mqttca.pem") == file.read_bytes(), what="the file")
        secret = both.split("PRIVATE KEY-----")[1].split()[0]
        assert secret not in camera.get("/api/log").text and "unknown" not in camera.output


def samples(name, port=0):
    """Return (valid value other than the default, invalid values) of a setting."""
    if name in SAMPLES:
        good, bad = SAMPLES[name]
        return good.format(port=port), bad
    default, check = SETTINGS[name][DEFAULT], SETTINGS[name][CHECK]
    if isinstance(check, Between):
        good = check.high if default != check.high else check.low
        return str(good), [str(check.high + 1), str(check.low - 1), "x", "1.5", "0x1"]
    assert isinstance(check, OneOf), name
    return check.names[default - 1], ["sideways", str(len(check.names)), "-1"]


def shown(name, value):
    """Return a value as replies show it."""
    check = SETTINGS[name][CHECK]
    if SETTINGS[name][FLAGS] & SECRET:
        return "***"
    is_position = isinstance(check, OneOf) and value.isdigit() and value not in check.names
    return check.names[int(value)] if is_position else value


def default(name):
    """Return (argument that restores the default, its reply)."""
    value = SETTINGS[name][DEFAULT]
    by_1 = SETTINGS[name][FLAGS] & DEFAULT_BY_1
    return "1" if by_1 else str(value), shown(name, str(value))


# Settings


@pytest.mark.parametrize("name", ORDINARY)
def test_setting(transport, name):
    good, bad = samples(name)
    assert transport.command(name, good) == Reply(False, shown(name, good))
    assert all(transport.command(name, value).refused for value in bad)
    assert transport.command(name.upper()) == Reply(False, shown(name, good))
    assert transport.command(name, default(name)[0]) == Reply(False, default(name)[1])


@pytest.mark.parametrize("way", ["mqtt", "uart"])
def test_password(transports, way):
    transports["telnet"].command("power")
    test_setting(transports[way], PASSWORD)
    assert transports["telnet"].is_closed()
    assert not transports["telnet"].command("power").refused  # on a new connection


@pytest.mark.parametrize("name", BROKER_SETTINGS)
def test_broker_setting(transports, camera, client, broker, name):
    original = camera.command("mqtthost")

    def settle():
        client.wait(STAT + LAST, since=since)

    for transport in transports.values():
        since = len(client.messages)
        good, bad = samples(name, broker.port)
        assert transport.command(name, good) == Reply(False, shown(name, good))
        settle()
        assert all(transport.command(name, value).refused for value in bad)
        assert transport.command(name.upper()) == Reply(False, shown(name, good))
        since = len(client.messages)
        value, text = (original, original) if name == "mqtthost" else default(name)
        assert transport.command(name, value) == Reply(False, text)
        settle()


def test_settings_that_restart(transports, camera, client, broker):
    """Set values over one transport, check them after the restart, restore them over the next."""
    topics = {"topic", "grouptopic", "topiclayout", "subtopic"}
    assert set(RESTARTS) == {"name", *topics, "mqttcleansession"}
    values = {name: samples(name)[0] for name in RESTARTS}

    def command_all(transport, arguments):
        boots, since = camera.facts["boots"], len(client.messages)
        replies = {name: transport.command(name, value).text for name, value in arguments.items()}
        camera.wait_boot(boots + 1)
        topic = "porch/x" if arguments["topic"] == "porch" else TOPIC
        topic = "a_b_c_" if "/" in arguments["topic"] else topic
        client.wait(f"stat/{topic}/{LAST}", since=since)
        return replies

    for name in RESTARTS:
        assert all(transports["mqtt"].command(name, value).refused for value in samples(name)[1])
    wanted = {**values, "mqttcleansession": "1"}  # a new topic needs a clean session
    set_last = {"mqttcleansession": "0", **values}
    assert set_last | {"mqttcleansession": "0"} == command_all(transports["mqtt"], set_last)
    assert {n: transports["telnet"].command(n).text for n in RESTARTS} == wanted
    assert client.wait("tele/porch/x/LWT", b"Online")
    restore = {name: default(name)[0] for name in RESTARTS}
    defaults = {name: default(name)[1] for name in RESTARTS}
    assert command_all(transports["telnet"], restore) == defaults
    assert {n: transports["uart"].command(n).text for n in RESTARTS} == defaults
    wanted = {"topic": "a_b_c_", "grouptopic": "everywhere"}
    assert (
        command_all(transports["uart"], {"topic": "a/b+c#", "grouptopic": "everywhere"}) == wanted
    )
    by_id = [name for name in RESTARTS if SETTINGS[name][FLAGS] & DEVICE_ID_TOO]
    restored = command_all(transports["uart"], dict.fromkeys(by_id, DEVICE_ID))
    assert restored == {name: defaults[name] for name in by_id}
    assert {n: transports["mqtt"].command(n).text for n in RESTARTS} == defaults


@pytest.mark.parametrize("name", CURRENT_WIFI)
def test_wifi_setting(transports, camera, client, name):
    """Change the network over each transport; the reply arrives before the link ends."""
    values = {"mqtt": "elsewhere", "telnet": "far away", "uart": {"ssid": "sim"}.get(name)}
    values["uart"] = values["uart"] or "simulated"
    for transport, value in values.items():
        assert transports["uart"].command(name, "x" * 64).refused
        shown_before, since = len(camera.output), len(client.messages)
        assert transports[transport].command(name, value) == Reply(False, shown(name, value))
        camera.control("wifi", **{name: value})
        camera.wait_output("wifi: address", since=shown_before)
        assert transports["uart"].command(name.upper()) == Reply(False, shown(name, value))
        camera.skip_reconnect_delay()
        client.wait(STAT + LAST, since=since)


# Commands


def test_every_command_has_an_expectation():
    assert set(EXPECTED) == set(COMMANDS)
    assert all(samples(name) for name in SETTINGS if name not in (*CURRENT_WIFI, *FILES))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_without_argument(transports, name):
    reply, private = COMMANDS[name][3], COMMANDS[name][1] & PRIVATE
    result = transports["mqtt"].command(name, reply=reply)
    assert result.refused == (name in NEED_A_1)
    assert re.search(EXPECTED[name], result.text)
    for transport in ("telnet", "uart"):
        if private:
            transports[transport].expect(EXPECTED[name], name)
        else:
            assert re.search(EXPECTED[name], transports[transport].command(name, reply=reply).text)


@pytest.mark.parametrize("name", ALL)
def test_group_topic(client, name):
    reply = COMMANDS[name][3] if name in COMMANDS else name
    result = MQTTTransport(client, GROUP_TOPIC).command(name, reply=reply)
    assert result.refused != (name in FOR_GROUP)
    if result.refused:
        assert result.text == ", ".join(FOR_GROUP)


@pytest.mark.parametrize("name", ALL)
def test_device_id_and_capitals(client, name):
    reply = COMMANDS[name][3] if name in COMMANDS else name
    result = MQTTTransport(client, DEVICE_ID).command(name.title(), reply=reply)
    assert result.refused == (name in NEED_A_1)


@pytest.mark.parametrize("name", ALL)
def test_help(transports, name):
    for transport in ("telnet", "uart"):
        transports[transport].expect(rf"(?m)^{name} \S+", f"help {name}")


def test_unknown_command_lists_all(transports):
    assert transports["mqtt"].command("nonsense") == Reply(True, ", ".join(ALL))
    for transport in ("telnet", "uart"):
        result = transports[transport].command("nonsense")
        assert result.refused and "help" in result.text


@pytest.mark.parametrize("value", ["tab\there", "nul\0", "del\x7f", "line\nend"])
def test_control_characters_are_refused(transports, value):
    assert transports["mqtt"].command("otaurl", value).refused
    assert transports["mqtt"].command("otaurl") == Reply(False, "")


def test_hidden_setting_is_not_a_command(transport):
    assert transport.command("laststate", "on").refused
    assert transport.command("power") == Reply(False, "off")


@pytest.mark.parametrize(
    "words",
    [("on", "off", "toggle", "toggle"), ("1", "0", "2", "2"), ("ON", "Off", "TOGGLE", "2")],
)
def test_switches(transport, words):
    replies = [transport.command("light", word, reply="power").text for word in words]
    assert replies == ["on", "off", "on", "off"]


def test_qos_and_retain_of_replies(broker, camera, client, transports):
    since = len(client.messages)
    values = {}
    for name in ALL:
        reply = COMMANDS[name][3] if name in COMMANDS else name
        values[name] = transports["mqtt"].command(name, reply=reply).text
    replies = [m for m in client.messages[since:] if m.topic.startswith(STAT)]
    assert {m.topic for m in replies if m.qos} == {STAT + "power"}
    assert all(m.qos == 1 for m in replies if m.topic == STAT + "power")
    with Listener(broker.port) as late:
        late.wait(STAT + "timer")
        late.catch_up()
        kept = {m.topic for m in late.messages if m.retain and m.topic.startswith(STAT)}
    states = {"power", "timer", "camera", "update", *SETTINGS}
    # MQTT cannot retain an empty message
    assert kept == {STAT + name for name in states if values[name]}


def test_replies_show_on_every_console(transports):
    for sender in TRANSPORTS:
        since = {name: len(transports[name].text) for name in ("telnet", "uart")}
        transports[sender].command("pulse", "7")
        for name, at in since.items():
            wait_until(lambda: "pulse = 7\n" in transports[name].text[at:], 10, name)  # noqa: B023
        transports[sender].command("pulse", "0")


def test_private_replies_do_not_show_elsewhere(transports):
    since = len(transports["uart"].text)
    transports["telnet"].expect(EXPECTED["config"], "config")
    transports["mqtt"].command("config")
    transports["telnet"].command("pulse")
    wait_until(lambda: "pulse = " in transports["uart"].text[since:], 10)
    assert "***" not in transports["uart"].text[since:]


def test_broker_is_unchanged_at_the_end(camera, broker):
    assert camera.command("mqtthost") == f"mqtt://{HOST}:{broker.port}"
