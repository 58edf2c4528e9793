"""Simulated NVS with the capacity of 16 KB of flash and the limits of ESP-IDF."""

import random
import subprocess
import sys

import pytest
from errors import DeviceError, PowerFailure
from flashchip import Flash
from nvs import FAIL, NO_SPACE, NVS, VALUE_TOO_LONG


@pytest.fixture
def nvs():
    return NVS(Flash(), 0x9000, 0x4000)


def fill(nvs, value):
    """Store a value under new keys until the flash is full; return the number of keys."""
    count = 0
    with pytest.raises(DeviceError) as refused:
        while True:
            nvs.set("s", f"k{count}", value)
            count += 1
    assert refused.value.arguments == NO_SPACE
    return count


@pytest.mark.parametrize(
    ("value", "count"), [(1, 357), (bytes(256).hex(), 34), (bytes(1000).hex(), 10)]
)
def test_capacity(nvs, value, count):
    assert fill(nvs, value) == count


def test_full_store_keeps_and_erases(nvs):
    fill(nvs, 1)
    with pytest.raises(DeviceError):
        nvs.set("s", "k0", 2)
    nvs.erase("s", "k1")
    nvs.set("s", "k0", 2)
    assert nvs.get_i32("s", "k0") == 2


def test_largest_blob(nvs):
    nvs.set("s", "a", bytes(6000).hex())
    for size, error in ((7000, NO_SPACE), (10_000, NO_SPACE), (16_000, VALUE_TOO_LONG)):
        with pytest.raises(DeviceError) as refused:
            nvs.set("s", "b", bytes(size).hex())
        assert refused.value.arguments == error


def test_failed_large_blob_jams_until_the_reset(nvs):
    nvs.set("s", "a", bytes(6000).hex())
    with pytest.raises(DeviceError):
        nvs.set("s", "a", bytes([1]).hex() * 8000)
    with pytest.raises(DeviceError) as refused:
        nvs.set("s", "number", 1)
    assert refused.value.arguments == NO_SPACE
    nvs.reset()
    nvs.set("s", "number", 1)
    assert nvs.get_blob("s", "a", 6000) == [6000, bytes(6000).hex()]


def test_blob_that_is_lost_while_there_is_no_room(nvs):
    """Read as ESP_FAIL, also after a reset, until it is erased or replaced."""
    nvs.set("s", "a", b"old".hex())
    nvs.set("s", "n", 1)
    nvs.report(full=True, loses=True)
    for key, value in (("a", b"new".hex()), ("n", 2), ("b", b"x".hex())):
        with pytest.raises(DeviceError) as refused:
            nvs.set("s", key, value)
        assert refused.value.arguments == NO_SPACE
    nvs.reset()
    with pytest.raises(DeviceError) as failed:
        nvs.get_blob("s", "a", 3)
    assert failed.value.arguments == FAIL
    assert (nvs.get_blob("s", "a", 0), nvs.get_i32("s", "n")) == ([3, ""], 1)
    nvs.report(full=False, damage="s/c")
    for key in ("a", "c"):
        nvs.set("s", key, b"old".hex())
        assert nvs.get_blob("s", key, 3) == [3, b"old".hex()]


def test_kept_between_runs(tmp_path):
    nvs = NVS(Flash(tmp_path / "flash.bin"), 0x9000, 0x4000)
    nvs.set("s", "a", 1)
    nvs.set("s", "b", b"text".hex())
    again = NVS(Flash(tmp_path / "flash.bin"), 0x9000, 0x4000)
    assert again.report() == {"nvs": {"s": {"a": 1, "b": "text"}}}


def image_of(rows, folder):
    """Return the image that Espressif's generator makes of [(key, type, encoding, value), ...]."""
    csv, image = folder / "nvs.csv", folder / "nvs.bin"
    csv.write_text("key,type,encoding,value\n" + "".join(",".join(row) + "\n" for row in rows))
    line = [sys.executable, "-m", "esp_idf_nvs_partition_gen", "generate"]
    subprocess.run([*line, csv, image, "0x4000"], check=True, capture_output=True, timeout=30)
    return image.read_bytes()


def test_reads_images_by_espressifs_generator(tmp_path):
    long = bytes(range(256)) * 12
    rows = [
        ("syscfg", "namespace", "", ""),
        ("APP_PULSE", "data", "i32", "-7"),
        ("MQTT_TOPIC", "data", "hex2bin", b"hall".hex()),
        ("LONG", "data", "hex2bin", long.hex()),
        ("OTHER", "data", "string", "text"),
        ("cam_param", "namespace", "", ""),
        ("quality", "data", "i32", "12"),
    ]
    flash = Flash()
    flash.burn(0x9000, image_of(rows, tmp_path))
    nvs = NVS(flash, 0x9000, 0x4000)
    assert nvs.get_i32("syscfg", "APP_PULSE") == -7
    assert nvs.get_blob("syscfg", "MQTT_TOPIC", 99) == [4, b"hall".hex()]
    assert nvs.get_blob("syscfg", "LONG", 9999) == [len(long), long.hex()]
    assert nvs.get_i32("cam_param", "quality") == 12
    nvs.set("syscfg", "MQTT_TOPIC", b"yard".hex())
    again = NVS(flash, 0x9000, 0x4000)
    assert again.peek("syscfg", "MQTT_TOPIC") == b"yard".hex()
    assert again.peek("syscfg", "LONG") == long.hex()


def test_erased_values_remain_in_flash():
    """As on the chip, the page with the fewest live entries is moved, here never the first."""
    flash = Flash()
    nvs = NVS(flash, 0x9000, 0x4000)
    nvs.set("s", "secret", b"canary".hex())
    nvs.erase("s", "secret")
    for count in range(1_000):
        nvs.set("s", "count", count)
    assert b"canary" in flash.read(0x9000, 0x4000)


KEYS = ("a", "b", "c", "d")


def random_value(chance):
    if chance.random() < 0.4:
        return chance.randrange(1 << 31)
    return chance.randbytes(chance.choice((0, 5, 40, 700, 1_500, 3_900))).hex()


def change(nvs, key, value):
    """Make one change; return the new value of the key."""
    if value is None:
        nvs.erase("s", key)
        return None
    try:
        nvs.set("s", key, value)
    except DeviceError as refused:
        assert refused.arguments == NO_SPACE
        return nvs.peek("s", key)
    return value


def test_random_changes_with_power_cuts_between_any_two_writes():
    """Each key is old or new after a cut, and others are kept, while pages are recycled."""
    chance = random.Random(11)
    flash = Flash(chance=chance)
    nvs = NVS(flash, 0x9000, 0x4000)
    held, olds, news = dict.fromkeys(KEYS), 0, 0
    for _ in range(1_500):
        key, value = chance.choice(KEYS), random_value(chance)
        if held[key] is not None and chance.random() < 0.15:
            value = None
        if chance.random() < 0.3:
            flash.plan(1, chance.choice(("before", "torn", "torn", "torn", "after")))
        try:
            held[key] = change(nvs, key, value)
        except PowerFailure:
            nvs = NVS(flash, 0x9000, 0x4000)
            if nvs.peek("s", key) == value:
                held[key] = value
                news += 1
            else:
                olds += 1
        assert {key: nvs.peek("s", key) for key in KEYS} == held
    assert olds > 100 and news > 100
    assert NVS(flash, 0x9000, 0x4000).report() == nvs.report()
