"""app.settings.logins: no stored login reaches another server, or goes there less protected."""

import unittest

import suite
from fakes import NVS, Log, run, settings_on

from proto.uri import login_of, with_login, without_password

PIN, OTHER = "5e" * 32, "a7" * 32
LOGIN = "https://joe:canary@host/fw.bin"


def broker(**more):
    values = {"mqtthost": "mqtts://broker", "mqttuser": "joe", "mqttpass": "canary"}
    values.update(more)
    return settings_on(values=values)


class TestBroker(unittest.TestCase):
    def assert_removes(self, changes, why, **before):
        settings = broker(**before)
        name, text = changes
        reply = run(settings.command(name, text))
        self.assertEqual(settings["mqttpass"], "", changes)
        self.assertIn("\nmqttpass: removed, because " + why, reply)
        self.assertEqual(settings["mqttuser"], "joe")

    def assert_keeps(self, *changes, **before):
        settings = broker(**before)
        for name, text in changes:
            reply = run(settings.command(name, text))
            self.assertEqual(settings["mqttpass"], "canary", (name, text))
            self.assertFalse("\n" in reply)

    def test_another_server_removes_the_password(self):
        for host in ("mqtts://attacker", "mqtts://broker.attacker", "mqtts://broker:8884"):
            self.assert_removes(("mqtthost", host), "the server is another one")
        self.assert_removes(("mqttport", "8884"), "the server is another one")

    def test_less_encryption_removes_the_password(self):
        self.assert_removes(("mqtthost", "mqtt://broker"), "the connection is no longer encrypted")
        self.assert_removes(("mqtthost", "1"), "the connection is no longer encrypted")
        self.assert_removes(("mqttverify", "off"), "the certificate is no longer checked")
        self.assert_removes(
            ("mqttsecurity", "plain"),
            "the connection is no longer encrypted",
            mqtthost="broker",
            mqttsecurity="tls",
        )

    def test_same_server_and_more_encryption_keep_it(self):
        self.assert_keeps(
            ("mqtthost", "mqtts://broker"),
            ("mqtthost", "MQTTS://BROKER:8883"),
            ("mqttport", "8883"),
            ("mqttport", "0"),
            ("mqttsecurity", "tls"),
            ("mqttsecurity", "plain"),
            ("mqttverify", "ca"),
            ("mqttuser", "jane"),
            ("pulse", "5"),
        )
        self.assert_keeps(("mqttverify", "off"), ("mqttverify", "ca"), mqtthost="mqtt://broker")
        self.assert_keeps(
            ("mqtthost", "mqtts://broker"), mqtthost="mqtt://broker:8883", mqttverify="off"
        )

    def test_key_that_is_not_known_removes_the_password(self):
        why = "the certificate is no longer checked"
        self.assert_removes(("mqttverify", "pin"), why)
        self.assert_removes(("mqttverify", "pin"), why, mqttpin="learn")
        self.assert_removes(("mqttpin", "learn"), why, mqttverify="pin", mqttpin=PIN)
        self.assert_removes(("mqttpin", "1"), why, mqttverify="pin", mqttpin=PIN)
        self.assert_removes(("mqttverify", "off"), why, mqttverify="pin", mqttpin=PIN)

    def test_known_key_keeps_the_password(self):
        self.assert_keeps(("mqttpin", "learn"), ("mqttpin", PIN), ("mqttverify", "pin"))
        self.assert_keeps(("mqttpin", OTHER), mqttverify="pin", mqttpin=PIN)
        self.assert_keeps(("mqttverify", "ca"), mqttverify="pin", mqttpin=PIN)
        self.assert_keeps(("mqttpin", "learn"), ("mqttpin", PIN), mqttverify="pin")
        self.assert_keeps(("mqttverify", "pin"), ("mqttpin", "learn"), mqttverify="off")

    def test_password_set_before_its_broker_is_kept(self):
        self.assert_keeps(("mqtthost", "mqtt://first"), mqtthost="")

    def test_password_in_the_same_request_is_kept(self):
        for given in ("canary", "another"):
            settings = broker()
            found = run(settings.apply({"mqtthost": "mqtt://new", "mqttpass": given}))
            self.assertEqual((settings["mqttpass"], found.removed), (given, {}))

    def test_removal_is_saved_with_the_change_and_logged(self):
        nvs, log = NVS(), Log()
        settings = settings_on(nvs, log, values={"mqtthost": "mqtt://a", "mqttpass": "canary"})
        found = run(settings.apply({"mqtthost": "mqtt://b", "pulse": "5"}))
        self.assertEqual(found.removed, {"mqttpass": "removed, because the server is another one"})
        self.assertEqual(settings_on(nvs)["mqttpass"], "")
        self.assertFalse("MQTT_PASS" in nvs.stored)
        self.assertIn("mqttpass: removed", str(log.infos))

    def test_refused_request_removes_nothing(self):
        settings = broker()
        run(settings.apply({"mqtthost": "mqtt://b", "pulse": "x"}))
        self.assertEqual(
            (settings["mqttpass"], settings["mqtthost"]), ("canary", "mqtts://broker")
        )


class TestUpdateServer(unittest.TestCase):
    def after(self, **wanted):
        """Return (otaurl, reply of the removal or None) after a request."""
        settings = settings_on(values={"otaurl": LOGIN})
        found = run(settings.apply(wanted))
        self.assertEqual(found.faults, {})
        return settings["otaurl"], found.removed.get("otaurl")

    def test_masked_address_keeps_the_password_of_the_same_server(self):
        for path in ("/fw.bin", "/other.bin?x=1", ""):
            for host in ("host", "HOST:443"):
                found = self.after(otaurl="https://joe:***@" + host + path)
                self.assertEqual(found, ("https://joe:canary@" + host + path, None))

    def test_masked_address_of_another_server_has_no_login(self):
        for place in ("https://{}evil/", "https://{}host:444/", "https://{}host.evil/"):
            found, why = self.after(otaurl=place.format("joe:***@"))
            self.assertEqual(found, place.format(""))
            self.assertIn("login removed, because the server is another one", why)
        found, why = self.after(otaurl="http://joe:***@host/fw.bin")
        self.assertEqual(found, "http://host/fw.bin")
        self.assertIn("no longer encrypted", why)
        for trick in ("https://evil#@host/", "https://evil?@host/", "https://joe:***@evil#@host/"):
            self.assertFalse("canary" in self.after(otaurl=trick)[0])

    def test_another_server_without_a_login_is_told_to_have_none(self):
        found, why = self.after(otaurl="https://other/fw.bin")
        self.assertEqual(found, "https://other/fw.bin")
        self.assertIn("login removed", why)

    def test_unchecked_certificate_removes_the_login(self):
        found, why = self.after(mqttverify="off")
        self.assertEqual(found, "https://host/fw.bin")
        self.assertIn("the certificate is no longer checked", why)
        found, why = self.after(mqttverify="pin")
        self.assertEqual((found, why), (LOGIN, None))  # its certificate is checked by the CA
        found, why = self.after(mqttverify="off", otaurl="https://joe:***@host/fw.bin")
        self.assertEqual(found, "https://host/fw.bin")

    def test_login_in_the_same_request_is_kept(self):
        for url in ("http://joe:new@evil/", "https://ann@evil/", LOGIN):
            self.assertEqual(self.after(otaurl=url), (url, None))
        self.assertEqual(self.after(otaurl=""), ("", None))

    def test_password_that_makes_the_address_too_long_is_refused(self):
        settings = settings_on(values={"otaurl": LOGIN})
        path = "x" * (255 - len("https://joe:***@host/"))
        found = run(settings.apply({"otaurl": "https://joe:***@host/" + path}))
        self.assertEqual(list(found.faults), ["otaurl"])
        self.assertEqual(settings["otaurl"], LOGIN)


class TestAddress(unittest.TestCase):
    def test_login_is_found_only_in_the_authority(self):
        for text, login in (
            (LOGIN, "joe:canary"),
            ("http://a:b@c@d/x", "a:b@c"),
            ("http://host/a@b", ""),
            ("http://host?a@b", ""),
            ("http://host#a@b", ""),
            ("host", ""),
            ("", ""),
        ):
            self.assertEqual(login_of(text), login, text)
            self.assertEqual(with_login(text, login), text)
            self.assertEqual(login_of(with_login(text, "")), "")
        self.assertEqual(without_password("http://u@h?x"), "http://u:***@h?x")


class TestPush(unittest.TestCase):
    def test_another_server_gets_neither_login_nor_header(self):
        for url, why in (
            ("https://attacker/in", "the server is another one"),
            ("http://host/in", "the connection is no longer encrypted"),
        ):
            settings = settings_on(values={"pushurl": LOGIN, "pushheader": "X-Key: canary"})
            reply = run(settings.command("pushurl", url))
            self.assertIn("\npushheader: removed, because " + why, reply)
            self.assertEqual((settings["pushheader"], settings["pushurl"]), ("", url))
            settings = settings_on(values={"pushurl": LOGIN, "pushheader": "X-Key: canary"})
            run(settings.apply({"pushurl": url, "pushheader": "X-Key: new"}))
            self.assertEqual(settings["pushheader"], "X-Key: new")

    def test_another_path_keeps_them(self):
        settings = settings_on(values={"pushurl": LOGIN, "pushheader": "X-Key: canary"})
        run(settings.command("pushurl", "https://joe:***@host/other"))
        self.assertEqual(settings["pushheader"], "X-Key: canary")
        self.assertEqual(settings["pushurl"], "https://joe:canary@host/other")


suite.main()
