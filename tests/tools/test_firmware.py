"""config/firmware: checks that need no toolchain for the ESP32."""

import re
import subprocess
from pathlib import Path

import firmware
import partitions
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


def test_partitions_allow_updates():
    parts = {part.name: part for part in table()}
    assert set(parts) == {"nvs", "otadata", "phy_init", "ota_0", "ota_1", "vfs"}
    assert parts["ota_0"].size == parts["ota_1"].size == 0x190000
    assert parts["ota_0"].offset % 0x10000 == parts["ota_1"].offset % 0x10000 == 0
    assert (parts["otadata"].size, parts["nvs"].size) == (0x2000, 0x4000)


def test_all_use_the_same_table():
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
        assert re.fullmatch(r"CONFIG_[A-Z0-9_]+", key) and re.fullmatch(r"[yn]|\d+", value), key
    for key in (
        "BOOTLOADER_APP_ROLLBACK_ENABLE",
        "SPIRAM",
        "ESP_DEFAULT_CPU_FREQ_MHZ_240",
        "ESPTOOLPY_FLASHSIZE_4MB",
        "LOG_MAXIMUM_EQUALS_DEFAULT",
    ):
        assert options["CONFIG_" + key] == "y"
    assert options["CONFIG_FREERTOS_HZ"] == "1000"
    for key in (
        "BT_ENABLED",
        "APP_EXCLUDE_PROJECT_NAME_VAR",
        "APP_EXCLUDE_PROJECT_VER_VAR",
        "ESP_WIFI_ENTERPRISE_SUPPORT",
        "LWIP_PPP_SUPPORT",
    ):
        assert options["CONFIG_" + key] == "n"
    sensors = {key for key in options if key.endswith("_SUPPORT") and options[key] == "y"}
    assert sensors == {f"CONFIG_{name}_SUPPORT" for name in ("OV2640", "OV3660", "OV5640")}
    for name in ("HM1055", "HM0360", "MEGA_CCM"):  # esp32-camera links them by default
        assert options[f"CONFIG_{name}_SUPPORT"] == "n"


def test_folders_of_micropython_1_25():
    """The folders main_esp32... were added after v1.25.0."""
    dirs = re.search(r"set\(EXTRA_COMPONENT_DIRS (.*)\)", text("CMakeLists.txt"))[1]
    assert dirs == "${MICROPY_PORT_DIR}/main ${SOURCES}/esp32-camera"


def test_camera_module_finds_all_headers():
    """esp_camera.h includes img_converters.h, which includes esp_jpeg's jpeg_decoder.h."""
    added = re.search(r"target_include_directories\((.*?)\)", text("camera.cmake"), re.DOTALL)[1]
    for folder in ("{ESP32_CAMERA}/driver", "{ESP32_CAMERA}/conversions", "{ESP_JPEG}"):
        assert f"${folder}/include\n" in added


def test_features_that_the_port_enables_are_disabled_after_it():
    config = text("mpconfigcamera.h")
    after = config.partition("#include <mpconfigport.h>\n")[2]
    for name in ("WEBREPL", "WEBSOCKET", "BTREE"):
        macro = f"MICROPY_PY_{name}"
        assert f"#undef {macro}\n#define {macro} (0)\n" in after
        assert macro not in text("mpconfigboard.h")  # has no effect there, or causes a warning
    assert 'set(MICROPY_DEF_BOARD MP_CONFIGFILE="mpconfigcamera.h")' in text("CMakeLists.txt")


def test_machine_name_is_set_once():
    names = dict(re.findall(r'#define MICROPY_HW_(\w+)_NAME "(.*?)"', text("mpconfigboard.h")))
    assert "{BOARD} with {MCU}".format(**names) == "AI-Thinker ESP32-CAM with ESP32"


def test_files_of_the_component_manager_are_ignored(tmp_path):
    left = HERE / "managed_components" / "espressif__mdns" / "bad.py"
    paths = [str(left), str(HERE / "dependencies.lock")]
    done = subprocess.run(["git", "check-ignore", *paths], cwd=ROOT, capture_output=True)
    assert done.stdout.decode().split() == paths
    settings = (ROOT / "pyproject.toml").read_text()
    assert '"config/firmware/managed_components"' in settings  # ruff
    for name in ("managed_components", "dependencies.lock"):
        assert f"./config/firmware/{name}" in settings  # codespell


def test_sources_are_pinned():
    lock = firmware.read_lock()
    assert set(lock) == {"micropython", "micropython-camera-API", "esp32-camera", "esp-idf"}
    for source in lock.values():
        assert re.fullmatch(r"[0-9a-f]{40}", source.commit), source
        assert re.fullmatch(r"v\d+\.\d+\.\d+", source.tag), source
    idf = lock["esp-idf"]
    assert idf.address == f"docker.io/espressif/idf:{idf.tag}"


def test_readme_is_current():
    """It lists the locked versions and all files, and its estimate adds up."""
    readme = text("README.md")
    for source in firmware.read_lock().values():
        assert re.search(rf"\| {source.tag[1:].replace('.', '[.]')} \|", readme), source
    left = ("managed_components", "dependencies.lock", "README.md")
    for path in HERE.iterdir():
        assert f"`{path.name}`" in readme or path.name in left, path
    size = readme.partition("\n## Size\n")[2].partition("\n## ")[0]
    numbers = [
        int(n.replace(",", "")) for n in re.findall(r"^\|.*\| ([+-]?[\d,]+) \|", size, re.M)
    ]
    *parts, total = numbers
    assert len(parts) == 10 and sum(parts) == total
    slot = next(part.size for part in table() if part.name == "ota_0")
    halved = sum(parts[:3]) + sum(parts[3:-1]) // 2 + parts[-1]
    assert f"**{slot - total:,} free**; {slot - halved:,} if each saving" in size
    assert slot - total > 0
