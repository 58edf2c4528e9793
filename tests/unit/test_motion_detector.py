"""app.motion.detector: movers, light, noise, the settings, and what a picture costs."""

import asyncio
import gc
import unittest

import suite

from app.motion.detector import Detector, decode_in_steps

COLUMNS, ROWS = 16, 12
SCENE = bytes([60 + (n * 37 + n // 16 * 11) % 120 for n in range(COLUMNS * ROWS)])
SETTINGS = {"motionlevel": 50, "motionarea": 3, "motionframes": 2, "motionmask": ""}


def lit(factor, across=0, down=0, bend=0):
    """Return the scene with a factor in 1/1000, and how much more it is at the sides."""
    cells = bytearray(SCENE)
    for n, cell in enumerate(SCENE):
        x, y = 2 * (n & 15) - 15, 2 * (n >> 4) - 11
        here = factor + across * x // 15 + down * y // 11 + bend * x * x // 225
        cells[n] = max(0, min(255, cell * here // 1_000))
    return cells


def shaded(darkness, front):
    """Return the scene with a shadow from the left, whose soft edge ends at column `front`."""
    cells = bytearray(SCENE)
    for n, cell in enumerate(SCENE):
        way = max(0, min(10, front - (n & 15)))  # a tenth of the edge
        shadow = way * way * (30 - 2 * way)
        cells[n] = cell * (1_000 - darkness * shadow // 1_000) // 1_000
    return cells


def with_person(column, row=3, width=2, height=5, brightness=20, cells=SCENE):
    """Return the scene with a dark rectangle."""
    cells = bytearray(cells)
    for y in range(row, row + height):
        for x in range(column, column + width):
            if 0 <= x < COLUMNS:
                cells[y * COLUMNS + x] = brightness
    return cells


class TestDetector(unittest.TestCase):
    def setUp(self):
        self.settings = dict(SETTINGS)
        self.detector = Detector(self.settings)

    def learn(self, cells=SCENE, times=6):
        for _ in range(times):
            self.assertFalse(self.detector.compare(cells))

    def still(self, pictures):
        for n, cells in enumerate(pictures):
            seen = self.detector.compare(cells)
            self.assertFalse(seen, "picture {}: {} cells".format(n, self.detector.count))

    def test_nothing_in_a_still_scene(self):
        self.learn(times=20)
        self.assertEqual((self.detector.count, self.detector.score), (0, 0))
        self.assertEqual(bytes(self.detector.changed), bytes(192))

    def test_person_who_walks(self):
        self.learn()
        self.assertFalse(self.detector.compare(with_person(0)))  # one picture is not enough
        self.assertTrue(self.detector.compare(with_person(2)))
        self.assertTrue(self.detector.compare(with_person(4)))
        self.assertEqual(self.detector.count, 10)
        self.assertEqual(self.detector.score, 100)
        marked = [n for n in range(192) if self.detector.changed[n]]
        self.assertEqual(marked, [y * 16 + x for y in range(3, 8) for x in (4, 5)])

    def test_bright_person_and_a_dark_scene(self):
        for brightness, scene in ((250, SCENE), (60, bytes([8]) * 192), (90, bytes([253]) * 192)):
            self.detector.relearn()
            self.learn(scene)
            seen = [
                self.detector.compare(with_person(n, brightness=brightness, cells=scene))
                for n in (3, 5, 7)
            ]
            self.assertEqual(seen, [False, True, True])

    def test_person_who_stops_is_no_motion(self):
        self.learn()
        for column in (2, 4, 6):
            self.detector.compare(with_person(column))
        self.still([with_person(6)] * 30)
        self.still([SCENE])  # and one picture of leaving is not enough

    def test_light(self):
        self.learn()
        self.still([lit(1_000 - 20 * n) for n in range(25)])  # dusk
        self.still([lit(500), lit(1_000), lit(700), lit(1_300), lit(1_000)] * 3)  # exposure
        self.still([lit(1_000, across=30 * n) for n in range(10)])  # shade from one side
        self.detector.relearn()
        self.learn()
        self.still([lit(1_000, down=-30 * n, bend=-20 * n) for n in range(10)])

    def test_light_that_bends_across_the_picture(self):
        self.settings["motionframes"] = 1
        self.learn()
        self.still([lit(1_000, bend=-160 * n) for n in range(4)])

    def test_shadow_with_an_edge_in_the_picture(self):
        self.settings["motionframes"] = 1
        self.learn()
        self.still([shaded(500, 5 * n // 2) for n in range(12)])

    def test_overexposed_picture(self):
        self.settings["motionframes"] = 1
        self.learn()
        self.still([lit(1_600), SCENE, lit(1_600), SCENE])
        sky = [b"\xff" * 64 + bytes(lit(1_000 - 50 * n)[64:]) for n in range(8)]
        self.detector.relearn()
        self.learn(sky[0])
        self.still(sky)  # it was brighter than 255 all the time

    def test_person_in_changing_light(self):
        self.learn()
        self.still([lit(1_000 - 20 * n) for n in range(10)])
        seen = [
            self.detector.compare(with_person(2 * n, brightness=15, cells=lit(800 - 20 * n)))
            for n in range(4)
        ]
        self.assertEqual(seen, [False, True, True, True])

    def test_change_of_most_cells_is_learned(self):
        self.learn()
        negative = bytes([255 - cell for cell in SCENE])
        self.still([negative, SCENE, negative, negative, negative, negative, negative])
        self.detector.compare(with_person(3, brightness=240, cells=negative))
        self.assertTrue(self.detector.compare(with_person(5, brightness=240, cells=negative)))

    def test_lamp_that_lights_a_part(self):
        self.learn()
        lamp = bytearray(SCENE)
        for n in range(192):
            if 4 <= n & 15 < 12 and n >> 4 > 5:
                lamp[n] = min(255, lamp[n] + 90)
        self.still([lamp] * 20 + [SCENE] * 20)

    def test_relearn(self):
        self.learn()
        self.detector.relearn()
        self.still([with_person(n) for n in range(4)])  # while it learns
        self.detector.compare(with_person(9))
        self.assertTrue(self.detector.compare(with_person(11)))

    def test_a_leaf_is_learned(self):
        self.learn()
        for n in range(60):
            self.detector.compare(with_person(5, width=1, height=3, brightness=20 + n % 2 * 30))
        self.still([with_person(5, width=1, height=3, brightness=n) for n in (20, 50, 20, 50)])

    def walk(self, **person):
        self.detector.relearn()
        self.learn()
        return [self.detector.compare(with_person(3 * n, **person)) for n in range(4)]

    def test_frames(self):
        for frames in (1, 2, 4):
            self.settings["motionframes"] = frames
            self.assertEqual(self.walk(), [n + 1 >= frames for n in range(4)])

    def test_area(self):
        self.settings["motionarea"] = 11
        self.assertEqual(self.walk(), [False] * 4)
        self.assertEqual(self.detector.score, 45)
        self.settings["motionarea"] = 10
        self.assertTrue(self.walk()[3])
        self.assertEqual(self.detector.score, 50)

    def test_lone_cells_count_only_alone(self):
        lone = {"width": 1, "height": 1}
        self.settings["motionarea"] = 2
        self.assertEqual(self.walk(**lone), [False] * 4)
        self.assertEqual((self.detector.count, sum(self.detector.changed)), (0, 0))
        self.settings["motionarea"] = 1
        self.assertTrue(self.walk(**lone)[3])
        self.assertEqual(self.detector.count, 1)

    def test_cells_that_touch(self):
        self.settings["motionarea"] = 2
        for one, other, seen in ((17, 34, True), (17, 32, True), (15, 16, False), (0, 191, False)):
            self.detector.relearn()
            self.learn()
            cells = bytearray(SCENE)
            cells[one] = cells[other] = 255
            self.detector.compare(cells)
            self.assertEqual(self.detector.count, 2 if seen else 0, (one, other))

    def test_level(self):
        faint = bytearray(SCENE)
        seen = []
        for level in (1, 50, 100):
            self.settings["motionlevel"] = level
            self.detector.relearn()
            self.learn()
            for n in range(3, 8):
                faint[n * 16 + 5] = SCENE[n * 16 + 5] + 14
            self.detector.compare(faint)
            seen.append(self.detector.count)
        self.assertEqual(seen, [0, 5, 5])

    def test_mask(self):
        # the left half of each row
        self.settings["motionmask"] = "ff00" * ROWS
        self.assertEqual(self.walk(), [False, False, False, False])
        self.assertEqual(self.detector.count, 10)  # of columns 9 and 10
        self.assertEqual(sum(self.detector.changed), 10)
        self.settings["motionmask"] = ""
        self.assertTrue(self.walk()[1])

    def test_first_bit_is_the_top_left_cell(self):
        self.settings["motionarea"] = 1
        for mask, cell in (("8" + "0" * 47, 0), ("0" * 47 + "1", 191), ("0001" + "0" * 44, 15)):
            for text, expected in ((mask, 0), ("", 1)):
                self.settings["motionmask"] = text
                self.detector.relearn()
                self.learn()
                cells = bytearray(SCENE)
                cells[cell] = 255
                self.detector.compare(cells)
                self.assertEqual(self.detector.count, expected, (mask, cell))

    def test_everything_masked(self):
        self.settings["motionmask"] = "f" * 48
        self.assertEqual(self.walk(), [False] * 4)

    def test_allocates_nothing(self):
        self.learn()
        pictures = [with_person(n) for n in range(10)]
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        for cells in pictures:
            self.detector.compare(cells)
        cost = gc.mem_alloc() - before
        gc.enable()
        self.assertTrue(cost < 200, cost)


class Grid:
    """A grid that is complete after some steps."""

    released = 0

    def start(self, view):
        self.left = view

    def release(self):
        self.released += 1

    def step(self):
        self.left -= 1
        return not self.left


class TestDecodeInSteps(unittest.TestCase):
    def test_others_run_between_steps(self):
        ran = []

        async def other():
            while True:
                ran.append(grid.left)
                await asyncio.sleep_ms(0)

        async def main():
            task = asyncio.create_task(other())
            await decode_in_steps(grid, 4)
            task.cancel()

        grid = Grid()
        asyncio.run(main())
        self.assertEqual(ran, [3, 2, 1])
        self.assertEqual(grid.released, 1)

    def test_a_cancelled_picture_is_released(self):
        async def main():
            task = asyncio.create_task(decode_in_steps(grid, 4_000))
            await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass

        grid = Grid()
        asyncio.run(main())
        self.assertTrue(0 < grid.left < 4_000)
        self.assertEqual(grid.released, 1)


suite.main()
