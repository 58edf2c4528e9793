"""app.settings: every row by its own rules, over restarts and with corrupt flash."""

import asyncio
import os
import unittest

import suite
import test_signature as signing
from fakes import CA as PEM
from fakes import NVS, Log, clock, ended, run, settings_on, until

from app import password
from app.settings import store
from app.settings.schema import (
    CHECK,
    DEFAULT,
    DEFAULT_BY_1,
    DEVICE_ID_TOO,
    FILE,
    FLAGS,
    HASHED,
    HIDDEN,
    INT,
    KEY,
    KIND,
    NAME,
    RECONNECT,
    REJOIN,
    RESTART,
    SCHEMA,
    SECRET,
    TEXT,
    find,
)
from proto.values import BadArgument, UnknownCommand

DEVICE_ID = "DVES_A1B2C3"
TOO_LONG = "x" * 17_000
CHAIN = "2000${}${}".format("5a" * 16, "c3" * 32)  # hash stored by older firmware
NETWORK_PASSWORDS = ("password", "password2", "password3")


def make(nvs=None, log=None, **more):
    return settings_on(nvs, log, DEVICE_ID, **more)


def put(settings, name, text):
    run(settings.set(name, text))


def good_values(check):
    """Return pairs of entered text and resulting value."""
    names = getattr(check, "names", None)
    if names:
        pairs = [(name, i) for i, name in enumerate(names)]
        return pairs + [(name.upper(), i) for i, name in enumerate(names)] + [("0", 0)]
    kind = type(check).__name__
    if kind == "Between":
        return [(str(n), n) for n in (check.low, check.high, (check.low + check.high) // 2)]
    if kind == "TopicLayout":
        return [(t, t) for t in ("%topic%/%prefix%", "home/garden/%topic%/%prefix%")]
    if kind == "HostNames":
        return [("Cam.example.org, .home.net", "cam.example.org .home.net"), ("x", "x")]
    passphrases = [(t, t) for t in ("x" * 8, "x" * 63, " b c d e ", "2000$5a$c3c3")]
    if kind == "Passphrase":
        return passphrases
    if kind == "KeyPin":
        return [("learn", "learn"), ("5E:" * 31 + "5E", "5e" * 32)]
    if kind == "CellMask":
        return [("0F" * 24, "0f" * 24), ("8" + "0" * 47, "8" + "0" * 47)]
    if kind == "WebAddress":
        return [(t, t) for t in ("http://a/b?c=d", "https://b.example:8443/in", "")]
    if kind == "DayTimes":
        return [(t, t) for t in ("07:00-21:30", "22:00-6:15", "00:00-24:00", "sun")]
    if kind == "Place":
        return [(t, t) for t in ("48.137, 11.575", "-90,180", "")]
    if kind == "HeaderLine":
        return [
            ("X-Key:  abc ", "X-Key: abc"),
            ("Authorization: Bearer a.b", "Authorization: Bearer a.b"),
        ]
    if kind == "WPAKey":
        return passphrases + [("0aF" * 21 + "9", "0af" * 21 + "9")]
    if kind == "Netmask":
        return [(t, t) for t in ("255.255.255.0", "255.0.0.0", "255.255.255.252")]
    if "IPv4" in kind:
        return [(t, t) for t in ("10.0.0.1", "4.3.2.1")]
    if kind == "BrokerURI":
        return [(t, t) for t in ("mqtt://a", "mqtts://b.example:8884", "10.0.0.1")]
    if kind == "ZoneRule":
        return [(t, t) for t in ("EST5EDT", "<+03>-3", "NZST-12NZDT,M9.5.0,M4.1.0/3")]
    if kind == "TopicName":
        return [("a/b+c#d", "a_b_c_d"), ("ä" * (check.high // 2), "ä" * (check.high // 2))]
    if kind == "TopicFilter":
        return [(t, t) for t in ("#", "+/power/#", "x" * check.high, "ü€")]
    return [(t, t) for t in ("x" * check.high, "a b", "ü€")]


def bad_values(check):
    names = getattr(check, "names", None)
    if names:
        return [str(len(names)), "-1", "maybe", names[0] + "x", " ", TOO_LONG]
    if type(check).__name__ == "Between":
        return [str(check.low - 1), str(check.high + 1), "x", "", "1.5", "0x10", "9" * 99, "--1"]
    if type(check).__name__ == "ZoneRule":
        return ["CET", "C-1", "CET-1CEST,M3.5.0", "ü-1", "x" * (check.high + 1), TOO_LONG]
    if type(check).__name__ == "BrokerURI":
        return ["http://a", "mqtt://", "a b", "mqtt://u:p@a", "a" * (check.high + 1), "a:0"]
    if type(check).__name__ == "WebAddress":
        return ["ftp://a", "a", "http://", "http://a b", "http://a/" + "x" * check.high, TOO_LONG]
    if type(check).__name__ == "DayTimes":
        return ["7-9", "07:00", "07:00-07:00", "25:00-26:00", "07:60-08:00", "24:01-1:00", "x"]
    if type(check).__name__ == "Place":
        return ["48", "91,0", "0,181", "north,east", "nan,0", "0," + "0" * 40, TOO_LONG]
    if type(check).__name__ == "HeaderLine":
        return ["x", "x:", ": y", "a b: c", "Host: x", "X: " + "y" * check.high, "X: y\r\nZ: z"]
    bad = ["x" * (check.high + 1), "a\nb", "a\0", "\x7f", "ü" * (check.high // 2 + 1), TOO_LONG]
    if type(check).__name__ == "Netmask":
        bad += ["255.255.0.255", "0.0.0.0", "255.255.255.254", "254.0.0.0", "255.255.255"]
    if type(check).__name__ == "HostNames":
        bad += ["a..b", "cam_1", "a:80", "http://a", "*.a"]
    if type(check).__name__ in ("MQTTText", "TopicName", "TopicFilter"):
        bad.append("a\x85")
    if type(check).__name__ == "TopicFilter":
        bad += ["+/+/#/x", "a#"]
    return bad + ([CHAIN] if type(check).__name__ == "Passphrase" else [])


def rows(*kinds):
    return [row for row in SCHEMA if row[KIND] in kinds]


def visible():
    """Return the rows that a user can set, without files."""
    return [row for row in rows(INT, TEXT) if not row[FLAGS] & HIDDEN]


class TestEveryRow(unittest.TestCase):
    def assert_current(self, settings, row, value):
        now = settings[row[NAME]]
        if row[FLAGS] & HASHED and value:
            self.assertTrue(password.is_current(now) and run(password.matches(value, now)))
        else:
            self.assertEqual(now, value, row[NAME])

    def test_is_well_formed(self):
        names = [row[NAME] for row in SCHEMA]
        shown = [row[NAME] for row in SCHEMA if not row[FLAGS] & HIDDEN]
        self.assertEqual([row[NAME] for row, _ in make().all()], shown)
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(len({row[KEY] for row in SCHEMA}), len(SCHEMA))
        for row in SCHEMA:
            name, key, kind, default, check, _, title, label, about = row
            self.assertTrue(len(key) <= 15, key)
            self.assertTrue(make()[name] is not None, name)
            self.assertTrue(str(check) and title and label and about.endswith("."), name)
            if kind == INT and not getattr(check, "names", None):
                self.assertEqual(check(str(default)), default)

    def test_defaults_without_a_write(self):
        nvs = NVS()
        settings = make(nvs)
        for row in SCHEMA:
            self.assertEqual(settings[row[NAME]], row[DEFAULT], row[NAME])
        settings.flush()
        self.assertEqual(nvs.writes, 0)

    def test_good_values_are_set_saved_and_loaded(self):
        for row in visible():
            for text, value in good_values(row[CHECK]):
                nvs = NVS()
                settings = make(nvs)
                put(settings, row[NAME], text)
                self.assert_current(settings, row, value)
                settings.flush()
                self.assert_current(make(nvs), row, value)
                now = settings[row[NAME]]
                stored = {row[KEY]: now if row[KIND] == INT else now.encode()}
                found = {key: nvs.stored[key] for key in nvs.stored if key == row[KEY]}
                self.assertEqual(found, {} if value == row[DEFAULT] else stored)

    def test_bad_values_are_refused_and_change_nothing(self):
        for row in visible():
            nvs = NVS()
            settings = make(nvs)
            put(settings, row[NAME], good_values(row[CHECK])[0][0])
            settings.flush()
            before, writes = settings[row[NAME]], nvs.writes
            for text in bad_values(row[CHECK]):
                error = None
                try:
                    put(settings, row[NAME], text)
                except BadArgument as e:
                    error = e
                self.assertTrue(error, "{} accepted {!r}".format(row[NAME], text[:40]))
                self.assertTrue(str(error), row[NAME])
                self.assertEqual(settings[row[NAME]], before)
            settings.flush()
            self.assertEqual(nvs.writes, writes)

    def test_refusal_does_not_show_a_secret(self):
        for row in rows(TEXT):
            if row[FLAGS] & SECRET:
                with self.assertRaises(BadArgument):
                    put(make(), row[NAME], "canary" * 100)
                try:
                    put(make(), row[NAME], "canary" * 100)
                except BadArgument as e:
                    self.assertTrue("canary" not in str(e))

    def test_secrets_are_masked_even_if_empty(self):
        log = Log()
        secrets = [row for row in SCHEMA if row[FLAGS] & SECRET]
        names = [
            "password",
            "password2",
            "password3",
            "appass",
            "mqttpass",
            "mqttkey",
            "pushheader",
            "adminpass",
        ]
        self.assertEqual([row[NAME] for row in secrets], names)
        settings = make(log=log)
        for row in secrets:
            self.assertEqual(settings.show(row[NAME]), "***")
            if row[KIND] == FILE:  # no word; tests/e2e has a real key
                continue
            text = "X: canary-word" if row[NAME] == "pushheader" else "canary-word"
            put(settings, row[NAME], text)
            self.assertEqual(settings.show(row[NAME]), "***")
            self.assertEqual(settings[row[NAME]] == text, not row[FLAGS] & HASHED)
        settings.flush()
        self.assertTrue("canary" not in str(log.infos) + str(log.errors))

    def test_shown_value_is_accepted_as_input(self):
        for row in visible():
            if row[FLAGS] & SECRET:
                continue
            settings = make()
            for text, value in good_values(row[CHECK]):
                put(settings, row[NAME], text)
                shown = settings.show(row[NAME])
                other = make()
                put(other, row[NAME], shown)
                self.assertEqual(other[row[NAME]], value, row[NAME])

    def test_1_restores_the_default_if_1_is_not_a_value(self):
        for row in visible():
            nvs = NVS()
            settings = make(nvs)
            put(settings, row[NAME], good_values(row[CHECK])[0][0])
            settings.flush()
            for flag, text in ((DEFAULT_BY_1, "1"), (DEVICE_ID_TOO, DEVICE_ID)):
                if flag & row[FLAGS]:
                    put(settings, row[NAME], good_values(row[CHECK])[0][0])
                    put(settings, row[NAME], text)
                    self.assertEqual(settings[row[NAME]], row[DEFAULT], row[NAME])
                    settings.flush()
                    self.assertFalse(row[KEY] in nvs.stored)
        c_firmware_names = "ssid password mqtthost mqttport mqttuser mqttpass topic grouptopic "
        for name in (c_firmware_names + "otaurl timezone").split():
            self.assertTrue(find(name)[FLAGS] & DEFAULT_BY_1, name)

    def test_corrupt_value_reads_as_default_and_others_are_kept(self):
        corrupt = {
            INT: (-1, 2_000_000_000, -2_000_000_000, b"\xff\xfe", b""),
            TEXT: (b"\xff\xfe\x00", b"a\x00b\x01", b"\n", b"x" * 1_500, 7),
        }
        for row in rows(INT, TEXT):
            for junk in corrupt[row[KIND]]:
                nvs, log = NVS(), Log()
                nvs.stored["MQTT_KEEPALIVE"] = 77
                nvs.stored[row[KEY]] = junk
                settings = make(nvs, log)
                what = "{} {!r}".format(row[NAME], junk)
                if row[NAME] not in NETWORK_PASSWORDS:
                    self.assertEqual(settings[row[NAME]], row[DEFAULT], what)
                if row[NAME] != "mqttkeepalive":
                    self.assertEqual(settings["mqttkeepalive"], 77)
                # a value of another type reads as missing
                if isinstance(junk, int) == (row[KIND] == INT):
                    self.assertTrue(row[NAME] in str(log.errors), what)

    def test_topics_that_a_broker_refuses_read_as_their_defaults(self):
        nvs, log = NVS(), Log()
        stored = {
            "MQTT_SUBTOPIC": b"+/+/#/x",
            "MQTT_TOPIC": b"a\xc2\x85",
            "MQTT_USER": b"\xc0\xaf",
        }
        nvs.stored.update(stored)
        settings = make(nvs, log)
        for name in ("subtopic", "topic", "mqttuser"):
            self.assertEqual(settings[name], find(name)[DEFAULT])
            text = "the stored {} is unusable: the default is in force".format(name)
            self.assertIn(("settings", text), log.errors)

    def test_network_with_an_unusable_password_is_not_treated_as_open(self):
        """WEP's 5 characters, or damage. The camera must not join an open network of that name."""
        for stored in (b"abcde", b"abcde\0", b"\xff" * 9, b"x" * 64):
            log = Log()
            nvs = NVS()
            nvs.stored = {"STA_PASS2": stored, "AP_PASS": stored}
            settings = make(nvs, log)
            self.assertTrue(settings["password2"])
            self.assertEqual((settings["password"], settings["appass"]), ("", ""))
            self.assertEqual(len(log.errors), 2)
            self.assertTrue("password2" in str(log.errors) and "set it again" in str(log.errors))

    def test_text_of_the_c_firmware_ends_with_nul(self):
        nvs = NVS()
        nvs.stored["STA_SSID"] = b"home\x00"
        self.assertEqual(make(nvs)["ssid"], "home")

    def test_specified_defaults(self):
        settings = make()
        self.assertEqual(settings["topic"], "esp32-mqtt-cam")
        self.assertEqual(settings["grouptopic"], "esp32-mqtt-cams")
        self.assertEqual(settings["mqttkeepalive"], 120)
        self.assertEqual(settings.show("poweratreset"), "last_state")
        self.assertEqual(settings.show("mqttverify"), "ca")
        zone = "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"
        self.assertEqual(settings["timezone"], zone)

    def test_hidden_setting_is_no_command_and_cannot_be_set(self):
        hidden = [row[NAME] for row in SCHEMA if row[FLAGS] & HIDDEN]
        self.assertEqual(hidden, ["laststate"])
        settings = make()
        with self.assertRaises(BadArgument):
            put(settings, "laststate", "on")
        with self.assertRaises(UnknownCommand):
            run(settings.command("laststate", ""))
        settings.keep("laststate", 1)
        self.assertEqual(settings["laststate"], 1)


class TestSaving(unittest.TestCase):
    def test_unchanged_value_is_not_written(self):
        nvs = NVS()
        settings = make(nvs)
        put(settings, "pulse", "5")
        settings.flush()
        writes = nvs.writes
        put(settings, "pulse", "5")
        put(settings, "pulse", "6")
        put(settings, "pulse", "5")
        settings.flush()
        self.assertEqual(nvs.writes, writes)

    def test_changes_are_saved_together_within_a_second(self):
        async def scenario():
            nvs = NVS()
            settings = make(nvs)
            task = asyncio.create_task(settings.run())
            await asyncio.sleep_ms(5_000)
            for n in range(50):
                await settings.set("pulse", str(n))
            await settings.set("ssid", "home")
            self.assertEqual(nvs.writes, 0)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(nvs.stored, {"APP_PULSE": 49, "STA_SSID": b"home"})
            self.assertEqual(nvs.writes, 4)  # two of them for the journal
            self.assertTrue(nvs.commits)
            await asyncio.sleep_ms(86_400_000)
            self.assertEqual(nvs.writes, 4)
            await ended(task)

        run(scenario(), 90_000)

    def test_full_flash_is_logged_and_retried(self):
        async def scenario():
            nvs, log = NVS(), Log()
            settings = make(nvs, log)
            task = asyncio.create_task(settings.run())
            nvs.full = True
            await settings.set("pulse", "7")
            await settings.set("password", "canary-key")
            await until(lambda: log.errors)
            self.assertEqual(settings["pulse"], 7)  # has taken effect anyway
            self.assertTrue("canary" not in str(log.errors))
            nvs.full = False
            await until(lambda: len(nvs.stored) == 2)
            await ended(task)

        run(scenario())

    def test_retries_with_full_flash_are_spaced(self):
        async def scenario():
            nvs, log = NVS(), Log()
            settings = make(nvs, log, save_ms=500, retry_ms=60_000)
            task = asyncio.create_task(settings.run())
            nvs.full = True
            await settings.set("pulse", "7")
            tried_ms = []
            while len(tried_ms) < 3:
                await until(lambda: len(log.errors) > len(tried_ms))
                tried_ms.append(clock.now_ms())
            for before, after in zip(tried_ms, tried_ms[1:]):
                # until() polls every 200 ms
                self.assertTrue(60_500 <= after - before + 200, tried_ms)
            await ended(task)

        run(scenario())

    def test_failed_commit_is_logged_and_retried(self):
        nvs, log = NVS(), Log()
        settings = make(nvs, log)
        put(settings, "pulse", "7")
        nvs.commit_fails = True
        settings.flush()
        self.assertEqual(len(log.errors), 1)
        nvs.commit_fails = False
        settings.flush()
        self.assertTrue(nvs.commits)

    def test_erase_removes_all(self):
        nvs = NVS()
        settings = make(nvs)
        for row in visible():
            put(settings, row[NAME], good_values(row[CHECK])[0][0])
        put(settings, "mqttca", PEM)
        settings.keep("laststate", 1)
        settings.flush()
        put(settings, "pulse", "9")  # not written yet, and must not be
        settings.erase()
        settings.flush()
        self.assertEqual(nvs.stored, {})
        again = make(nvs)
        for row in SCHEMA:
            self.assertEqual(again[row[NAME]], row[DEFAULT])


class TestAlsoCheck(unittest.TestCase):
    def test_a_value_that_this_board_refuses_changes_nothing(self):
        def check(value):
            if value == 12:
                raise BadArgument("the driver offers 10 or 20 MHz")

        settings = settings_on()
        settings.also_check("xclk", check)
        run(settings.set("xclk", "10"))
        applied = run(settings.apply({"xclk": "12", "pulse": "5"}))
        self.assertEqual(applied.faults, {"xclk": "the driver offers 10 or 20 MHz"})
        self.assertEqual((settings["xclk"], settings["pulse"]), (10, 0))


class TestOnChange(unittest.TestCase):
    def watched(self, *changes):
        """Return the settings after these changes, and the flags whose callbacks ran."""
        settings = make()
        calls = []
        for flag in (RESTART, RECONNECT, REJOIN):
            settings.on_change(flag, lambda flag=flag: calls.append(flag))
        for name, text in changes:
            try:
                put(settings, name, text)
            except BadArgument:
                pass
        return settings, calls

    def test_is_called_only_for_its_flag_and_after_a_change(self):
        self.assertEqual(self.watched(("mqttport", "99"))[1], [RECONNECT])
        self.assertEqual(self.watched(("ssid", "home"))[1], [REJOIN])
        self.assertEqual(self.watched(("pulse", "1"))[1], [])
        self.assertEqual(self.watched(("ssid", "a"), ("ssid", "a"))[1], [REJOIN])
        self.assertEqual(self.watched(("mqttport", "x"), ("mqttport", "70000"))[1], [])

    def test_sees_the_new_value(self):
        settings = make()
        seen = []
        settings.on_change(REJOIN, lambda: seen.append(settings["ssid"]))
        put(settings, "ssid", "home")
        self.assertEqual(seen, ["home"])

    def test_is_called_once_after_all_of_several_settings(self):
        settings = make()
        seen = []
        settings.on_change(REJOIN, lambda: seen.append((settings["ssid"], settings["password"])))
        run(settings.apply({"ssid": "home", "password": "long enough", "pulse": "5"}))
        self.assertEqual(seen, [("home", "long enough")])

    def test_new_topics_force_a_clean_session_and_a_restart(self):
        for name in ("topic", "grouptopic"):
            settings, calls = self.watched(("mqttcleansession", "0"), (name, "other"))
            self.assertEqual(settings["mqttcleansession"], 1)
            self.assertTrue(calls.count(RESTART) >= 2)


class TestFile(unittest.TestCase):
    def setUp(self):
        for name in ("mqttca.pem", "mqttca.pem.new", "otakey.pem"):
            try:
                os.remove(name)
            except OSError:
                pass

    tearDown = setUp

    def content(self):
        with open("mqttca.pem") as f:
            return f.read()

    def test_value_is_the_path_of_the_file(self):
        self.assertEqual(
            [row[NAME] for row in rows(FILE)], ["mqttca", "mqttcert", "mqttkey", "otakey"]
        )
        settings = make()
        self.assertEqual(settings["mqttca"], "")
        put(settings, "mqttca", PEM)
        self.assertEqual(settings["mqttca"], "mqttca.pem")
        self.assertEqual(self.content(), PEM)
        self.assertEqual(make()["mqttca"], "mqttca.pem")

    def test_replacement_is_atomic(self):
        settings = make()
        put(settings, "mqttca", PEM)
        for bad in ("x", PEM[:40], PEM + TOO_LONG, "-----BEGIN CERTIFICATE-----\n!"):
            with self.assertRaises(BadArgument):
                put(settings, "mqttca", bad)
        self.assertEqual((settings["mqttca"], self.content()), ("mqttca.pem", PEM))
        put(settings, "mqttca", PEM * 2)
        self.assertEqual(self.content(), PEM * 2)
        self.assertFalse("mqttca.pem.new" in os.listdir())

    def test_certificate_that_tls_rejects_is_refused(self):
        settings = make()
        with self.assertRaises(BadArgument):
            put(settings, "mqttca", PEM[:28] + "MAA=\n" + PEM[-26:])
        self.assertEqual((settings["mqttca"], "mqttca.pem" in os.listdir()), ("", False))

    def test_empty_text_removes_the_file(self):
        settings = make()
        put(settings, "mqttca", PEM)
        put(settings, "mqttca", "")
        self.assertEqual((settings["mqttca"], "mqttca.pem" in os.listdir()), ("", False))
        put(settings, "mqttca", "")

    def test_full_flash_refuses_the_journal_and_a_later_save_moves_the_file(self):
        nvs = NVS()
        settings = make(nvs)
        put(settings, "mqttca", PEM)
        nvs.full = True
        put(settings, "mqttca", PEM * 2)  # a single file needs no journal
        self.assertEqual(self.content(), PEM * 2)
        found = run(settings.apply({"mqttca": PEM * 3, "mqttuser": "joe"}))
        self.assertEqual((found.faults, found.saved), ({}, False))
        again = make(nvs)
        self.assertEqual((self.content(), again["mqttuser"]), (PEM * 2, ""))
        nvs.full = False
        self.assertTrue(settings.flush())
        again = make(nvs)
        self.assertEqual((self.content(), again["mqttuser"]), (PEM * 3, "joe"))

    def test_file_waits_for_an_unfinished_save(self):
        """Its journal may name a file that is not in place yet."""
        nvs = NVS()
        settings = make(nvs)
        set_blob = nvs.set_blob

        def refuse(key, data):
            if key != "SAVE_JOURNAL":
                raise OSError(-4357)
            set_blob(key, data)

        nvs.set_blob = refuse
        put(settings, "mqttuser", "joe")
        self.assertFalse(settings.flush())
        found = run(settings.apply({"mqttca": PEM}))
        self.assertEqual((list(found.faults), settings["mqttca"]), (["mqttca"], ""))
        nvs.set_blob = set_blob
        self.assertEqual(run(settings.apply({"mqttca": PEM})).faults, {})
        self.assertEqual((self.content(), make(nvs)["mqttuser"]), (PEM, "joe"))

    def test_change_reconnects_although_the_path_is_the_same(self):
        settings = make()
        calls = []
        settings.on_change(RECONNECT, lambda: calls.append(1))
        put(settings, "mqttca", PEM)
        put(settings, "mqttca", PEM * 2)
        self.assertEqual(len(calls), 2)

    def test_password_in_an_address_is_not_shown(self):
        settings = make()
        put(settings, "otaurl", "https://joe:secret@host/fw.bin?a@b")
        self.assertEqual(settings.show("otaurl"), "https://joe:***@host/fw.bin?a@b")
        self.assertEqual(settings["otaurl"], "https://joe:secret@host/fw.bin?a@b")
        put(settings, "otaurl", "http://host/a@b")
        self.assertEqual(settings.show("otaurl"), "http://host/a@b")

    def test_backup_holds_secrets_only_on_request(self):
        settings = make()
        login = "https://joe:canary@host/fw.bin"
        given = {"mqttpass": "canary", "otaurl": login, "adminpass": "canary-admin", "pulse": "7"}
        self.assertEqual(run(settings.apply(given)).faults, {})
        found = dict(settings.backup(False))
        self.assertFalse("canary" in str(found))
        self.assertFalse(set(found) & {"mqttpass", "password", "otaurl", "adminpass", "laststate"})
        self.assertEqual((found["pulse"], found["poweratreset"]), ("7", "last_state"))
        full = dict(settings.backup(True))
        self.assertEqual(
            (full["mqttpass"], full["otaurl"], full["password"]), ("canary", login, "")
        )
        self.assertFalse({"adminpass", "otakey"} & set(full))
        other = make()
        self.assertEqual(run(other.apply(full)).faults, {})
        self.assertEqual(dict(other.backup(True)), full)

    def test_signing_key_is_kept_until_a_reset(self):
        settings = make()
        text = signing.KEY.decode()
        with self.assertRaises(BadArgument):
            put(settings, "otakey", text[:200] + text[204:])
        put(settings, "otakey", text)
        put(settings, "otakey", text)  # the same key is accepted
        other = text.replace("Y20p07", "Z20p07")
        for refused in (other, text.replace("A", "B", 300), ""):
            with self.assertRaises(BadArgument):
                put(settings, "otakey", refused)
        self.assertEqual(make()["otakey"], "otakey.pem")
        settings.erase()
        self.assertEqual((make()["otakey"], "otakey.pem" in os.listdir()), ("", False))


class TestApply(unittest.TestCase):
    """Several settings at once, as sent by forms and the API."""

    def setUp(self):
        for name in ("otakey.pem", "mqttca.pem"):
            if name in os.listdir():
                os.remove(name)

    tearDown = setUp

    def applied(self, *requests):
        """Return the results of concurrent requests, the settings after them, and the flash."""
        nvs = NVS()
        settings = make(nvs)
        results = run(asyncio.gather(*[settings.apply(wanted) for wanted in requests]))
        return results, settings, nvs

    def test_all_are_set_and_saved(self):
        results, settings, nvs = self.applied({"pulse": "5", "ssid": "home", "topic": "a/b"})
        self.assertEqual(results, [({}, True, True, {})])
        self.assertEqual(
            (settings["pulse"], settings["ssid"], settings["topic"]), (5, "home", "a_b")
        )
        self.assertEqual(make(nvs)["ssid"], "home")
        self.assertEqual(self.applied({"pulse": "5"})[0], [({}, True, False, {})])

    def test_none_is_set_after_any_fault(self):
        results, settings, nvs = self.applied(
            {"pulse": "5", "mqttport": "x", "no": "1", "laststate": "1"}
        )
        self.assertEqual(sorted(results[0].faults), ["laststate", "mqttport", "no"])
        self.assertFalse(results[0].saved or results[0].restarts)
        self.assertEqual((settings["pulse"], nvs.stored), (0, {}))

    def test_unchanged_topic_does_not_restart(self):
        self.assertEqual(self.applied({"topic": "esp32-mqtt-cam"})[0], [({}, True, False, {})])

    def test_new_topic_forces_a_clean_session_in_any_order(self):
        for wanted in (
            {"topic": "a", "mqttcleansession": "0"},
            {"mqttcleansession": "0", "topic": "a"},
        ):
            _, settings, nvs = self.applied(wanted)
            self.assertEqual(settings["mqttcleansession"], 1)
            self.assertEqual(nvs.stored, {"MQTT_TOPIC": b"a"})

    def test_failed_write_of_a_file_changes_nothing(self):
        key = signing.KEY.decode()
        os.mkdir("mqttca.pem.new")  # blocks the new file
        try:
            results, settings, nvs = self.applied({"pulse": "5", "mqttca": PEM, "otakey": key})
        finally:
            os.rmdir("mqttca.pem.new")
        self.assertEqual(list(results[0].faults), ["mqttca"])
        self.assertEqual((settings["pulse"], settings["mqttca"], nvs.stored), (0, "", {}))
        self.assertEqual(settings["otakey"], "")
        self.assertEqual([name for name in os.listdir() if name.startswith("otakey")], [])

    def test_lack_of_memory_for_a_save_is_reported_and_retried(self):
        def full(changes):
            raise MemoryError("full")

        nvs = NVS()
        settings = make(nvs)
        pack, store.pack = store.pack, full
        try:
            result = run(settings.apply({"pulse": "5", "teleperiod": "60"}))
        finally:
            store.pack = pack
        self.assertEqual((result, nvs.stored), (({}, False, False, {}), {}))
        self.assertTrue(settings.flush())
        self.assertEqual(nvs.stored, {"APP_PULSE": 5, "TELE_PERIOD": 60})

    def test_lack_of_memory_for_a_hash_changes_nothing(self):
        async def full(text):
            raise MemoryError("full")

        settings = make()
        wanted = {"pulse": "5", "ssid": "x", "adminpass": "long enough", "teleperiod": "60"}
        hashed, password.hashed = password.hashed, full
        try:
            with self.assertRaises(MemoryError):
                run(settings.apply(wanted))
        finally:
            password.hashed = hashed
        now = [settings[name] for name in ("pulse", "ssid", "adminpass", "teleperiod")]
        self.assertEqual(now, [0, "", "", 300])

    def test_first_of_two_concurrent_keys_is_kept(self):
        key = signing.KEY.decode()
        other = key.replace("Y20p07", "Z20p07")
        results, settings, _ = self.applied({"otakey": key}, {"otakey": other})
        self.assertEqual([list(result.faults) for result in results], [[], ["otakey"]])
        with open("otakey.pem") as f:
            self.assertEqual(f.read(), key)

    def test_last_of_two_concurrent_files_is_kept(self):
        results, settings, _ = self.applied(
            {"mqttca": PEM, "adminpass": "long enough"}, {"mqttca": PEM * 2}
        )
        self.assertEqual([result.faults for result in results], [{}, {}])
        with open(settings["mqttca"]) as f:
            self.assertEqual(f.read(), PEM * 2)


class TestAdminPassword(unittest.TestCase):
    """The stored form of the password, whatever was in flash."""

    def started(self, stored):
        """Return the stored password after a camera has run with `stored` in flash."""

        async def scenario():
            nvs = NVS()
            nvs.stored["ADMIN_PASS"] = stored
            settings = make(nvs)
            calls = []
            settings.on_change(HASHED, lambda: calls.append(1))
            task = asyncio.create_task(settings.run())
            await asyncio.sleep_ms(5_000)
            await ended(task)
            self.assertEqual(calls, [])  # sessions continue
            self.assertEqual(nvs.stored["ADMIN_PASS"].decode(), settings["adminpass"])
            return settings["adminpass"]

        return run(scenario())

    def test_clear_text_in_flash_is_hashed_at_startup(self):
        for clear in ("open sesame", "2000$5a$c3c3"):
            now = self.started(clear.encode())
            self.assertTrue(password.is_current(now))
            self.assertTrue(run(password.matches(clear, now)))

    def test_hash_in_flash_is_unchanged(self):
        for stored in (CHAIN, run(password.hashed("open sesame"))):
            self.assertEqual(self.started(stored.encode()), stored)

    def test_password_changed_during_hashing_is_kept(self):
        async def scenario():
            nvs = NVS()
            nvs.stored["ADMIN_PASS"] = b"open sesame"
            settings = make(nvs)
            task = asyncio.create_task(settings.run())
            await asyncio.sleep(0)
            await settings.set("adminpass", "1")
            await asyncio.sleep_ms(5_000)
            await ended(task)
            self.assertEqual((settings["adminpass"], nvs.stored), ("", {}))

        run(scenario())

    def test_no_password_or_the_default_disables_the_login(self):
        for text in ("", "1"):
            settings = make(values={"adminpass": "open sesame"})
            put(settings, "adminpass", text)
            self.assertEqual(settings["adminpass"], "")


suite.main()
