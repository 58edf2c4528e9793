"""The simulated NVS holds as much as 16 KB of flash do, and jams as ESP-IDF does."""

import pytest
from errors import DeviceError
from flashchip import Flash
from nvs import NO_SPACE, NVS, VALUE_TOO_LONG


@pytest.fixture
def nvs(tmp_path):
    return NVS(tmp_path / "nvs.json", Flash())


def fill(nvs, value):
    """Store a value under new keys until there is no room; returns how often it fitted."""
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


def test_kept_between_runs(tmp_path, nvs):
    nvs.set("s", "a", 1)
    nvs.set("s", "b", b"text".hex())
    again = NVS(tmp_path / "nvs.json", Flash())
    assert again.report() == {"nvs": {"s": {"a": 1, "b": "text"}}}
