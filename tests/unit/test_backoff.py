"""aio.backoff: delays that grow, vary and are bounded."""

import unittest

import suite

from aio.backoff import Backoff


class TestBackoff(unittest.TestCase):
    def test_delays_double_up_to_the_maximum_with_jitter(self):
        for extreme in (0, 65_535):
            backoff = Backoff(1_000, 30_000, lambda bits, extreme=extreme: extreme)
            for expected in (1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000):
                ms = backoff.next_ms()
                self.assertTrue(0.79 * expected <= ms <= 1.21 * expected, (expected, ms))
                self.assertTrue(ms <= 30_000)

    def test_small_delays_stay_in_range(self):
        backoff = Backoff(1, 10)
        for _ in range(200):
            self.assertTrue(0 <= backoff.next_ms() <= 10)

    def test_jitter_spreads_the_delays(self):
        delays = set()
        for _ in range(200):
            delays.add(Backoff(1_000).next_ms())
        self.assertTrue(len(delays) > 50 and max(delays) - min(delays) > 200)

    def test_reset_starts_over(self):
        backoff = Backoff(1_000, 30_000, lambda bits: 205)
        first = backoff.next_ms()
        backoff.next_ms()
        backoff.reset()
        self.assertEqual(backoff.next_ms(), first)


suite.main()
