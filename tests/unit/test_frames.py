"""app.camera.frames: one capture for all waiting readers; no reader delays another."""

import asyncio
import gc
import unittest

import suite
from fakes import Log, clock, ended, outcome, run, until

from app.camera.camera import CameraFault
from app.camera.frames import Frames
from app.camera.lease import Lease
from app.camera.pool import Frame


class Camera:
    """Takes a picture every 100 ms: its number as 1,000 bytes. `fault` makes it fail."""

    usual_size, usual_quality = "VGA", 8
    offers = ("VGA", "UXGA")

    def __init__(self, stale=0):
        self.stale = stale
        self.copies = False
        self.size, self.quality = "VGA", 8
        self.sizes = []  # of all captures
        self.reason = "no frame"
        self.state = "ready"
        self.fault = None
        self.bytes = 1_000
        self.captures = self.unreleased = self.stops = 0
        self.rests = None  # how the last picture was released

    async def capture(self):
        await asyncio.sleep_ms(100)
        self.captures += 1
        self.sizes.append(self.size)
        if self.fault:
            raise self.fault
        self.unreleased += 1
        return memoryview(bytes((self.captures & 255,)) * self.bytes)

    def grab(self):
        return None

    def adapt(self, size=None, quality=None):
        size = size or self.usual_size
        if size not in self.offers:
            raise CameraFault("framesize: no " + size)
        self.size = size
        self.quality = self.usual_quality if quality is None else quality

    def stop(self):
        self.size, self.quality = self.usual_size, self.usual_quality
        self.stops += 1

    def release(self, rest=False):
        self.unreleased -= 1
        self.rests = rest


class FramesTestCase(unittest.TestCase):
    def run_case(self, scenario, stale=0, copies=False, **tunables):
        async def main():
            camera = Camera(stale)
            camera.copies = copies
            log = Log()
            frames = Frames(camera, log, **tunables)
            tasks = [asyncio.create_task(part.run()) for part in (frames, frames.pool)]
            try:
                return await scenario(frames, camera, log)
            finally:
                for task in tasks:
                    await ended(task)

        return run(main())


async def take(frames, hold_ms=0):
    async with frames.fresh() as frame:
        data = bytes(frame.view)
        await asyncio.sleep_ms(hold_ms)
        assert bytes(frame.view) == data, "the frame changed while it was leased"
        return frame.seq, data


class TestReaders(FramesTestCase):
    def test_nothing_is_captured_without_a_reader(self):
        async def scenario(frames, camera, log):
            await asyncio.sleep_ms(10_000)
            before = camera.captures
            await take(frames)
            await asyncio.sleep_ms(10_000)
            return before, camera.captures

        self.assertEqual(self.run_case(scenario), (0, 1))

    def test_all_waiting_readers_get_the_same_capture(self):
        async def scenario(frames, camera, log):
            tasks = [asyncio.create_task(take(frames)) for _ in range(5)]
            results = []
            for task in tasks:
                results.append(await task)
            self.assertEqual(len(set(results)), 1)
            self.assertEqual(results[0][1], b"\1" * 1_000)
            self.assertEqual((camera.captures, frames.leased()), (1, 0))

        self.run_case(scenario)

    def test_fresh_frame_was_exposed_after_the_request(self):
        async def scenario(frames, camera, log):
            first = await take(frames)
            await asyncio.sleep_ms(60_000)
            second = await take(frames)
            # the driver's buffers hold 2 older ones
            self.assertEqual((first[1][0], second[1][0]), (3, 6))

        self.run_case(scenario, stale=2)

    def test_camera_rests_unless_a_stream_is_watched(self):
        async def scenario(frames, camera, log):
            await take(frames)
            alone = camera.rests
            viewer = frames.fresh()
            viewer.give_up = print
            watched = []
            for _ in range(2):  # while it waits, and while it holds a frame
                async with viewer:
                    watched.append(camera.rests)
                    await take(frames)
                    watched.append(camera.rests)
            await take(frames)
            return alone, watched, camera.rests

        self.assertEqual(self.run_case(scenario), (True, [False] * 4, True))

    def test_request_during_a_capture_gets_the_next_one(self):
        async def scenario(frames, camera, log):
            first = asyncio.create_task(take(frames))
            await asyncio.sleep_ms(50)
            await asyncio.sleep_ms(45)  # during the exposure of the first one
            second = asyncio.create_task(take(frames))
            await first
            return (await second)[1][0]

        self.assertEqual(self.run_case(scenario, stale=1), 2)

    def test_invalidate_discards_earlier_captures(self):
        async def scenario(frames, camera, log):
            async with frames.fresh() as frame:
                seq = frame.seq
            waiting = asyncio.create_task(take(frames))
            await asyncio.sleep_ms(150)
            self.assertFalse(waiting.done())
            frames.invalidate()  # as when a parameter changes while a reader waits
            changed_at = camera.captures
            _, data = await waiting
            self.assertEqual(data[0], changed_at + 2 + 1)  # the driver's buffers held two by then
            async with Lease(frames, seq + 1) as frame:
                self.assertTrue(frame.view[0] > changed_at + 2)
            frames.invalidate()
            frames.invalidate()
            captures = camera.captures
            async with Lease(frames, seq + 1) as frame:  # also when the newest one is requested
                self.assertEqual(frame.view[0], captures + 3)

        self.run_case(scenario, stale=2)

    def test_readers_of_other_sizes_take_turns(self):
        async def scenario(frames, camera, log):
            seen = []

            async def watch():
                lease = frames.fresh()
                while True:
                    async with lease as frame:
                        seen.append(frame.size)

            async def photograph():
                for _ in range(3):
                    async with frames.fresh("UXGA") as frame:
                        self.assertEqual(frame.size, "UXGA")
                        seen.append("picture")

            watching = asyncio.create_task(watch())
            await asyncio.gather(photograph(), photograph())
            await until(lambda: seen[-1] == "VGA")
            await ended(watching)
            return seen[:10], camera.sizes

        seen, sizes = self.run_case(scenario, stale=2)
        turn = ["VGA", "picture", "picture"]  # two readers of one size share a picture
        self.assertEqual(seen, 3 * turn + ["VGA"])
        self.assertEqual(sizes.count("UXGA"), 3 * (2 + 1))  # two were exposed before the change

    def test_reader_with_a_quality_of_its_own_leaves_the_others_theirs(self):
        async def scenario(frames, camera, log):
            for size in (None, "UXGA"):
                own = asyncio.create_task(frames.fresh(size, 30).acquire())
                async with frames.fresh() as usual:
                    got = (usual.size, usual.quality)
                    self.assertEqual(got, frames.usual)
                other = await own
                self.assertEqual((other.size, other.quality), (size or "VGA", 30))
                async with frames.fresh() as usual:
                    self.assertEqual((usual.size, usual.quality), frames.usual)

        self.run_case(scenario, stale=2)

    def test_renewed_lease_forgets_that_it_was_refused(self):
        async def scenario(frames, camera, log):
            lease = frames.fresh("SXGA")
            self.assertIsInstance(await outcome(lease.acquire()), CameraFault)
            lease.size = None
            await lease.renewed().acquire()

        self.run_case(scenario)

    def test_size_stays_until_another_is_wanted(self):
        async def scenario(frames, camera, log):
            for _ in range(2):
                async with frames.fresh("UXGA"):
                    pass
            self.assertEqual((camera.captures, camera.size), (2, "UXGA"))
            await take(frames)
            self.assertEqual((camera.captures, camera.size), (3, "VGA"))

        self.run_case(scenario)

    def test_size_that_the_sensor_refuses_fails_its_reader_only(self):
        async def scenario(frames, camera, log):
            other = asyncio.create_task(take(frames))
            got = await outcome(frames.fresh("SXGA").acquire())
            self.assertEqual(str(got), "framesize: no SXGA")
            await other
            self.assertEqual((camera.size, camera.stops), ("VGA", 0))

        self.run_case(scenario)

    def test_sensor_that_refuses_the_usual_size_is_started_again(self):
        async def scenario(frames, camera, log):
            async with frames.fresh("UXGA"):
                camera.offers = ()
            self.assertTrue(isinstance(await outcome(frames.fresh().acquire()), CameraFault))
            self.assertEqual(camera.stops, 1)
            await take(frames)

        self.run_case(scenario)

    def test_reader_of_another_size_survives_a_restart_of_the_sensor(self):
        async def scenario(frames, camera, log):
            camera.adapt("UXGA")
            reader = frames.fresh("UXGA")
            camera.stop()  # as a step of recovery does
            async with reader as frame:
                self.assertEqual((frame.size, camera.size), ("UXGA", "UXGA"))

        self.run_case(scenario)

    def test_next_take_gets_the_newest_and_skips_missed_frames(self):
        async def scenario(frames, camera, log):
            lease = frames.fresh()
            async with lease as frame:
                seq = frame.seq
            other = asyncio.create_task(take_many(frames, 10))
            await asyncio.sleep_ms(550)
            async with lease as frame:
                self.assertTrue(frame.seq >= seq + 5)
            await other

        self.run_case(scenario)

    def test_slow_reader_keeps_its_frame_and_others_continue(self):
        async def scenario(frames, camera, log):
            slow = [asyncio.create_task(take(frames, 20_000)) for _ in range(3)]
            await asyncio.sleep_ms(500)
            started = clock.now_ms()
            await take_many(frames, 50)
            self.assertTrue(clock.now_ms() - started < 6_000)
            for task in slow:
                await task
            self.assertEqual(frames.leased(), 0)

        self.run_case(scenario, slots=3)

    def test_reader_waits_while_all_slots_are_leased(self):
        async def scenario(frames, camera, log):
            tasks = []
            for _ in range(3):
                tasks.append(asyncio.create_task(take(frames, 5_000)))
                await asyncio.sleep_ms(300)
            self.assertEqual(frames.leased(), 2)
            for task in tasks:
                await task
            self.assertEqual((frames.leased(), camera.unreleased), (0, 0))
            await take(frames)

        self.run_case(scenario, slots=2)

    def test_last_free_slot_is_leased_during_a_capture(self):
        async def scenario(frames, camera, log):
            late = frames.fresh()
            await take(frames)
            reader = asyncio.create_task(take(frames))
            await asyncio.sleep_ms(50)  # of 100
            frame = await late.acquire()  # the newest, in the only slot
            await asyncio.sleep_ms(100)
            seen = bytes(frame.view)
            late.release()
            return seen[0], (await reader)[0], frames.dropped, frames.leased()

        for copies in (False, True):
            self.assertEqual(self.run_case(scenario, slots=1, copies=copies), (1, 3, 0, 0))

    def test_cancelled_reader_releases_everything(self):
        async def scenario(frames, camera, log):
            for wait_ms in (0, 1, 50, 99, 100, 101, 150, 400):
                task = asyncio.create_task(take(frames, 10_000))
                await asyncio.sleep_ms(wait_ms)
                await ended(task)
                self.assertEqual(frames.leased(), 0, wait_ms)
            captures = camera.captures
            await asyncio.sleep_ms(10_000)
            self.assertTrue(camera.captures <= captures + 1)  # no reader is waiting
            await take(frames)
            self.assertEqual(camera.unreleased, 0)

        self.run_case(scenario)

    def test_reader_that_raises_releases_its_lease(self):
        async def scenario(frames, camera, log):
            async def fail():
                async with frames.fresh():
                    raise OSError("viewer gone")

            self.assertIsInstance(await outcome(fail()), OSError)
            self.assertEqual(frames.leased(), 0)

        self.run_case(scenario)

    def test_frames_of_changing_size_are_complete_and_the_heap_stays_flat(self):
        async def scenario(frames, camera, log):
            sizes = (10_000, 50_000, 4, 60_000, 30_000, 60_001)
            for turn in range(6):
                for camera.bytes in sizes:
                    async with frames.fresh() as frame:
                        self.assertEqual(len(frame.view), camera.bytes)
                        self.assertEqual(frame.view[-1], camera.captures & 255)
                gc.collect()
                if turn == 2:
                    before = gc.mem_alloc()
            self.assertTrue(gc.mem_alloc() - before < 4_096)

        self.run_case(scenario)

    def test_time_is_that_of_the_capture(self):
        async def scenario(frames, camera, log):
            async with frames.fresh() as frame:
                self.assertTrue(abs(frame.time_ns // 1_000_000_000 - clock.time()) <= 1)

        self.run_case(scenario)


async def take_many(frames, n):
    for _ in range(n):
        await take(frames)


class TestMemory(FramesTestCase):
    """The memory of the slots: `held` is its size in bytes."""

    def held(self, frames):
        return sum(max(0, frame.capacity()) for frame in frames.pool.frames)

    def test_is_freed_within_10_s_of_the_last_lease(self):
        async def scenario(frames, camera, log):
            camera.bytes = 200_000
            await asyncio.gather(*[take(frames, hold_ms=20_000) for _ in range(2)])
            self.assertTrue(self.held(frames) > 200_000)
            async with frames.fresh():
                await asyncio.sleep_ms(30_000)
                self.assertTrue(self.held(frames) > 200_000)
            await asyncio.sleep_ms(10_000)
            self.assertTrue(self.held(frames) <= 0)
            self.assertEqual(len((await take(frames))[1]), 200_000)

        self.run_case(scenario)

    def test_of_a_drivers_own_copy_is_freed_too(self):
        async def scenario(frames, camera, log):
            camera.copies = True
            await take(frames)
            self.assertTrue(any(frame.view for frame in frames.pool.frames))
            await asyncio.sleep_ms(10_000)
            self.assertFalse(any(frame.view for frame in frames.pool.frames))

        self.run_case(scenario)

    def test_is_kept_between_pictures_every_few_seconds(self):
        async def scenario(frames, camera, log):
            await take(frames)
            buffers = [frame._buffer for frame in frames.pool.frames if frame.view]
            for _ in range(20):
                await asyncio.sleep_ms(6_500)
                await take(frames)
                now = [frame._buffer for frame in frames.pool.frames if frame.view]
                self.assertTrue(len(now) == 1 and now[0] is buffers[0])

        self.run_case(scenario)


class TestFaults(FramesTestCase):
    def test_reader_waits_through_a_short_fault(self):
        async def scenario(frames, camera, log):
            camera.fault = CameraFault("no frame")
            task = asyncio.create_task(take(frames))
            await asyncio.sleep_ms(5_000)
            self.assertFalse(task.done())
            camera.fault = None
            await task

        self.run_case(scenario)

    def test_copies_of_the_driver_are_kept_and_not_copied_again(self):
        async def scenario(frames, camera, log):
            camera.copies, camera.bytes = True, 300_000
            frames_seen = []
            for _ in range(3):
                gc.collect()
                before = gc.mem_alloc()
                async with frames.fresh() as frame:
                    gc.collect()
                    self.assertTrue(gc.mem_alloc() - before < 350_000)
                    frame.wrap(b"head", b"tail")
                    self.assertEqual([len(part) for part in frame.wrapped], [4, 300_000, 4])
                    before_next = bytes(frame.view[:4])
                    await take(frames)  # the next frame is in another slot
                    self.assertEqual(bytes(frame.view[:4]), before_next)
                    frames_seen.append(frame.view[0])
            camera.copies, camera.bytes = False, 1_000
            async with frames.fresh() as frame:
                frame.wrap(b"head", b"tail")
                self.assertEqual([len(part) for part in frame.wrapped], [1_008])
            return frames_seen

        self.assertEqual(self.run_case(scenario), [1, 3, 5])

    def test_absent_camera_fails_without_waiting(self):
        async def scenario(frames, camera, log):
            camera.state, camera.reason = "absent", "no sensor answers"
            camera.fault = CameraFault("no sensor answers")
            for _ in range(3):
                start = clock.now_ms()
                error = await outcome(take(frames))
                self.assertIsInstance(error, CameraFault)
                self.assertEqual(str(error), "no sensor answers")
                self.assertTrue(clock.now_ms() - start < 1_000)
            camera.state, camera.fault = "ready", None
            return await take(frames)

        self.assertEqual(len(self.run_case(scenario)), 2)

    def test_long_fault_ends_the_wait_and_then_fails_at_once(self):
        async def scenario(frames, camera, log):
            camera.fault = CameraFault("x")
            camera.reason = "no frame in 3000 ms"
            started = clock.now_ms()
            error = await outcome(take(frames))
            self.assertIsInstance(error, CameraFault)
            self.assertTrue("no frame in 3000 ms" in str(error))
            self.assertTrue(8_000 < clock.now_ms() - started < 8_300)
            started = clock.now_ms()
            self.assertIsInstance(await outcome(take(frames)), CameraFault)
            self.assertTrue(clock.now_ms() - started < 200)
            self.assertEqual(frames.leased(), 0)

        self.run_case(scenario)

    def test_camera_recovers_without_a_reader_and_then_idles(self):
        async def scenario(frames, camera, log):
            camera.fault = CameraFault("x")
            await outcome(take(frames))
            captures = camera.captures
            await asyncio.sleep_ms(10_000)
            self.assertTrue(camera.captures > captures + 50)
            camera.fault = None
            await asyncio.sleep_ms(1_000)
            captures = camera.captures
            await asyncio.sleep_ms(10_000)
            self.assertEqual(camera.captures, captures)
            started = clock.now_ms()
            await take(frames)
            self.assertTrue(clock.now_ms() - started < 300)

        self.run_case(scenario)

    def test_fault_that_lasts_weeks_still_ends_the_wait(self):
        async def scenario(frames, camera, log):
            camera.fault = CameraFault("x")
            await outcome(take(frames))
            for _ in range(4):  # ticks cover only 6.2 days
                clock.ticks_offset += 2 * 24 * 3_600_000
                await asyncio.sleep_ms(1_000)
            started = clock.now_ms()
            self.assertIsInstance(await outcome(take(frames)), CameraFault)
            self.assertTrue(clock.now_ms() - started < 1_000)

        self.run_case(scenario)

    def test_oversized_picture_is_dropped_and_counted(self):
        async def scenario(frames, camera, log):
            camera.bytes = 1_001
            task = asyncio.create_task(take(frames))
            await until(lambda: frames.dropped >= 3)
            self.assertEqual((camera.unreleased, len(log.errors)), (0, 1))
            camera.bytes = 1_000
            await task
            camera.bytes, camera.reason = 1_001, ""
            error = await outcome(take(frames))
            self.assertEqual(str(error), "no memory for 1001 bytes")
            self.assertEqual(len(log.errors), 2)

        self.run_case(scenario, max_bytes=1_000)

    def test_lack_of_memory_does_not_affect_other_frames(self):
        async def scenario(frames, camera, log):
            async with frames.fresh() as kept:
                data = bytes(kept.view)
                small = camera.capture
                big = [memoryview(bytearray(2_100_000))]  # more than half of the heap

                async def capture():
                    await asyncio.sleep_ms(100)
                    if not big:  # the capture started before `big` was cleared
                        return await small()
                    camera.unreleased += 1
                    return big[0]

                camera.capture = capture
                self.assertIsInstance(await outcome(take(frames)), CameraFault)
                camera.capture = small
                self.assertEqual(bytes(kept.view), data)
            big.clear()
            gc.collect()
            await asyncio.sleep_ms(1_000)
            self.assertEqual((await take(frames))[1], bytes((camera.captures,)) * 1_000)
            self.assertEqual(camera.unreleased, 0)

        self.run_case(scenario, max_bytes=4_000_000)

    def test_readers_share_one_frame_while_memory_is_low(self):
        async def scenario(frames, camera, log):
            taken = []

            def fill(frame, view, seq):
                if len([f for f in frames.pool.frames if f.leases]) >= 1:
                    raise MemoryError
                whole_fill(frame, view, seq)

            whole_fill, Frame.fill = Frame.fill, fill
            try:
                readers = [asyncio.create_task(take(frames, 300)) for _ in range(2)]
                await asyncio.sleep_ms(250)
                readers += [asyncio.create_task(take(frames)) for _ in range(3)]
                for reader in readers:
                    taken.append((await reader)[0])
            finally:
                Frame.fill = whole_fill
            self.assertEqual((frames.leased(), camera.unreleased), (0, 0))
            self.assertEqual(
                [text for _, text in log.errors],
                ["no memory for 1000 bytes, slots reduced to 1"],
            )
            await asyncio.sleep_ms(1_000)
            many = [asyncio.create_task(take(frames, 1_000))]
            await asyncio.sleep_ms(300)
            await take(frames)  # while the other reader holds its frame
            await many[0]

        self.run_case(scenario)

    def test_slow_reader_gives_up_its_slot_if_all_are_used(self):
        async def scenario(frames, camera, log):
            lease, gone = frames.fresh(), asyncio.Event()
            lease.give_up = gone.set

            async def slow():
                await lease.acquire()
                await gone.wait()
                lease.release()

            reader = asyncio.create_task(slow())
            await asyncio.sleep_ms(500)
            started = clock.now_ms()
            await take(frames)
            self.assertTrue(1_900 <= clock.now_ms() - started < 3_000, clock.now_ms() - started)
            await reader
            self.assertEqual(frames.leased(), 0)
            self.assertEqual(log.debugs, [("frames", "a slow reader gives up its slot")])

        self.run_case(scenario, slots=1)

    def test_bug_in_the_camera_propagates_and_the_next_run_serves_the_reader(self):
        async def main():
            camera = Camera()
            frames = Frames(camera, Log())
            waiting = asyncio.create_task(take(frames))
            camera.fault = ZeroDivisionError()
            self.assertIsInstance(await outcome(frames.run()), ZeroDivisionError)
            camera.fault = None
            task = asyncio.create_task(frames.run())
            await waiting
            await ended(task)

        run(main())

    def test_paused_until_it_is_resumed(self):
        async def scenario(frames, camera, log):
            stops = []
            camera.stop = lambda: stops.append(camera.unreleased)
            await take(frames)
            waiting = asyncio.create_task(outcome(take(frames)))
            await asyncio.sleep_ms(50)
            await frames.pause("an update is under way")
            self.assertEqual((stops, frames.at_rest), ([0], True))  # no buffer is unreleased
            self.assertIn("update", str(await waiting))
            before = camera.captures
            self.assertIn("update", str(await outcome(take(frames))))
            await asyncio.sleep_ms(10_000)
            self.assertEqual(camera.captures, before)
            frames.resume()
            await take(frames)
            self.assertEqual((len(stops), frames.at_rest, frames.leased()), (1, False, 0))
            frames.resume()

        self.run_case(scenario)

    def test_pause_with_all_slots_leased_or_with_a_hanging_camera(self):
        async def scenario(frames, camera, log):
            camera.stop = lambda: None
            async with frames.fresh() as frame:
                other = asyncio.create_task(outcome(take(frames)))
                await asyncio.sleep_ms(500)
                data = bytes(frame.view)
                await frames.pause("update")
                self.assertTrue(frames.at_rest)
                self.assertEqual(bytes(frame.view), data)
                await other
            frames.resume()

            async def hangs():
                await asyncio.sleep_ms(60_000)

            camera.capture = hangs
            other = asyncio.create_task(outcome(take(frames)))
            await asyncio.sleep_ms(500)
            started = clock.now_ms()
            await frames.pause("update")
            self.assertTrue(4_900 <= clock.now_ms() - started < 6_000)
            self.assertIn("update", str(await other))

        self.run_case(scenario, slots=1)


suite.main()
