"""app.settings over whatever may stand in flash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commandtable import rows
from app.settings import journal
from app.settings.schema import all_rows, check_of
from app.settings.settings import Settings
from proto.values import BadArgument

SCHEMA = list(all_rows())

ROWS = {row[0]: row for row in SCHEMA}
KEYS = [row[1] for row in SCHEMA if row[2] != "file"] + ["SAVE_JOURNAL", "OTHER"]
I32 = st.integers(-(2**31), 2**31 - 1)
BYTES = st.binary(max_size=40) | st.text(max_size=40).map(str.encode) | st.just(b"x" * 1_500)
NEAR = st.sampled_from([b"1", b"", b"\0", b"mqtt://h\0", b"CET-1", b"a/b", b"off", b"\xff"])
STORED = st.dictionaries(st.sampled_from(KEYS), I32 | BYTES | NEAR)
CHANGES = st.lists(
    st.tuples(
        st.text(alphabet="ABC_xyz019", min_size=1, max_size=15),
        I32 | st.binary(max_size=60) | st.none(),
    ),
    max_size=6,
)


class NVS:
    """hal.nvs over a dict."""

    def __init__(self, stored):
        self.stored = dict(stored)

    def get_int(self, key, default=None):
        value = self.stored.get(key)
        return value if isinstance(value, int) else default

    def get_blob(self, key, default=None):
        value = self.stored.get(key)
        return value if isinstance(value, bytes) else default

    def set_int(self, key, value):
        self.stored[key] = value

    set_blob = set_int

    def erase(self, key):
        self.stored.pop(key, None)

    def commit(self):
        pass


class Log:
    def __init__(self):
        self.errors = []

    def error(self, who, text):
        self.errors.append(text)


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("files"))
        yield


def start(stored):
    nvs, log = NVS(stored), Log()
    return Settings(nvs, log, "DVES_A1B2C3"), nvs, log


def allowed(row, value):
    """Whether a value in force is the default, or one that its own check takes."""
    if value == row[3]:
        return True
    try:
        return check_of(row, {})(str(value)) == value
    except BadArgument:
        return False


@given(STORED)
def test_any_flash_gives_every_setting_a_value_of_its_kind(stored):
    settings, nvs, log = start(stored)
    for name, row in ROWS.items():
        assert allowed(row, settings[name]), name
        assert isinstance(settings[name], int if row[2] == "int" else str)
    assert all(isinstance(text, str) for _, text in settings.all())
    assert "SAVE_JOURNAL" not in nvs.stored or isinstance(nvs.stored["SAVE_JOURNAL"], int)


@given(STORED)
def test_one_bad_key_costs_that_setting_alone(stored):
    whole = {"STA_SSID": b"home", "APP_PULSE": 7, "MQTT_HOST": b"mqtt://h", "MQTT_PORT": 99}
    settings, _, _ = start({**stored, **whole, "SAVE_JOURNAL": b"junk"})
    found = [settings[name] for name in ("ssid", "pulse", "mqtthost", "mqttport")]
    assert found == ["home", 7, "mqtt://h", 99]


@given(STORED)
def test_default_in_force_for_what_was_unusable_is_told_without_a_secret(stored):
    stored.pop("SAVE_JOURNAL", None)
    settings, _, log = start(stored)
    for row in SCHEMA:
        value = stored.get(row[1])
        if value is None or isinstance(value, int) != (row[2] == "int"):
            continue
        taken = settings[row[0]] != row[3]
        told = any(row[0] in line for line in log.errors)
        text = str(value) if row[2] == "int" else value.rstrip(b"\0").decode(errors="replace")
        assert taken or told or text == str(row[3]), row[0]
        if "secret" in row[5] and len(value) > 4:
            assert not any(value.decode(errors="replace") in line for line in log.errors)


@given(STORED, st.sampled_from(sorted(ROWS)), st.text(max_size=80))
def test_any_text_is_a_value_or_refused_and_then_nothing_has_changed(stored, name, text):
    settings, nvs, log = start(stored)
    settings.flush()  # a password that was stored as it is
    before, flash = {n: settings[n] for n in ROWS}, dict(nvs.stored)
    try:
        settings.set(name, text)
    except BadArgument as error:
        assert str(error)
        assert {n: settings[n] for n in ROWS} == before
        assert settings.flush() and nvs.stored == flash
        return
    assert settings.flush()
    again, _, _ = start(nvs.stored)
    assert {n: again[n] for n in ROWS} == {n: settings[n] for n in ROWS}


@given(CHANGES)
def test_journal_comes_back_as_it_was(changes):
    assert journal.unpack(journal.pack(changes)) == changes


@given(CHANGES)
def test_journal_cut_off_anywhere_is_nothing(changes):
    record = journal.pack(changes)
    for n in range(len(record)):
        assert journal.unpack(record[:n]) == []


@given(CHANGES, st.integers(1, 255))
def test_journal_with_any_byte_flipped_is_nothing(changes, mask):
    record = journal.pack(changes)
    for n in range(len(record)):
        assert journal.unpack(record[:n] + bytes((record[n] ^ mask,)) + record[n + 1 :]) == []


@given(st.binary(max_size=200))
def test_journal_of_any_bytes_is_nothing(record):
    assert journal.unpack(record) == []


def test_every_command_and_setting_has_a_name_of_its_own():
    names = [row[0] for row in rows()] + list(ROWS)
    assert len(set(names)) == len(names)
