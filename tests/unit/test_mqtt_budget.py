"""app.mqtt.budget: pictures reach a byte budget in three frames and stay close below it."""

import math
import unittest

import suite

from app.mqtt.budget import Budget, LargestAccepted
from proto.params import FRAMESIZES

PIXELS = {name: width * height for name, width, height in FRAMESIZES}


class Scene:
    """Makes pictures of `detail` * (flat + 1/quality) bytes per VGA picture."""

    def __init__(self, detail, flat, per_pixel=1.0):
        self.detail, self.flat, self.per_pixel = detail, flat, per_pixel

    def bytes(self, size, quality):
        share = (PIXELS[size] / PIXELS["VGA"]) ** self.per_pixel
        return int(share * self.detail * (self.flat + 1 / quality))


def shoot(budget, scene, usual, max_bytes):
    """Take one picture; return (bytes, True if it is within the budget)."""
    budget.choose(usual, max_bytes)
    size, quality = budget.size or usual[0], usual[1] if budget.quality is None else budget.quality
    count = scene.bytes(size, quality)
    return count, budget.fits(size, quality, count)


class TestBudget(unittest.TestCase):
    def test_first_fit_within_three_frames(self):
        for flat in (0.0, 0.01, 0.05, 0.1):
            for per_pixel in (1.0, 0.85, 0.7):
                for max_bytes in (30_000, 20_000, 12_000, 5_000, 3_000):
                    budget = Budget()
                    scene = Scene(36_000 / (flat + 1 / 8), flat, per_pixel)
                    results = [shoot(budget, scene, ("VGA", 8), max_bytes) for _ in range(6)]
                    self.assertTrue(any(fits for _, fits in results[:3]), results)
                    self.assertTrue([fits for _, fits in results[3:]].count(False) <= 2, results)

    def test_within_15_percent_of_a_changing_scene(self):
        for flat in (0.0, 0.02, 0.05):
            for period, swing in ((40, 0.3), (100, 0.4), (7, 0.02)):
                budget, scene = Budget(), Scene(0, flat)
                sent = []
                for n in range(300):
                    change = 1 + swing * math.sin(6.283 * n / period)
                    scene.detail = change * 60_000 / (flat + 1 / 8)
                    for _ in range(3):
                        count, fits = shoot(budget, scene, ("VGA", 8), 30_000)
                        if fits:
                            break
                    self.assertTrue(fits, n)
                    sent.append(count)
                close = sum(count >= 25_500 for count in sent[3:]) / len(sent[3:])
                self.assertTrue(close > 0.93, (flat, period, swing, close, min(sent[3:])))

    def test_without_a_limit_and_in_a_plain_scene_the_usual_values(self):
        budget, scene = Budget(), Scene(100_000, 0.01)
        for _ in range(3):
            self.assertTrue(shoot(budget, scene, ("VGA", 8), 0)[1])
            self.assertEqual((budget.size, budget.quality), (None, None))
        shoot(budget, scene, ("VGA", 8), 30_000)
        self.assertEqual((budget.size, budget.quality), ("VGA", 8))

    def test_quality_first_then_size_and_back(self):
        budget, scene = Budget(), Scene(36_000 / (0.01 + 1 / 8), 0.01)
        chosen = []
        for max_bytes in (25_000, 2_500, 25_000, 100_000):
            for _ in range(4):
                shoot(budget, scene, ("VGA", 8), max_bytes)
            chosen.append((budget.size, budget.quality))
        self.assertEqual(chosen[0][0], "VGA")
        self.assertTrue(8 < chosen[0][1] < 16, chosen[0])
        self.assertTrue(PIXELS[chosen[1][0]] < PIXELS["VGA"], chosen)
        self.assertEqual(chosen[2], chosen[0])
        self.assertEqual(chosen[3], ("VGA", 8))

    def test_size_does_not_flutter(self):
        budget, scene = Budget(), Scene(300_000, 0.01)
        sizes = []
        for n in range(200):
            scene.detail = 300_000 * (1.04 if n % 2 else 0.96)
            shoot(budget, scene, ("VGA", 8), 9_000)
            sizes.append(budget.size)
        changes = sum(a != b for a, b in zip(sizes[5:], sizes[6:]))
        self.assertEqual(changes, 0)

    def test_larger_size_that_does_not_fit_is_tried_rarely(self):
        budget, scene = Budget(), Scene(36_000 / (0.05 + 1 / 8), 0.05)
        results = [shoot(budget, scene, ("VGA", 8), 2_000)[1] for _ in range(500)]
        self.assertTrue(results.count(False) < 12, results.count(False))

    def test_size_that_the_sensor_does_not_offer_is_left_out(self):
        budget, scene = Budget(), Scene(288_000, 0.0)
        for _ in range(3):
            shoot(budget, scene, ("VGA", 8), 3_000)
        refused = budget.size
        budget.exclude(budget.size)
        budget.choose(("VGA", 8), 3_000)
        self.assertNotEqual(budget.size, refused)

    def test_budget_below_any_picture_is_never_met(self):
        budget, scene = Budget(), Scene(288_000, 0.05)
        results = [shoot(budget, scene, ("UXGA", 8), 10)[1] for _ in range(20)]
        self.assertEqual(results, [False] * 20)
        self.assertEqual((budget.size, budget.quality), ("QQVGA", 63))


class TestLargestAccepted(unittest.TestCase):
    def send(self, broker_max, size, learned, now_s):
        """Send a picture; return True if a broker with this limit accepts it."""
        if size <= broker_max:
            learned.note_accepted(size)
        else:
            learned.note_lost(size, now_s)
        return size <= broker_max

    def test_one_lost_link_is_no_limit(self):
        learned = LargestAccepted()
        self.assertFalse(learned.note_lost(36_000, 0))
        self.assertEqual(learned.max_bytes, 0)
        learned.note_accepted(36_000)
        self.assertFalse(learned.note_lost(36_000, 0))
        self.assertEqual(learned.max_bytes, 0)

    def test_second_lost_link_halves_at_once(self):
        learned = LargestAccepted()
        learned.note_lost(37_000, 0)
        learned.note_accepted(10_000)  # a smaller one proves nothing
        self.assertTrue(learned.note_lost(36_000, 1))
        self.assertEqual((learned.max_bytes, learned.refused_bytes), (18_000, 36_000))
        self.assertTrue(learned.note_lost(17_000, 2))
        self.assertEqual((learned.max_bytes, learned.refused_bytes), (10_000, 17_000))

    def test_largest_that_was_accepted_is_used_again(self):
        learned = LargestAccepted()
        learned.note_accepted(29_000)
        for _ in range(2):
            learned.note_lost(36_000, 0)
        self.assertEqual(learned.max_bytes, 29_000)

    def test_finds_the_limit_of_a_broker_with_few_lost_links(self):
        learned = LargestAccepted()
        lost, largest = [], 0
        for now_s in range(0, 86_400, 10):
            learned.probe(now_s)
            size = min(36_000, int(0.97 * (learned.max_bytes or 36_000)))
            if self.send(30_000, size, learned, now_s):
                largest = max(largest, size)
            else:
                lost.append(now_s)
        self.assertTrue(largest > 0.85 * 30_000, largest)
        self.assertTrue(len(lost) < 40, len(lost))
        self.assertTrue(lost[-1] - lost[-2] >= 3_600, lost)

    def test_broker_with_a_higher_limit_is_noticed(self):
        learned = LargestAccepted()
        for _ in range(2):
            learned.note_lost(36_000, 0)
        for now_s in range(10, 600, 10):
            learned.probe(now_s)
            size = min(36_000, int(0.97 * (learned.max_bytes or 36_000)))
            self.send(1_000_000, size, learned, now_s)
        self.assertEqual((learned.max_bytes, learned.refused_bytes), (0, 0))

    def test_broker_with_a_lower_limit_is_noticed(self):
        learned = LargestAccepted()
        learned.note_accepted(36_000)
        for now_s in range(4):
            learned.note_lost(36_000 if not learned.max_bytes else learned.max_bytes, now_s)
        self.assertTrue(learned.max_bytes < 10_000)

    def test_each_size_is_untried_on_each_link(self):
        learned = LargestAccepted()
        self.assertTrue(learned.is_untried(100, 1))
        learned.note_accepted(100)
        self.assertEqual([learned.is_untried(n, 1) for n in (100, 101)], [False, True])
        self.assertTrue(learned.is_untried(100, 2))


suite.main()
