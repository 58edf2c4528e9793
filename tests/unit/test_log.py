"""app.log: short lines without control characters, and a ring of the last ones."""

import unittest

import suite
from fakes import clock

from app.log import DEBUG, ERROR, INFO, Log


class TestLog(unittest.TestCase):
    def make(self, lines=4):
        written = []
        return Log(written.append, lines), written

    def test_format_of_a_line(self):
        log, written = self.make()
        log.info("wifi", "joined")
        log.error("mqtt", "gone")
        self.assertEqual(written, ["0 wifi: joined", "0 mqtt: ! gone"])
        self.assertEqual((log.errors, log.last_error), (1, "mqtt: gone"))

    def test_ring_keeps_the_last_lines_oldest_first(self):
        log, _ = self.make()
        self.assertEqual(list(log.lines()), [])
        for n in range(11):
            log.info("x", str(n))
        self.assertEqual(list(log.lines()), ["0 x: {}".format(n) for n in range(7, 11)])

    def test_levels(self):
        for level, kept in ((ERROR, "e"), (INFO, "ei"), (DEBUG, "eid")):
            log, written = self.make()
            log.level = level
            log.error("x", "e")
            log.info("x", "i")
            log.debug("x", "d")
            self.assertEqual("".join(line[-1] for line in written), kept)
            self.assertEqual((log.count, len(log.lines()), log.errors), (len(kept),) * 2 + (1,))

    def test_arguments_are_formatted_only_at_level_debug(self):
        class Costly:
            def __str__(self):
                raise AssertionError("formatted")

        log, written = self.make()
        log.debug("x", "{}", Costly())
        log.level = DEBUG
        log.debug("x", "{} of {}", 1, 2)
        log.debug("x", "no arguments")
        self.assertEqual(written, ["0 x: 1 of 2", "0 x: no arguments"])

    def test_level_follows_the_settings(self):
        log, written = self.make()
        log.settings = {"loglevel": DEBUG}
        log.follow()
        log.debug("x", "d")
        log.settings["loglevel"] = ERROR
        log.follow()
        log.info("x", "i")
        self.assertEqual(written, ["0 x: d"])

    def test_since_returns_kept_lines_from_a_number_on(self):
        log, _ = self.make()
        for n in range(6):
            log.info("x", str(n))
        for first, numbers in ((0, [2, 3, 4, 5]), (3, [3, 4, 5]), (6, []), (9, [])):
            self.assertEqual([number for number, _, _ in log.since(first)], numbers)
        self.assertEqual(log.since(5), [(5, INFO, "0 x: 5")])

    def test_external_text_cannot_forge_a_line(self):
        log, written = self.make()
        log.info("wifi", "joining a\r\n0 mqtt: ! forged\x1b[2J\x7f\0")
        self.assertEqual(len(list(log.lines())), 1)
        self.assertFalse(any(c in written[0] for c in "\r\n\x1b\x7f\0"))

    def test_long_lines_are_truncated(self):
        log, written = self.make()
        log.error("x", "y" * 10_000)
        self.assertTrue(len(written[0]) <= 160 and len(log.last_error) <= 160)

    def test_uptime_continues_when_ticks_wrap(self):
        log, _ = self.make()
        clock.wrap_soon(1_000)
        before = log.uptime_s()
        for _ in range(100):  # three days each
            clock.ticks_offset += 3 * 86_400_000
            uptime = log.uptime_s()
            self.assertTrue(abs(uptime - before - 3 * 86_400) <= 1, uptime)
            before = uptime


suite.main()
