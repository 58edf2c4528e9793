"""app.settings with any content of flash."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storedsettings import DAMAGED, allowed, start

from app.commands import TABLE
from app.settings.schema import (
    DEFAULT,
    FILE,
    FLAGS,
    INT,
    KEY,
    KIND,
    NAME,
    SCHEMA,
    SECRET,
)
from app.settings.store import pack, unpack
from proto.values import BadArgument

NAMES = [row[NAME] for row in SCHEMA]
KEYS = [row[KEY] for row in SCHEMA if row[KIND] != FILE] + ["SAVE_JOURNAL", "OTHER"]
I32 = st.integers(-(2**31), 2**31 - 1)
BYTES = st.binary(max_size=40) | st.text(max_size=40).map(str.encode) | st.just(b"x" * 1_500)
NEAR = st.sampled_from([b"1", b"", b"\0", b"mqtt://h\0", b"CET-1", b"a/b", b"off", b"\xff"])
STORED = st.dictionaries(st.sampled_from(KEYS), I32 | BYTES | NEAR | st.just(DAMAGED))
CHANGES = st.lists(
    st.tuples(
        st.text(alphabet="ABC_xyz019", min_size=1, max_size=15),
        I32 | st.binary(max_size=60) | st.none(),
    ),
    max_size=6,
)


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("files"))
        yield


@given(STORED)
def test_every_setting_has_a_valid_value_with_any_flash(stored):
    settings, nvs, log = start(stored)
    for row in SCHEMA:
        assert allowed(row, settings[row[NAME]]), row[NAME]
        assert isinstance(settings[row[NAME]], int if row[KIND] == INT else str)
    assert all(isinstance(text, str) for _, text in settings.all())
    assert "SAVE_JOURNAL" not in nvs.stored or isinstance(nvs.stored["SAVE_JOURNAL"], int)


@given(STORED)
def test_bad_key_affects_only_its_setting(stored):
    valid = {"STA_SSID": b"home", "APP_PULSE": 7, "MQTT_HOST": b"mqtt://h", "MQTT_PORT": 99}
    settings, _, _ = start({**stored, **valid, "SAVE_JOURNAL": b"junk"})
    found = [settings[name] for name in ("ssid", "pulse", "mqtthost", "mqttport")]
    assert found == ["home", 7, "mqtt://h", 99]


@given(STORED)
def test_replacement_by_the_default_is_logged_without_secrets(stored):
    stored.pop("SAVE_JOURNAL", None)
    settings, _, log = start(stored)
    for row in SCHEMA:
        value = stored.get(row[KEY])
        if value is None or isinstance(value, int) != (row[KIND] == INT):
            continue
        accepted = settings[row[NAME]] != row[DEFAULT]
        logged = any(row[NAME] in line for line in log.errors)
        if value is DAMAGED:
            assert logged, row[NAME]
            continue
        text = str(value) if row[KIND] == INT else value.rstrip(b"\0").decode(errors="replace")
        assert accepted or logged or text == str(row[DEFAULT]), row[NAME]
        if row[FLAGS] & SECRET and len(value) > 4:
            assert not any(value.decode(errors="replace") in line for line in log.errors)


@given(STORED, st.sampled_from(NAMES), st.text(max_size=80))
def test_any_text_is_accepted_or_changes_nothing(stored, name, text):
    settings, nvs, log = start(stored)
    before, flash = {n: settings[n] for n in NAMES}, dict(nvs.stored)
    try:
        asyncio.run(settings.set(name, text))
    except BadArgument as error:
        assert str(error)
        assert {n: settings[n] for n in NAMES} == before
        assert settings.flush() and nvs.stored == flash
        return
    assert settings.flush()
    again, _, _ = start(nvs.stored)
    assert {n: again[n] for n in NAMES} == {n: settings[n] for n in NAMES}


@given(CHANGES)
def test_journal_round_trip(changes):
    assert unpack(pack(changes)) == changes


@given(CHANGES)
def test_truncated_journal_is_empty(changes):
    record = pack(changes)
    for n in range(len(record)):
        assert unpack(record[:n]) == []


@given(CHANGES, st.integers(1, 255))
def test_journal_with_any_changed_byte_is_empty(changes, mask):
    record = pack(changes)
    for n in range(len(record)):
        assert unpack(record[:n] + bytes((record[n] ^ mask,)) + record[n + 1 :]) == []


@given(st.binary(max_size=200))
def test_journal_of_random_bytes_is_empty(record):
    assert unpack(record) == []


def test_names_of_commands_and_settings_are_unique():
    names = [row[0] for row in TABLE] + NAMES
    assert len(set(names)) == len(names)
