"""Settings by name: checked and encoded on the PC; the image for a production line."""

import struct
import zlib

import provision
import pytest
import usersettings
from usersettings import BadSetting, checked

from app import schema

CA = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"


def stored(given):
    return {row[1]: usersettings.stored(row, value) for row, value in checked(given.items())}


def test_as_the_firmware_keeps_them():
    given = {"ssid": "häuschen", "pubinterval": "10", "poweratreset": "on", "mqttuser": ""}
    assert stored(given) == {
        "STA_SSID": "häuschen".encode(),
        "MQTT_PUBINTERV": 10,
        "APP_PWR_AT_RST": 1,
        "MQTT_USER": None,
    }


def test_one_restores_a_default_and_defaults_are_not_kept():
    assert stored({"ssid": "1", "teleperiod": "300"}) == {"STA_SSID": None, "TELE_PERIOD": None}


def test_a_topic_forces_a_clean_session():
    assert stored({"topic": "a/b"}) == {"MQTT_TOPIC": b"a_b", "MQTT_CLEANSESS": None}
    assert stored({"topic": "hall", "mqttcleansession": "0"})["MQTT_CLEANSESS"] == 0


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"ssid": "x" * 32}, "ssid: 1..31 characters"),
        ({"pubinterval": "-1"}, r"pubinterval: .*0\.\.86400"),
        ({"mqtthost": "http://x"}, "mqtthost: mqtt://host"),
        ({"colour": "red"}, "no setting is named colour; there are: ssid, "),
    ],
)
def test_refused(given, complaint):
    with pytest.raises(BadSetting, match=complaint):
        checked(given.items())


@pytest.mark.parametrize("row", usersettings.visible(), ids=lambda row: row[0])
def test_every_default_shows_as_it_is_typed(row):
    if row[schema.DEFAULT] == "":
        return
    text = usersettings.shown(
        row, row[schema.DEFAULT] if row[schema.KIND] == 0 else row[schema.DEFAULT].encode()
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


def test_camera_parameters():
    assert usersettings.camera_parameters({"quality": 10}) == [("quality", 10)]
    for values in ({"quality": 64}, {"zoom": 1}, {"quality": "10"}):
        with pytest.raises(BadSetting, match="camera: "):
            usersettings.camera_parameters(values)


def entries(image):
    """{(namespace, key): value} of an image, read as ESP-IDF's documentation describes it."""
    found, spaces, parts = {}, {}, {}
    for page in range(0, len(image), 4_096):
        bitmap = image[page + 32 : page + 64]
        at = 0
        while at < 126:
            if bitmap[at // 4] >> at % 4 * 2 & 3 != 2:  # not written
                at += 1
                continue
            entry = image[page + 64 + 32 * at :][:32]
            space, kind, span, chunk, crc = struct.unpack_from("<BBBBI", entry)
            assert crc == zlib.crc32(entry[:4] + entry[8:], 0xFFFFFFFF)
            key = entry[8:24].split(b"\0")[0].decode()
            if kind == 0x01 and space == 0:
                spaces[entry[24]] = key
            elif kind == 0x14:
                found[space, key] = struct.unpack_from("<i", entry, 24)[0]
            elif kind == 0x42:
                size = struct.unpack_from("<H", entry, 24)[0]
                parts[space, key] = image[page + 96 + 32 * at :][:size]
            elif kind == 0x48:
                found[space, key] = parts[space, key]
            at += span
    return {(spaces[space], key): value for (space, key), value in found.items()}


def test_image(tmp_path, capsys):
    path = tmp_path / "nvs.bin"
    words = ["ssid=home", "password=geheim geheim", "pubinterval=10", "mqttport=0"]
    assert provision.main(["--image", str(path), *words]) == 0
    image = path.read_bytes()
    assert len(image) == 0x4000
    assert entries(image) == {
        ("syscfg", "STA_SSID"): b"home",
        ("syscfg", "STA_PASS"): b"geheim geheim",
        ("syscfg", "MQTT_PUBINTERV"): 10,
    }
    assert "geheim" not in capsys.readouterr().out


def test_image_cannot_hold_a_file(tmp_path, capsys):
    (tmp_path / "ca.pem").write_text(CA)
    words = ["ssid=home", f"mqttca=@{tmp_path}/ca.pem"]
    assert provision.main(["--image", str(tmp_path / "nvs.bin"), *words]) == 1
    assert "mqttca is a file on the board" in capsys.readouterr().err
    assert not (tmp_path / "nvs.bin").exists()
