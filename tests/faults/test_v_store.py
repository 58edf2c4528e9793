"""Settings: flash that refuses or holds anything, a day without changes, wrong networks."""

import asyncio
import itertools
import re

import httpx
import pytest
from errors import os_error
from fastcamera import FastCamera
from flashsettings import (
    Log,
    Refusals,
    board_with,
    in_force,
    patched,
    save,
    settings_of,
)
from inprocess import Board
from mosquitto import Mosquitto
from nvs import FAIL, NO_SPACE
from probe import NO_BROKER
from sim import Simulator, wait_until
from storedsettings import allowed

from app.settings.schema import FILE, INT, KEY, KIND, NAME, NAMESPACE, SCHEMA
from app.settings.store import pack

NVS_AT, NVS_BYTES = 0x9000, 0x4000
JOURNAL = "SAVE_JOURNAL"
OLD = {"ssid": "old", "mqttuser": "old", "pulse": "7", "mqttca": "old certificate"}
NEW = {"ssid": "new", "mqttuser": "new", "pulse": "8", "mqttca": "new certificate"}
HOUR_S = 3_600
SETUP_S = 120
OPENS_S = 180  # `apfallback`: without the network, but with its password


@pytest.fixture
def files(monkeypatch):
    return patched(monkeypatch)


# Flash that refuses


def refused_writes(files, row, monkeypatch, error):
    """Refuse each write of a save, and all that follow; then accept them."""
    cells = cells_with(files, OLD)
    before = in_force(settings_of(), files)
    after = in_force(save(NEW), files)
    refusals = Refusals(monkeypatch, error)
    for left in itertools.count():
        with row.injection(f"{error[1]} after {left} writes"):
            board, log = board_with(files, cells), Log()
            settings = settings_of(log)
            refusals.attach(board)
            refusals.left = left
            applied = asyncio.run(settings.apply(NEW))
            if applied.saved:  # with all the writes that it needs
                assert left > len(NEW)
                refusals.left = None
                return
            if applied.faults:  # the file was refused, and so were the others
                assert in_force(settings, files) == before and "mqttca" in applied.faults
                refusals.left = None
                applied = asyncio.run(settings.apply(NEW))
                assert applied.saved
            else:
                assert [settings[name] for name in ("ssid", "pulse")] == ["new", 8]
                assert any("not saved" in text for text in log.errors)
                assert in_force(settings_of(), files) in (before, after)  # restarted meanwhile
                refusals.left = None
                assert settings.flush()
            assert in_force(settings_of(), files) == after


def cells_with(files, values):
    board = board_with(files)
    save(values)
    return board.cells()


def unreadable_keys(files, row):
    """Refuse to read each key, and the journal."""
    cells = cells_with(files, OLD)
    whole = in_force(settings_of(), files)
    by_key = {each[KEY]: each[NAME] for each in SCHEMA if each[KIND] != FILE}
    for key in ("STA_SSID", "MQTT_USER", "APP_PULSE", JOURNAL):
        with row.injection(f"{key} cannot be read"):
            board, log = board_with(files, cells), Log()
            if key == JOURNAL:
                board.nvs.put(NAMESPACE, JOURNAL, pack([("APP_PULSE", 9)]).hex())
            for name in ("nvs.get_blob", "nvs.get_i32"):
                board.calls[name] = unreadable(board.calls[name], key)
            found = in_force(settings_of(log), files)
            name = by_key.get(key)
            assert {n: value for n, value in found.items() if value != whole[n]}.keys() <= {name}
            assert log.errors or key == "APP_PULSE"  # ESP-IDF reads a number or has none


def unreadable(read, key):
    def call(space, wanted, *args):
        if wanted == key:
            raise os_error(*FAIL)
        return read(space, wanted, *args)

    return call


def full_flash(folder):
    """A full flash keeps the old values; once there is room, the camera saves by itself."""
    with FastCamera(folder, NO_BROKER, {"mqttuser": "before"}) as camera:
        camera.control("nvs", full=True, loses=True)
        assert camera.command("mqttuser behind") == "behind"
        camera.wait_output("settings: ! not saved")
        assert camera.command("mqttuser") == "behind" and camera.get("/").status_code == 200
        camera.power_cut()
        assert camera.command("mqttuser") == "before"
        camera.command("mqttuser behind")
        camera.command("pulse 5")
        camera.wait_output("settings: ! not saved", since=len(camera.output))
        camera.control("nvs", full=False)
        wait_until(lambda: stored(camera, "MQTT_USER") == "behind", 30, "the save")
        assert camera.command("pulse") == "5"
        camera.control("nvs", damage="syscfg/MQTT_USER")
        camera.power_cut()
        camera.wait_output("the stored mqttuser is unusable: the default is in force")
        assert camera.command("mqttuser") == "" and camera.command("pulse") == "5"
        assert camera.get("/").status_code == 200


def stored(camera, key):
    """Return a stored value once its save is complete."""
    entries = camera.control("nvs")["nvs"]["syscfg"]
    return None if JOURNAL in entries else entries.get(key)


def test_v3_flash_full_or_failing(files, row, monkeypatch, tmp_path):
    for error in (NO_SPACE, FAIL):
        refused_writes(files, row, monkeypatch, error)
    unreadable_keys(files, row)
    if row.full:
        with row.injection("full flash of the whole camera"):
            full_flash(tmp_path)


# Any content

TEXTS = (b"1", b"", b"\0", b"mqtt://h\0", b"CET-1", b"a/b", b"off", b"\xff\xfe", b"2.0", b"{}")


def any_value(chance):
    return chance.choice(
        (
            lambda: chance.randrange(-(2**31), 2**31),
            lambda: chance.choice((0, 1, 2, 99, 86_401)),
            lambda: chance.randbytes(chance.randrange(41)),
            lambda: chance.choice(TEXTS),
            lambda: b"x" * chance.choice((256, 1_500, 2_501)),
        )
    )()


def any_store(chance, kept=()):
    """Return {key: number or bytes}: any keys with any values, some of a later version."""
    keys = [row[KEY] for row in SCHEMA if row[KIND] != FILE and row[KEY] not in kept]
    keys += ["FUTURE", "OTA_TRIED", "OTA_FAILED", "OTA_REASON"]
    store, room = {}, 9_000
    for key in chance.sample(keys, chance.randrange(len(keys))):
        value = any_value(chance)
        room -= len(value) + 96 if isinstance(value, bytes) else 32
        if room > 0:
            store[key] = value
    kind = chance.randrange(4)
    if kind == 0:
        store[JOURNAL] = chance.randbytes(60)
    elif kind == 1:  # as a later version might leave it
        some = [(key, chance.choice((any_value(chance), None))) for key in chance.sample(keys, 3)]
        store[JOURNAL] = pack([(k, v[:300] if isinstance(v, bytes) else v) for k, v in some])
    return store


def burn(board, store, chance):
    """Write a store into a board's flash, and noise over a part of it in one case of five."""
    for key, value in store.items():
        board.nvs.put(NAMESPACE, key, value if isinstance(value, int) else value.hex())
    if not chance.randrange(5):
        at = NVS_AT + chance.randrange(NVS_BYTES - 256)
        board.flash.burn(at, chance.randbytes(chance.randrange(1, 256)))


def test_v4_any_content_of_the_store(files, row, tmp_path):
    """Each setting has a usable value, and can be changed; then starts of the whole camera."""
    empty = Board().cells()
    for number in range(row.times(2_000, 150)):
        with row.injection(number):
            board, log = board_with(files, empty), Log()
            burn(board, any_store(row.chance), row.chance)
            board.nvs.reset()
            settings = settings_of(log)
            for each in SCHEMA:
                assert allowed(each, settings[each[NAME]]), each[NAME]
                assert isinstance(settings[each[NAME]], int if each[KIND] == INT else str)
            save({"pulse": "5"}, settings)
            assert settings_of()["pulse"] == 5
    if row.full:
        starts(tmp_path, row, 20)


def starts(folder, row, count):
    """Start the whole camera with any store but for the network's name and password."""
    with Simulator(folder, NO_BROKER) as camera:
        for number in range(count):
            with row.injection(f"start {number}"):
                camera.control("power_cut")
                board = Board()
                kept = {"STA_SSID": b"sim", "STA_PASS": b"simulated"}
                burn(board, {**any_store(row.chance, kept), **kept}, row.chance)
                with open(camera.state / "flash.bin", "r+b") as flash:
                    flash.seek(NVS_AT)
                    flash.write(board.flash.read(NVS_AT, NVS_BYTES))
                since = len(camera.output)
                camera.control("power_on")
                camera.wait_output("system: esp32-mqtt-cam", 20, since)
                assert camera.status() and "Traceback" not in camera.output[since:]
                if camera.command("ssid") == "sim":  # no noise over the network's name
                    wait_until(lambda: serves(camera), 40, "the page", every_s=0.1)
    row.figure("starts of the whole camera", count)


def serves(camera):
    try:
        return camera.get("/api/status", timeout=2).status_code in (200, 401)
    except httpx.TransportError:
        return False


# A day, and wrong networks


@pytest.mark.slow
def test_v6_no_writes_without_changes(row, tmp_path):
    """75 minutes of pictures, telemetry and a time server; unchanged settings are set again."""
    with Mosquitto(tmp_path / "broker") as broker:
        settings = {"pubinterval": "60", "timezone": "UTC3"}
        with FastCamera(tmp_path / "camera", broker.uri, settings) as camera:
            camera.wait_status("mqtt connected")
            before = camera.control("flash")["operations"]
            camera.wait_uptime(1.25 * HOUR_S, 600)
            for _ in range(20):
                with row.injection("unchanged settings"):
                    assert camera.command("timezone UTC3") == "UTC3"
                    assert camera.command("pubinterval 60") == "60"
            hours = camera.uptime_s / HOUR_S
            writes = camera.control("flash")["operations"] - before
            assert "restarts 0" in camera.status("3")
            camera.command("timezone UTC4")
            wait_until(lambda: stored(camera, "APP_TIMEZONE") == "UTC4", 10, "the save")
            per_save = camera.control("flash")["operations"] - before - writes
    row.figure("simulated", round(hours, 2), "h")
    row.figure("writes a day", round(24 * writes / hours))
    row.figure("writes of a changed setting", per_save)
    assert 24 * writes / hours <= 24 and 0 < per_save <= 4


@pytest.mark.slow
def test_v7_wrong_network_settings(row, tmp_path):
    """A wrong password, then a wrong name: the access point opens, and the form corrects it."""
    with FastCamera(tmp_path, args=("--ap",)) as camera:
        good = {"wifissid": "sim", "wifipassword": "simulated", "mqtthost": camera.facts["mqtt"]}
        for what, wrong, limit_s in (
            ("password", {"wifissid": "sim", "wifipassword": "not the right one"}, SETUP_S),
            ("name", {"wifissid": "nosuch", "wifipassword": "simulated"}, OPENS_S + 20),
            ("broker", {"mqtthost": NO_BROKER}, SETUP_S),
        ):
            with row.injection(what):
                fill_in(camera, **wrong)
                since = len(camera.output)
                camera.power_cut()  # it serves again once its access point is open
                if what != "broker":
                    opened = re.search(r"(\d+) ap: open", camera.output[since:])
                    row.figure(f"access point with a wrong {what}", int(opened[1]), "s")
                    assert int(opened[1]) <= limit_s
                fill_in(camera, **good)
                camera.wait_status("wifi joined, mqtt connected", 40)


def fill_in(camera, **fields):
    """Submit the set-up form."""
    data = {**fields, "save": "Save"}
    response = httpx.post(camera.url + "/setup", data=data, timeout=10, trust_env=False)
    assert response.status_code == 200, response.text
