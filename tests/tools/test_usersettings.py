"""Settings by name, checked and encoded on the PC, and images for production."""

import asyncio

import provision
import pytest
import usersettings
from flashchip import Flash
from nvs import NVS
from usersettings import BadSetting, checked

from app import password
from app.settings import schema

WORD = "open, sesame"
CURRENT = "pbkdf2-sha256$1000${}${}".format("5a" * 16, "c3" * 32)
CHAIN = "2000${}${}".format("5a" * 16, "c3" * 32)  # hash by older firmware
CA = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"


def stored(given, **more):
    found = checked(given.items(), **more)
    return {row[schema.KEY]: usersettings.stored(row, value) for row, value in found}


def test_stored_as_by_the_firmware():
    given = {"ssid": "häuschen", "pubinterval": "10", "poweratreset": "on", "mqttuser": ""}
    assert stored(given) == {
        "STA_SSID": "häuschen".encode(),
        "MQTT_PUBINTERV": 10,
        "APP_PWR_AT_RST": 1,
        "MQTT_USER": None,
    }


def test_1_restores_a_default_and_defaults_are_not_stored():
    assert stored({"ssid": "1", "teleperiod": "300"}) == {"STA_SSID": None, "TELE_PERIOD": None}


def test_a_topic_forces_a_clean_session():
    assert stored({"topic": "a/b"}) == {"MQTT_TOPIC": b"a_b", "MQTT_CLEANSESS": None}
    assert stored({"topic": "hall", "mqttcleansession": "0"})["MQTT_CLEANSESS"] == 0


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"ssid": "x" * 33}, "ssid: 1..32 characters"),
        ({"pubinterval": "-1"}, r"pubinterval: .*0\.\.86400"),
        ({"mqtthost": "http://x"}, "mqtthost: mqtt://host"),
        ({"colour": "red"}, "no setting is named colour; there are: name, privacy, "),
        ({"laststate": "on"}, "no setting is named laststate"),
        ({"adminpass": "short"}, "adminpass: 8..63 characters"),
        ({"adminpass": CURRENT}, "adminpass: 8..63 characters"),
    ],
)
def test_refused(given, complaint):
    with pytest.raises(BadSetting, match=complaint):
        checked(given.items())


@pytest.mark.parametrize("row", usersettings.visible(), ids=lambda row: row[0])
def test_every_default_is_shown_as_entered(row):
    if row[schema.DEFAULT] == "":
        return
    text = usersettings.shown(
        row, row[schema.DEFAULT] if usersettings.is_number(row) else row[schema.DEFAULT].encode()
    )
    assert checked([(row[0], text)])[0] == (row, None)


def test_words(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text(CA)
    assert usersettings.pairs([f"mqttca=@{path}", "mqttuser=a=b"]) == [
        ("mqttca", CA),
        ("mqttuser", "a=b"),
    ]
    with pytest.raises(BadSetting, match="expected NAME=VALUE"):
        usersettings.pairs(["ssid"])
    with pytest.raises(BadSetting, match="No such file"):
        usersettings.pairs(["mqttca=@/nothing"])


@pytest.mark.parametrize("text", [WORD, "2000$5a$c3", "a$b$c$d$e"])
def test_admin_password_is_hashed_on_the_pc(text):
    value = stored({"adminpass": text})["ADMIN_PASS"].decode()
    assert password.is_current(value)
    assert asyncio.run(password.matches(text, value))
    assert stored({"adminpass": text}, backup=True)["ADMIN_PASS"].decode() != value  # another salt
    assert stored({"adminpass": "1"}) == stored({"adminpass": ""}) == {"ADMIN_PASS": None}


@pytest.mark.parametrize("text", [CURRENT, CHAIN])
def test_hash_in_a_backup_is_unchanged(text):
    row = schema.find("adminpass")
    assert usersettings.shown(row, text.encode()) == text
    assert stored({"adminpass": text}, backup=True) == {"ADMIN_PASS": text.encode()}


def test_camera_parameters():
    assert usersettings.camera_parameters({"quality": 10}) == [("quality", 10)]
    for values in ({"quality": 64}, {"zoom": 1}, {"quality": "10"}):
        with pytest.raises(BadSetting, match="camera: "):
            usersettings.camera_parameters(values)


@pytest.mark.parametrize("name", ["nvs.bin", "porch.nvs", "settings"])
def test_image(tmp_path, capsys, name):
    path = tmp_path / name
    words = ["ssid=home", "password=geheim geheim", "pubinterval=10", "mqttport=0"]
    assert provision.main(["--image", str(path), *words]) == 0
    image = path.read_bytes()
    assert len(image) == 0x4000
    flash = Flash()
    flash.burn(0x9000, image)
    assert NVS(flash, 0x9000, len(image)).report()["nvs"] == {
        "syscfg": {"STA_SSID": "home", "STA_PASS": "geheim geheim", "MQTT_PUBINTERV": 10}
    }
    assert "geheim" not in capsys.readouterr().out


def test_image_has_no_clear_text_of_the_admin_password(tmp_path):
    path = tmp_path / "nvs.bin"
    assert provision.main(["--image", str(path), f"adminpass={WORD}"]) == 0
    image = path.read_bytes()
    assert WORD.encode() not in image and b"pbkdf2-sha256$" in image


def test_image_in_a_missing_folder(tmp_path, capsys):
    assert provision.main(["--image", str(tmp_path / "none" / "nvs.bin"), "ssid=home"]) == 1
    assert "nvs.bin cannot be written: No such file" in capsys.readouterr().err


def test_image_cannot_contain_a_file(tmp_path, capsys):
    (tmp_path / "ca.pem").write_text(CA)
    words = ["ssid=home", f"mqttca=@{tmp_path}/ca.pem"]
    assert provision.main(["--image", str(tmp_path / "nvs.bin"), *words]) == 1
    assert "mqttca is a file on the board" in capsys.readouterr().err
    assert not (tmp_path / "nvs.bin").exists()
