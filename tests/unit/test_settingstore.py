"""app.settings.store: a save is atomic, even with a power cut."""

import asyncio
import unittest

import suite
from fakes import NVS, Log, ended, run, settings_on, until
from powercut import MODES, DyingNVS, PowerCut

from app.settings.schema import CHECK, DEFAULT, FILE, FLAGS, HASHED, INT, KEY, KIND, NAME, SCHEMA
from app.settings.store import Store, pack
from config import limits

_HASH_BYTES = 116
JOURNAL = "SAVE_JOURNAL"
OLD = {"STA_SSID": b"old", "STA_PASS": b"old secret", "MQTT_HOST": b"mqtt://old", "APP_PULSE": 7}
NEW = (("ssid", "new"), ("password", "new secret"), ("mqtthost", "mqtt://new"), ("pulse", "8"))
RESET = (("ssid", "1"), ("password", "1"), ("mqtthost", "mqtt://new"))
ONE = (("pulse", "9"),)


def values(nvs):
    """Return ({name: value}, errors in the log) after a start."""
    log = Log()
    settings = settings_on(nvs, log)
    return {row[NAME]: settings[row[NAME]] for row in SCHEMA}, log.errors


def put(settings, changes):
    for name, text in changes:
        run(settings.set(name, text))


def save(nvs, changes):
    settings = settings_on(nvs)
    put(settings, changes)
    assert settings.flush()


class TestPowerCuts(unittest.TestCase):
    def outcomes(self, stored, changes, mode):
        """Return (values before, after, [contents of flash after a cut at each operation])."""
        uninterrupted = DyingNVS(stored)
        before, _ = values(uninterrupted)
        save(uninterrupted, changes)
        after, _ = values(uninterrupted)
        found = []
        for cut in range(uninterrupted.operations + 1):
            nvs = DyingNVS(stored, cut, mode)
            try:
                save(nvs, changes)
            except PowerCut:
                pass
            found.append(nvs.after_power_cut())
        return before, after, found

    def test_cut_at_any_operation_leaves_all_old_or_all_new(self):
        for changes in (NEW, RESET, ONE):
            for mode in MODES:
                before, after, found = self.outcomes(OLD, changes, mode)
                self.assertNotEqual(before, after)
                seen = []
                for stored in found:
                    nvs = NVS()
                    nvs.stored = dict(stored)
                    now, errors = values(nvs)
                    self.assertTrue(now in (before, after), "mixed: {}".format(stored))
                    self.assertEqual(errors, [])
                    self.assertFalse(JOURNAL in nvs.stored)
                    seen.append(now == after)
                self.assertTrue(seen[-1])
                if mode in ("before", "uncommitted"):
                    self.assertFalse(seen[0])
                    self.assertEqual(seen, sorted(seen))  # new values are not followed by old ones

    def test_second_cut_during_recovery(self):
        for mode in MODES:
            for again in MODES:
                before, after, found = self.outcomes(OLD, NEW, mode)
                for stored in found:
                    cut = 0
                    while True:
                        nvs = DyingNVS(stored, cut, again)
                        try:
                            settings_on(nvs)
                            break
                        except PowerCut:
                            self.assertTrue(
                                values(DyingNVS(nvs.after_power_cut()))[0] in (before, after)
                            )
                        cut += 1

    def test_cut_between_two_saves_keeps_the_second(self):
        for mode in MODES:
            for cut in range(40):
                nvs = DyingNVS(OLD, cut, mode)
                try:
                    save(nvs, NEW)
                    save(nvs, ONE)
                except PowerCut:
                    pass
                rebooted = NVS()
                rebooted.stored = dict(nvs.after_power_cut())
                now, _ = values(rebooted)
                mine = (now["ssid"], now["password"], now["mqtthost"], now["pulse"])
                self.assertTrue(
                    mine
                    in (
                        ("old", "old secret", "mqtt://old", 7),
                        ("new", "new secret", "mqtt://new", 8),
                        ("new", "new secret", "mqtt://new", 9),
                    ),
                    mine,
                )


class TestFullFlash(unittest.TestCase):
    """A failed write is logged and does not undo later saves."""

    def full_after(self, writes):
        """Return (flash, settings) after a save of NEW of which only `writes` writes succeeded."""
        nvs, log = NVS(), Log()
        nvs.stored = dict(OLD)
        settings = settings_on(nvs, log)
        original = nvs._set

        def refuse(key, value):
            nvs.full = nvs.writes >= writes
            original(key, value)

        nvs._set = refuse
        put(settings, NEW)
        self.assertFalse(settings.flush())
        self.assertEqual(len(log.errors), 1)
        self.assertFalse("secret" in str(log.errors))
        self.assertEqual(settings["ssid"], "new")  # has taken effect anyway
        nvs._set = original
        nvs.full = False
        return nvs, settings

    def test_save_succeeds_once_there_is_room(self):
        for writes in range(5):
            nvs, settings = self.full_after(writes)
            self.assertTrue(settings.flush())
            self.assertEqual(values(nvs)[0]["pulse"], 8)
            self.assertFalse(JOURNAL in nvs.stored)

    def test_last_value_overrides_the_journal_of_a_failed_save(self):
        for writes in range(5):
            for last in (
                (("pulse", "9"),),
                (
                    ("ssid", "old"),
                    ("password", "old secret"),
                    ("mqtthost", "mqtt://old"),
                    ("pulse", "7"),
                ),
                (
                    ("ssid", "third"),
                    ("password", "old secret"),
                    ("mqtthost", "mqtt://old"),
                    ("pulse", "7"),
                ),
            ):
                nvs, settings = self.full_after(writes)
                put(settings, last)
                self.assertTrue(settings.flush())
                now, _ = values(nvs)
                for name in ("ssid", "password", "mqtthost", "pulse"):
                    self.assertEqual(now[name], settings[name], (writes, last, name))
                put(settings, (("pulse", "5"),))
                settings.flush()
                self.assertEqual(values(nvs)[0]["pulse"], 5)

    def test_cut_during_the_save_after_a_failed_one(self):
        for writes in range(5):
            for mode in MODES:
                for cut in range(20):
                    stored = dict(self.full_after(writes)[0].stored)
                    nvs = DyingNVS(stored, cut, mode)
                    settings = settings_on(NVS())
                    settings._store = Store(nvs)
                    put(settings, NEW[:3] + ONE)
                    try:
                        settings.flush()
                    except PowerCut:
                        pass
                    now, _ = values(DyingNVS(nvs.after_power_cut()))
                    # the failed save may be stored in part, but this one must be atomic
                    if now["pulse"] == 9:
                        self.assertEqual(now["ssid"], "new")
                        self.assertEqual(now["mqtthost"], "mqtt://new")

    def unfinished(self):
        """Return a full flash with an unfinished save."""
        nvs = NVS()
        nvs.stored = {
            JOURNAL: pack([("APP_PULSE", 8), ("STA_SSID", b"new"), ("MQTT_TOPIC", None)])
        }
        nvs.stored.update({"MQTT_TOPIC": b"old", "MQTT_HOST": b"mqtt://old"})
        nvs.full = True
        return nvs

    def test_failed_recovery_is_logged_and_retried_at_the_next_start(self):
        nvs = self.unfinished()
        self.assertEqual(len(values(nvs)[1]), 1)
        nvs.full = False
        now, errors = values(nvs)
        self.assertEqual((now["pulse"], now["ssid"], errors), (8, "new", []))
        self.assertFalse(JOURNAL in nvs.stored)

    def test_unfinished_save_is_in_force_until_there_is_room(self):
        """Nothing of it is lost, whatever is changed meanwhile."""
        for changes in ((), ONE, (("ssid", "third"),), (("ssid", "1"), ("topic", "old"))):
            nvs, log = self.unfinished(), Log()
            settings = settings_on(nvs, log)
            now = [settings[name] for name in ("pulse", "ssid", "topic", "mqtthost")]
            self.assertEqual(now, [8, "new", "esp32-mqtt-cam", "mqtt://old"])
            put(settings, changes)
            wanted = {row[NAME]: settings[row[NAME]] for row in SCHEMA}
            self.assertFalse(settings.flush())
            self.assertFalse(settings.flush())
            nvs.full = False
            self.assertTrue(settings.flush())
            self.assertEqual(values(nvs), (wanted, []))
            self.assertFalse(JOURNAL in nvs.stored)

    def test_unfinished_save_is_retried_without_a_change(self):
        nvs = self.unfinished()
        settings = settings_on(nvs, save_ms=1, retry_ms=1)

        async def main():
            task = asyncio.create_task(settings.run())
            await asyncio.sleep_ms(50)
            nvs.full = False
            await until(lambda: JOURNAL not in nvs.stored)
            await ended(task)

        run(main())
        self.assertEqual((nvs.stored["APP_PULSE"], nvs.stored["STA_SSID"]), (8, b"new"))


class Losing(NVS):
    """Flash that is full for all keys but the journal, and loses the blob that it refuses."""

    def _set(self, key, value):
        if key != JOURNAL and self.full:
            if isinstance(value, bytes) and key in self.stored:
                self.damaged.add(key)
            raise OSError(-4357)
        self.writes += 1
        self.stored[key] = value
        self.damaged.discard(key)


class TestDamage(unittest.TestCase):
    """A blob that ESP-IDF has lost while it was to be replaced: get_blob raises ESP_FAIL."""

    def test_refused_write_loses_nothing(self):
        """The journal holds the new value before the old one may be lost."""
        for changes in ((("ssid", "new"),), NEW):
            nvs = Losing()
            nvs.stored = dict(OLD)
            settings = settings_on(nvs)
            put(settings, changes)
            nvs.full = True
            self.assertFalse(settings.flush())
            self.assertTrue(nvs.damaged or len(changes) > 1)
            now, errors = values(nvs)  # restarted while it is still full
            self.assertEqual((now["ssid"], len(errors)), ("new", 1))
            nvs.full = False
            self.assertEqual(values(nvs)[0]["ssid"], "new")
            self.assertEqual(nvs.damaged, set())

    def test_no_room_for_the_journal_changes_nothing(self):
        nvs = NVS()
        nvs.stored = dict(OLD)
        settings = settings_on(nvs)
        put(settings, (("ssid", "new"),))
        nvs.full = True
        self.assertFalse(settings.flush())
        self.assertEqual((nvs.stored, nvs.damaged), (OLD, set()))

    def test_damaged_values_are_logged_and_the_start_goes_on(self):
        nvs = NVS()
        nvs.stored = dict(OLD)
        nvs.damaged = {"STA_PASS", "MQTT_HOST"}
        now, errors = values(nvs)
        self.assertEqual((now["ssid"], now["mqtthost"]), ("old", ""))
        self.assertEqual(now["password"], "(not usable)")  # not an open network
        self.assertEqual(len(errors), 2)
        self.assertIn("the stored mqtthost is unusable: the default is in force", str(errors))
        self.assertIn("the stored password is unusable: set it again", str(errors))

    def test_damaged_value_is_replaced_by_the_next_one(self):
        nvs = NVS()
        nvs.stored = dict(OLD)
        nvs.damaged = {"MQTT_HOST"}
        settings = settings_on(nvs)
        put(settings, (("mqtthost", "mqtt://new"),))
        self.assertTrue(settings.flush())
        self.assertEqual((nvs.stored["MQTT_HOST"], nvs.damaged), (b"mqtt://new", set()))

    def test_damaged_journal_is_dropped(self):
        nvs = NVS()
        nvs.stored = dict(OLD)
        nvs.stored[JOURNAL] = pack([("APP_PULSE", 8)])
        nvs.damaged = {JOURNAL}
        now, errors = values(nvs)
        self.assertEqual((now["pulse"], len(errors)), (7, 1))
        self.assertFalse(JOURNAL in nvs.stored)


class TestJournal(unittest.TestCase):
    def test_a_save_that_is_too_long_for_the_journal_is_stored_all_the_same(self):
        nvs, pairs = NVS(), []
        for row in SCHEMA:
            if row[KIND] == INT:
                pairs.append((row, -2_000_000_000))
            elif row[KIND] == FILE:
                pairs.append((row, row[KEY]))
            else:
                size = _HASH_BYTES if row[FLAGS] & HASHED else row[CHECK].high
                pairs.append((row, "x" * size))
        Store(nvs).save(pairs)
        self.assertFalse(JOURNAL in nvs.stored)
        for row, value in pairs:
            if row[KIND] != FILE:
                stored = nvs.stored[row[KEY]]
                self.assertEqual(stored if row[KIND] == INT else stored.decode(), value)

    def test_a_record_fits_a_value_of_nvs(self):
        self.assertTrue(limits.SETTINGS_JOURNAL_BYTES <= limits.NVS_VALUE_BYTES)

    def test_damaged_journal_changes_nothing(self):
        good = pack([("APP_PULSE", 8), ("STA_SSID", b"new")])
        bad = [b"", b"x", b"\0\0\0\0", good[:-1], good[1:], good + b"x", b"\xff" * 1_400]
        bad += [good[:n] + bytes((good[n] ^ 1,)) + good[n + 1 :] for n in range(len(good))]
        for record in bad:
            nvs = NVS()
            nvs.stored = dict(OLD)
            nvs.stored[JOURNAL] = record
            now, _ = values(nvs)
            self.assertEqual((now["pulse"], now["ssid"]), (7, "old"))
            self.assertEqual(nvs.stored, OLD)

    def test_single_setting_needs_no_journal(self):
        nvs = NVS()
        save(nvs, ONE)
        self.assertEqual((nvs.writes, nvs.stored), (1, {"APP_PULSE": 9}))


class TestLoad(unittest.TestCase):
    def test_key_of_another_type_reads_as_default(self):
        for row in SCHEMA:
            nvs = NVS()
            nvs.stored[row[KEY]] = b"text" if row[KIND] == INT else 5
            self.assertEqual(values(nvs)[0][row[NAME]], row[DEFAULT], row[NAME])

    def test_value_of_a_later_version_reads_as_default_and_is_logged(self):
        nvs = NVS()
        nvs.stored = {"APP_PWR_AT_RST": 3, "MQTT_SECURITY": 9, "APP_PULSE": 40_000, "FUTURE": 1}
        now, errors = values(nvs)
        self.assertEqual((now["poweratreset"], now["mqttsecurity"], now["pulse"]), (2, 0, 0))
        self.assertEqual(len(errors), 3)

    def test_unusable_stored_secret_is_not_logged(self):
        nvs = NVS()
        nvs.stored["STA_PASS"] = b"canary\x01"
        now, errors = values(nvs)
        self.assertFalse("canary" in now["password"])
        self.assertTrue(len(errors) == 1 and "canary" not in str(errors))


suite.main()
