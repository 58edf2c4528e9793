"""What can be known of the firmware's build without a toolchain for the ESP32."""

import re
import subprocess
from pathlib import Path

import firmware
import partitions
import pytest
from esp_idf_defs.partitions import PartitionTable
from flashchip import SIZE

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "config" / "firmware"


def table():
    made = PartitionTable.from_csv((ROOT / "config" / "partitions.csv").read_text())
    made.verify(0x8000)
    made.verify_size_fits(4 << 20)
    return list(made)


def test_partitions_fit_the_flash_without_a_gap():
    parts = table()
    at = 0x9000
    for part in parts:
        assert part.offset == at, part.name
        at += part.size
    assert at == SIZE == 4 << 20


def test_partitions_are_what_updates_need():
    parts = {part.name: part for part in table()}
    assert set(parts) == {"nvs", "otadata", "phy_init", "ota_0", "ota_1", "vfs"}
    assert parts["ota_0"].size == parts["ota_1"].size == 0x180000
    assert parts["ota_0"].offset % 0x10000 == parts["ota_1"].offset % 0x10000 == 0
    assert (parts["otadata"].size, parts["nvs"].size) == (0x2000, 0x4000)


def test_there_is_one_table_for_all():
    assert partitions.CSV == ROOT / "config" / "partitions.csv"
    named = re.search(r'FILENAME=\\"\$\{CMAKE_CURRENT_LIST_DIR\}(\S+)\\"', text("CMakeLists.txt"))
    assert (HERE / named[1][1:]).resolve() == partitions.CSV
    assert "PARTITION" not in text("sdkconfig.board")


def text(name):
    return (HERE / name).read_text()


def test_options():
    lines = [line for line in text("sdkconfig.board").splitlines() if line and line[0] != "#"]
    options = dict(line.split("=", 1) for line in lines)
    assert len(options) == len(lines)
    for key, value in options.items():
        assert re.fullmatch(r"CONFIG_[A-Z0-9_]+", key) and value in "yn", key
    for key in (
        "BOOTLOADER_APP_ROLLBACK_ENABLE",
        "SPIRAM",
        "ESP_DEFAULT_CPU_FREQ_MHZ_240",
        "ESPTOOLPY_FLASHSIZE_4MB",
        "OV2640_SUPPORT",
    ):
        assert options["CONFIG_" + key] == "y"
    for key in ("BT_ENABLED", "APP_EXCLUDE_PROJECT_NAME_VAR", "APP_EXCLUDE_PROJECT_VER_VAR"):
        assert options["CONFIG_" + key] == "n"


def test_sources_are_pinned():
    lock = firmware.read_lock()
    assert set(lock) == {"micropython", "micropython-camera-API", "esp32-camera", "esp-idf"}
    for source in lock.values():
        assert re.fullmatch(r"[0-9a-f]{7,40}|v\d+\.\d+\.\d+", source.commit)


def test_where_it_is_built():
    lock = firmware.read_lock()

    def which(name):
        return lambda asked: asked if asked == name else None

    here = firmware.command("x", lock, {"IDF_PATH": "/idf"}, which("idf.py"))
    assert here == ["bash", "-c", "x"]
    line = firmware.command("x", lock, {}, which("podman"))
    assert line[:3] == ["podman", "run", "--rm"] and "docker.io/espressif/idf:v5.2.2" in line
    with pytest.raises(firmware.BuildError, match="neither ESP-IDF nor a container"):
        firmware.command("x", lock, {}, which("nothing"))


def test_script_carries_name_and_version():
    lines = firmware.script("cam", "1.2.3")
    assert '-D PRODUCT_NAME="cam"' in lines and '-D PRODUCT_VERSION="1.2.3"' in lines


def test_clones_go_to_their_commits(tmp_path):
    ran = []
    source = firmware.Source("micropython", "https://example.org/m.git", "abc1234")
    firmware.fetch(source, tmp_path, ran.append)
    assert [line[:2] for line in ran] == [["git", "clone"], ["git", "-C"]]
    assert ran[1][-1] == "abc1234"
    (tmp_path / "micropython").mkdir()
    firmware.fetch(source, tmp_path, ran.append)
    assert len(ran) == 3


def test_no_network_is_told(tmp_path):
    def fail(line):
        raise subprocess.CalledProcessError(128, line)

    with pytest.raises(firmware.BuildError, match="micropython abc1234 could not be fetched"):
        firmware.fetch(
            firmware.Source("micropython", "https://x/m.git", "abc1234"), tmp_path, fail
        )
