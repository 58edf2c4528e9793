"""app.settings: every row by its own rules, kept over restarts and bad flash."""

import asyncio
import builtins
import os
import unittest

import test_signature as signing
from fakes import CA as PEM
from fakes import NVS, Log, ended, run, settings_on, until

from app.settings.schema import all_rows, check_of, find
from proto.values import BadArgument

SCHEMA = list(all_rows())

DEVICE_ID = "DVES_A1B2C3"
TOO_LONG = "x" * 9_000
HASH = "2000${}${}".format("5a" * 16, "c3" * 32)  # of a password, as it is kept


def make(nvs=None, log=None, **more):
    return settings_on(nvs, log, DEVICE_ID, **more)


def good_values(check):
    """Pairs of what a user types and the value then in force."""
    names = getattr(check, "names", None)
    if names:
        pairs = [(name, i) for i, name in enumerate(names)]
        return pairs + [(name.upper(), i) for i, name in enumerate(names)] + [("0", 0)]
    kind = type(check).__name__
    if kind == "Between":
        return [(str(n), n) for n in (check.low, check.high, (check.low + check.high) // 2)]
    if kind == "Passphrase":
        return [(t, t) for t in ("x" * 8, "x" * 63, "a b c d e")]
    if kind == "IPv4":
        return [(t, t) for t in ("10.0.0.1", "4.3.2.1")]
    if kind == "BrokerURI":
        return [(t, t) for t in ("mqtt://a", "mqtts://b.example:8884", "10.0.0.1")]
    if kind == "ZoneRule":
        return [(t, t) for t in ("EST5EDT", "<+03>-3", "NZST-12NZDT,M9.5.0,M4.1.0/3")]
    if kind == "Password":
        return [(HASH, HASH)]
    if kind == "TopicName":
        return [("a/b+c#d", "a_b_c_d"), ("ä" * (check.high // 2), "ä" * (check.high // 2))]
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
    return ["x" * (check.high + 1), "a\nb", "a\0", "\x7f", "ü" * (check.high // 2 + 1), TOO_LONG]


PASSWORDS = ("password", "password2", "password3")  # of networks


def rows(*kinds):
    return [row for row in SCHEMA if row[2] in kinds]


class TestEveryRow(unittest.TestCase):
    def test_is_well_formed(self):
        names = [row[0] for row in SCHEMA]
        shown = [row[0] for row in SCHEMA if "hidden" not in row[5]]
        self.assertEqual([row[0] for row, _ in make().all()], shown)
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(len({row[1] for row in SCHEMA}), len(SCHEMA))
        for row in SCHEMA:
            name, key, kind, default, _, flags = row
            check = check_of(row, {})
            self.assertTrue(len(key) <= 15, key)
            self.assertTrue(name in make())
            self.assertTrue(str(check), name)
            if kind == "int" and not getattr(check, "names", None):
                self.assertEqual(check(str(default)), default)

    def test_default_in_force_and_nothing_written(self):
        nvs = NVS()
        settings = make(nvs)
        for row in SCHEMA:
            self.assertEqual(settings[row[0]], row[3], row[0])
        settings.flush()
        self.assertEqual(nvs.writes, 0)

    def test_good_values_are_in_force_saved_and_loaded(self):
        for row in rows("int", "text"):
            for text, value in good_values(check_of(row, {})):
                nvs = NVS()
                settings = make(nvs)
                settings.set(row[0], text)
                self.assertEqual(settings[row[0]], value, row[0])
                settings.flush()
                self.assertEqual(make(nvs)[row[0]], value, row[0])
                stored = {row[1]: value if row[2] == "int" else value.encode()}
                found = {key: nvs.stored[key] for key in nvs.stored if key == row[1]}
                self.assertEqual(found, {} if value == row[3] else stored)

    def test_bad_values_are_refused_and_nothing_has_changed(self):
        for row in rows("int", "text"):
            nvs = NVS()
            settings = make(nvs)
            settings.set(row[0], good_values(check_of(row, {}))[0][0])
            settings.flush()
            before, writes = settings[row[0]], nvs.writes
            for text in bad_values(check_of(row, {})):
                error = None
                try:
                    settings.set(row[0], text)
                except BadArgument as e:
                    error = e
                self.assertTrue(error, "{} took {!r}".format(row[0], text[:40]))
                self.assertTrue(str(error), row[0])
                self.assertEqual(settings[row[0]], before)
            settings.flush()
            self.assertEqual(nvs.writes, writes)

    def test_refusal_does_not_show_a_secret(self):
        for row in rows("text"):
            if "secret" in row[5]:
                with self.assertRaises(BadArgument):
                    make().set(row[0], "canary" * 100)
                try:
                    make().set(row[0], "canary" * 100)
                except BadArgument as e:
                    self.assertTrue("canary" not in str(e))

    def test_secrets_are_masked_set_or_not(self):
        log = Log()
        secrets = [row for row in SCHEMA if "secret" in row[5]]
        names = ["password", "password2", "password3", "appass", "mqttpass", "adminpass"]
        self.assertEqual([row[0] for row in secrets], names)
        settings = make(log=log)
        for row in secrets:
            self.assertEqual(settings.show(row[0]), "***")
            settings.set(row[0], "canary-word")
            self.assertEqual(settings.show(row[0]), "***")
            self.assertEqual(settings[row[0]] == "canary-word", "hashed" not in row[5])
        settings.flush()
        self.assertTrue("canary" not in str(log.infos) + str(log.errors))

    def test_shown_as_it_may_be_typed_again(self):
        for row in rows("int", "text"):
            if "secret" in row[5]:
                continue
            settings = make()
            for text, value in good_values(check_of(row, {})):
                settings.set(row[0], text)
                shown = settings.show(row[0])
                other = make()
                other.set(row[0], shown)
                self.assertEqual(other[row[0]], value, row[0])

    def test_1_restores_the_default_where_it_cannot_be_a_value(self):
        for row in rows("int", "text"):
            nvs = NVS()
            settings = make(nvs)
            settings.set(row[0], good_values(check_of(row, {}))[0][0])
            settings.flush()
            for flag, text in (("default_by_1", "1"), ("device_id_too", DEVICE_ID)):
                if flag in row[5]:
                    settings.set(row[0], good_values(check_of(row, {}))[0][0])
                    settings.set(row[0], text)
                    self.assertEqual(settings[row[0]], row[3], row[0])
                    settings.flush()
                    self.assertFalse(row[1] in nvs.stored)
        as_the_c_firmware = "ssid password mqtthost mqttport mqttuser mqttpass topic grouptopic "
        for name in (as_the_c_firmware + "otaurl timezone").split():
            self.assertTrue("default_by_1" in find(name)[5], name)

    def test_corrupt_flash_reads_as_default_and_the_rest_is_whole(self):
        corrupt = {
            "int": (-1, 2_000_000_000, -2_000_000_000, b"\xff\xfe", b""),
            "text": (b"\xff\xfe\x00", b"a\x00b\x01", b"\n", b"x" * 1_500, 7),
        }
        for row in rows("int", "text"):
            for junk in corrupt[row[2]]:
                nvs, log = NVS(), Log()
                nvs.stored["MQTT_KEEPALIVE"] = 77
                nvs.stored[row[1]] = junk
                settings = make(nvs, log)
                if row[0] not in PASSWORDS:
                    self.assertEqual(settings[row[0]], row[3], "{} {!r}".format(row[0], junk))
                if row[0] != "mqttkeepalive":
                    self.assertEqual(settings["mqttkeepalive"], 77)
                if isinstance(junk, int) == (row[2] == "int"):  # another type is as none at all
                    self.assertTrue(row[0] in str(log.errors), "{} {!r}".format(row[0], junk))

    def test_unusable_password_does_not_make_its_network_an_open_one(self):
        """WEP's 5 characters, or damage: whoever takes the network's name must not be joined."""
        for stored in (b"abcde", b"abcde\0", b"\xff" * 9, b"x" * 64):
            log = Log()
            nvs = NVS()
            nvs.stored = {"STA_PASS2": stored, "AP_PASS": stored}
            settings = make(nvs, log)
            self.assertTrue(settings["password2"])
            self.assertEqual((settings["password"], settings["appass"]), ("", ""))
            self.assertEqual(len(log.errors), 2)
            self.assertTrue("password2" in str(log.errors) and "set it anew" in str(log.errors))

    def test_text_of_the_c_firmware_ends_with_nul(self):
        nvs = NVS()
        nvs.stored["STA_SSID"] = b"home\x00"
        self.assertEqual(make(nvs)["ssid"], "home")

    def test_defaults_of_the_contract(self):
        settings = make()
        self.assertEqual(settings["topic"], "esp32-mqtt-cam")
        self.assertEqual(settings["grouptopic"], "esp32-mqtt-cams")
        self.assertEqual(settings["mqttkeepalive"], 120)
        self.assertEqual(settings.show("poweratreset"), "last_state")
        self.assertEqual(settings.show("mqttverify"), "ca")
        zone = "CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00"
        self.assertEqual(settings["timezone"], zone)


class TestSaving(unittest.TestCase):
    def test_unchanged_is_not_written(self):
        nvs = NVS()
        settings = make(nvs)
        settings.set("pulse", "5")
        settings.flush()
        writes = nvs.writes
        settings.set("pulse", "5")
        settings.set("pulse", "6")
        settings.set("pulse", "5")
        settings.flush()
        self.assertEqual(nvs.writes, writes)

    def test_saved_within_a_second_and_many_changes_at_once(self):
        async def story():
            nvs = NVS()
            settings = make(nvs)
            task = asyncio.create_task(settings.run())
            await asyncio.sleep_ms(5_000)
            for n in range(50):
                settings.set("pulse", str(n))
            settings.set("ssid", "home")
            self.assertEqual(nvs.writes, 0)
            await asyncio.sleep_ms(1_000)
            self.assertEqual(nvs.stored, {"APP_PULSE": 49, "STA_SSID": b"home"})
            self.assertEqual(nvs.writes, 4)  # two of them are the journal's
            self.assertTrue(nvs.commits)
            await asyncio.sleep_ms(86_400_000)
            self.assertEqual(nvs.writes, 4)
            await ended(task)

        run(story(), 90_000)

    def test_full_flash_is_logged_and_tried_again(self):
        async def story():
            nvs, log = NVS(), Log()
            settings = make(nvs, log)
            task = asyncio.create_task(settings.run())
            nvs.full = True
            settings.set("pulse", "7")
            settings.set("password", "canary-key")
            await until(lambda: log.errors)
            self.assertEqual(settings["pulse"], 7)  # in force all the same
            self.assertTrue("canary" not in str(log.errors))
            nvs.full = False
            await until(lambda: len(nvs.stored) == 2)
            await ended(task)

        run(story())

    def test_commit_that_fails_is_logged_and_tried_again(self):
        nvs, log = NVS(), Log()
        settings = make(nvs, log)
        settings.set("pulse", "7")
        nvs.commit_fails = True
        settings.flush()
        self.assertEqual(len(log.errors), 1)
        nvs.commit_fails = False
        settings.flush()
        self.assertTrue(nvs.commits)

    def test_erase_forgets_all_of_it(self):
        nvs = NVS()
        settings = make(nvs)
        for row in rows("int", "text"):
            settings.set(row[0], good_values(check_of(row, {}))[0][0])
        settings.set("mqttca", PEM)
        settings.flush()
        settings.set("pulse", "9")  # not written yet, and not any more
        settings.erase()
        settings.flush()
        self.assertEqual(nvs.stored, {})
        again = make(nvs)
        for row in SCHEMA:
            self.assertEqual(again[row[0]], row[3])


class TestWatchers(unittest.TestCase):
    def watched(self, *changes):
        settings = make()
        calls = []
        for flag in ("restart", "reconnect", "rejoin"):
            settings.when(flag, lambda flag=flag: calls.append(flag))
        for name, text in changes:
            try:
                settings.set(name, text)
            except BadArgument:
                pass
        return settings, calls

    def test_are_called_for_their_flag_after_a_change_only(self):
        self.assertEqual(self.watched(("mqttport", "99"))[1], ["reconnect"])
        self.assertEqual(self.watched(("ssid", "home"))[1], ["rejoin"])
        self.assertEqual(self.watched(("pulse", "1"))[1], [])
        self.assertEqual(self.watched(("ssid", "a"), ("ssid", "a"))[1], ["rejoin"])
        self.assertEqual(self.watched(("mqttport", "x"), ("mqttport", "70000"))[1], [])

    def test_see_the_new_value(self):
        settings = make()
        seen = []
        settings.when("rejoin", lambda: seen.append(settings["ssid"]))
        settings.set("ssid", "home")
        self.assertEqual(seen, ["home"])

    def test_other_topics_force_a_clean_session_and_a_restart(self):
        for name in ("topic", "grouptopic"):
            self.assertTrue("fresh" in find(name)[5])
            settings, calls = self.watched(("mqttcleansession", "0"), (name, "other"))
            self.assertEqual(settings["mqttcleansession"], 1)
            self.assertTrue(calls.count("restart") >= 2)


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

    def test_value_is_the_path_of_the_whole_text(self):
        self.assertEqual([row[0] for row in rows("file")], ["mqttca", "otakey"])
        settings = make()
        self.assertEqual(settings["mqttca"], "")
        settings.set("mqttca", PEM)
        self.assertEqual(settings["mqttca"], "mqttca.pem")
        self.assertEqual(self.content(), PEM)
        self.assertEqual(make()["mqttca"], "mqttca.pem")

    def test_is_replaced_whole_or_not_at_all(self):
        settings = make()
        settings.set("mqttca", PEM)
        for bad in ("x", PEM[:40], PEM + TOO_LONG, "-----BEGIN CERTIFICATE-----\n!"):
            with self.assertRaises(BadArgument):
                settings.set("mqttca", bad)
        self.assertEqual((settings["mqttca"], self.content()), ("mqttca.pem", PEM))
        settings.set("mqttca", PEM * 2)
        self.assertEqual(self.content(), PEM * 2)
        self.assertFalse("mqttca.pem.new" in os.listdir())

    def test_closer_look_refuses_too(self):
        settings = make()
        with self.assertRaises(BadArgument):  # whole, but no certificate for TLS
            settings.set("mqttca", PEM[:28] + "MAA=\n" + PEM[-26:])
        self.assertEqual((settings["mqttca"], "mqttca.pem" in os.listdir()), ("", False))

    def test_nothing_takes_it_away(self):
        settings = make()
        settings.set("mqttca", PEM)
        settings.set("mqttca", "")
        self.assertEqual((settings["mqttca"], "mqttca.pem" in os.listdir()), ("", False))
        settings.set("mqttca", "")

    def test_change_takes_the_link_up_anew_even_under_the_same_name(self):
        settings = make()
        calls = []
        settings.when("reconnect", lambda: calls.append(1))
        settings.set("mqttca", PEM)
        settings.set("mqttca", PEM * 2)
        self.assertEqual(len(calls), 2)

    def test_password_in_an_address_is_not_shown(self):
        settings = make()
        settings.set("otaurl", "https://joe:secret@host/fw.bin?a@b")
        self.assertEqual(settings.show("otaurl"), "https://joe:***@host/fw.bin?a@b")
        self.assertEqual(settings["otaurl"], "https://joe:secret@host/fw.bin?a@b")
        settings.set("otaurl", "http://host/a@b")
        self.assertEqual(settings.show("otaurl"), "http://host/a@b")

    def test_key_of_updates_stays_until_a_reset(self):
        settings = make()
        text = signing.KEY.decode()
        with self.assertRaises(BadArgument):
            settings.set("otakey", text[:200] + text[204:])
        settings.set("otakey", text)
        settings.set("otakey", text)  # the same again does no harm
        for other in (text.replace("A", "B", 300), ""):
            with self.assertRaises(BadArgument):
                settings.set("otakey", other)
        self.assertEqual(make()["otakey"], "otakey.pem")
        settings.erase()
        self.assertEqual((make()["otakey"], "otakey.pem" in os.listdir()), ("", False))


class TestApply(unittest.TestCase):
    """Several settings at once, as forms and API send them."""

    def setUp(self):
        for name in ("otakey.pem", "mqttca.pem"):
            if name in os.listdir():
                os.remove(name)

    tearDown = setUp

    def applied(self, *requests):
        """What each of simultaneous requests is told, and the settings then."""
        nvs = NVS()
        settings = make(nvs)
        told = run(asyncio.gather(*[settings.apply(wanted) for wanted in requests]))
        return told, settings, nvs

    def test_all_are_in_force_and_kept(self):
        told, settings, nvs = self.applied({"pulse": "5", "ssid": "home", "topic": "a/b"})
        self.assertEqual(told, [({}, True, True)])
        self.assertEqual(
            (settings["pulse"], settings["ssid"], settings["topic"]), (5, "home", "a_b")
        )
        self.assertEqual(make(nvs)["ssid"], "home")
        self.assertEqual(self.applied({"pulse": "5"})[0], [({}, True, False)])

    def test_or_none(self):
        told, settings, nvs = self.applied(
            {"pulse": "5", "mqttport": "x", "no": "1", "laststate": "1"}
        )
        self.assertEqual(sorted(told[0][0]), ["laststate", "mqttport", "no"])
        self.assertFalse(told[0][1])
        self.assertEqual((settings["pulse"], nvs.stored), (0, {}))

    def test_no_room_for_the_file_changes_nothing(self):
        key = signing.KEY.decode()
        os.mkdir("mqttca.pem.new")  # where the new file would be written
        try:
            told, settings, nvs = self.applied({"pulse": "5", "mqttca": PEM, "otakey": key})
        finally:
            os.rmdir("mqttca.pem.new")
        self.assertEqual(list(told[0][0]), ["mqttca"])
        self.assertEqual((settings["pulse"], settings["mqttca"], nvs.stored), (0, "", {}))
        self.assertEqual(settings["otakey"], "")
        self.assertEqual([name for name in os.listdir() if name.startswith("otakey")], [])

    def test_no_memory_for_the_save_is_told_and_made_up_for(self):
        def full(name, *args):
            if name == "app.settings.journal":
                raise MemoryError("full")
            return load(name, *args)

        settings, nvs = make(), NVS()
        settings.nvs = nvs
        load, builtins.__import__ = builtins.__import__, full
        try:
            told = run(settings.apply({"pulse": "5", "teleperiod": "60"}))
        finally:
            builtins.__import__ = load
        self.assertEqual((told, nvs.stored), (({}, False, False), {}))
        self.assertTrue(settings.flush())
        self.assertEqual(nvs.stored, {"APP_PULSE": 5, "TELE_PERIOD": 60})

    def test_no_memory_for_a_hash_changes_nothing(self):
        def full(name, *args):
            if name == "app.password":
                raise MemoryError("full")
            return load(name, *args)

        settings = make()
        wanted = {"pulse": "5", "ssid": "x", "adminpass": "long enough", "teleperiod": "60"}
        load, builtins.__import__ = builtins.__import__, full
        try:
            with self.assertRaises(MemoryError):
                run(settings.apply(wanted))
        finally:
            builtins.__import__ = load
        now = [settings[name] for name in ("pulse", "ssid", "adminpass", "teleperiod")]
        self.assertEqual(now, [0, "", "", 300])

    def test_of_two_keys_at_once_the_first_stays(self):
        key = signing.KEY.decode()
        other = key.replace("Y20p07", "Z20p07")
        told, settings, _ = self.applied({"otakey": key}, {"otakey": other})
        self.assertEqual([list(wrong) for wrong, _, _ in told], [[], ["otakey"]])
        with open("otakey.pem") as f:
            self.assertEqual(f.read(), key)


unittest.main()
