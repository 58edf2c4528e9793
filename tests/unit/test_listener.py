"""aio.listener on the loopback: limits, faults of one connection, and what is left behind."""

import asyncio
import socket
import unittest

from fakes import Deadlines, Log, Stream, dialled, ended, free_port, outcome, read, run, until

from aio.listener import Budget, Listener


class Door:
    """Echoes once. What is sent says how: F fails, O raises OSError, W waits for a second byte."""

    def __init__(self):
        self.served = 0
        self.working = True

    async def serve(self, stream):
        stream.idle = not self.working
        self.served += 1
        first = await read(stream, 1)
        if first == b"F":
            raise ZeroDivisionError()
        if first == b"O":
            raise OSError("gone")
        if first == b"W":
            await read(stream, 1)
        await stream.send(first)

    async def refuse(self, stream):
        await stream.send(b"busy")


class ListenerCase(unittest.TestCase):
    def story(self, tell, limit=2):
        async def whole():
            port = free_port()
            door, log, deadlines = Door(), Log(), Deadlines(50)
            listener = Listener(port, door.serve, door.refuse, deadlines, log, Budget(6), limit)
            tasks = [asyncio.create_task(w.run()) for w in (listener, deadlines)]
            await asyncio.sleep_ms(1)

            def connect():
                sock = dialled(port)
                sock.setblocking(False)
                return Stream(sock, deadlines)

            try:
                await tell(connect, listener, door, log)
            finally:
                for task in tasks:
                    await ended(task)
            self.assertEqual(len(listener), 0)
            self.assertIsInstance(await refused(port), OSError)

        run(whole())


async def refused(port):
    async def dial():
        dialled(port).close()

    return await outcome(dial())


async def talk(stream, data, n=10):
    await stream.send(data)
    answer = await read(stream, n)
    stream.close()
    return answer


class TestListener(ListenerCase):
    def test_serves_and_closes(self):
        async def tell(connect, listener, door, log):
            for _ in range(20):
                self.assertEqual(await talk(connect(), b"x"), b"x")
            await until(lambda: not len(listener))
            self.assertEqual((door.served, log.errors), (20, []))

        self.story(tell)

    def test_fault_of_one_connection_is_logged_and_the_others_go_on(self):
        async def tell(connect, listener, door, log):
            waiting = connect()
            await waiting.send(b"W")
            self.assertEqual(await talk(connect(), b"F"), b"")
            self.assertEqual(len(log.errors), 1)
            self.assertTrue("ZeroDivisionError" in log.errors[0][1])
            self.assertEqual(await talk(connect(), b"O"), b"")
            self.assertEqual(len(log.errors), 1)  # a peer that went is no error
            self.assertEqual(await talk(waiting, b"!"), b"W")
            await until(lambda: not len(listener))

        self.story(tell)

    def test_beyond_the_limit_of_those_at_work_new_ones_are_refused(self):
        async def tell(connect, listener, door, log):
            first, second = connect(), connect()
            await first.send(b"W")
            await second.send(b"W")
            await until(lambda: door.served == 2)
            for _ in range(5):
                self.assertEqual(await read(connect(), 10), b"busy")
            self.assertEqual(len(listener), 2)
            self.assertEqual(await talk(first, b"!"), b"W")
            await until(lambda: len(listener) == 1)
            self.assertEqual(await talk(connect(), b"x"), b"x")
            self.assertEqual(await talk(second, b"!"), b"W")

        self.story(tell)

    def test_oldest_idle_one_goes_for_a_new_one(self):
        async def tell(connect, listener, door, log):
            door.working = False
            idle = [connect()]
            await until(lambda: door.served == 1)
            idle.append(connect())
            await until(lambda: door.served == 2)
            self.assertEqual(await talk(connect(), b"x"), b"x")
            self.assertEqual(await outcome(read(idle[0], 1)), b"")
            self.assertEqual(await talk(idle[1], b"y"), b"y")

        self.story(tell)

    def test_many_idle_ones_keep_nobody_out(self):
        async def tell(connect, listener, door, log):
            door.working = False
            idle = []
            for _ in range(100):
                idle.append(connect())
                await asyncio.sleep_ms(0)
            self.assertEqual(await talk(connect(), b"x"), b"x")
            await until(lambda: len(listener) <= 2)
            for stream in idle:
                stream.close()
            await until(lambda: not len(listener))

        self.story(tell)

    def test_peer_that_vanishes_frees_its_place(self):
        async def tell(connect, listener, door, log):
            for _ in range(10):
                streams = [connect(), connect()]
                await until(lambda: len(listener) == 2)
                for stream in streams:
                    stream.close()
                await until(lambda: not len(listener))

        self.story(tell)

    def test_no_socket_left_is_waited_out(self):
        async def tell(connect, listener, door, log):
            stream = connect()
            hoard = []
            try:
                while True:
                    hoard.append(socket.socket())
            except OSError:
                pass
            await stream.send(b"x")
            await asyncio.sleep_ms(2_000)
            self.assertEqual(door.served, 0)
            for sock in hoard:
                sock.close()
            self.assertEqual(await read(stream, 1), b"x")
            self.assertEqual(await talk(connect(), b"y"), b"y")

        self.story(tell)

    def test_cancelled_it_ends_its_connections(self):
        async def tell(connect, listener, door, log):
            for _ in range(2):
                await connect().send(b"W")
            await until(lambda: door.served == 2)  # `story` sees that none is left

        self.story(tell)

    def test_run_again_after_the_end(self):
        async def story():
            port = free_port()
            door = Door()
            listener = Listener(port, door.serve, door.refuse, Deadlines(), Log(), Budget(6))
            for n in range(3):
                task = asyncio.create_task(listener.run())
                await asyncio.sleep_ms(1)
                sock = dialled(port)
                sock.setblocking(False)
                self.assertEqual(await talk(Stream(sock, Deadlines()), b"x"), b"x")
                await ended(task)
            self.assertEqual(door.served, 3)

        run(story())

    def test_port_in_use_is_an_oserror(self):
        async def story():
            port = free_port()
            door = Door()
            one = Listener(port, door.serve, door.refuse, Deadlines(), Log(), Budget(6))
            task = asyncio.create_task(one.run())
            await asyncio.sleep_ms(1)
            two = Listener(port, door.serve, door.refuse, Deadlines(), Log(), Budget(6))
            error = await outcome(two.run())
            await ended(task)
            return error

        self.assertIsInstance(run(story()), OSError)


class TestBudget(unittest.TestCase):
    """Two listeners that share a number of sockets; the second may ask for room."""

    def story(self, tell, most=2, room=None):
        async def whole():
            budget, log, deadlines = Budget(most), Log(), Deadlines(50)
            ports, doors, listeners = [], [], []
            for make_room in (None, room and (lambda: room(doors[0]))):
                port, door = free_port(), Door()
                ports.append(port)
                doors.append(door)
                listeners.append(
                    Listener(port, door.serve, door.refuse, deadlines, log, budget, 2, make_room)
                )
            tasks = [asyncio.create_task(each.run()) for each in listeners + [deadlines]]
            await asyncio.sleep_ms(1)

            async def connect(which, first=b"W"):
                sock = dialled(ports[which])
                sock.setblocking(False)
                stream = Stream(sock, deadlines)
                await stream.send(first)
                return stream

            await tell(connect, doors, budget)
            for task in tasks:
                await ended(task)
            self.assertEqual((budget.taken, log.errors), (0, []))

        run(whole())

    def test_is_shared_and_given_back(self):
        async def tell(connect, doors, budget):
            streams = [await connect(0), await connect(1)]
            await until(lambda: doors[0].served == doors[1].served == 1)
            self.assertEqual(budget.taken, 2)
            for which in (0, 1):
                self.assertEqual(await read(await connect(which, b""), 10), b"busy")
            streams[0].close()
            await until(lambda: budget.taken == 1)
            await connect(1)
            await until(lambda: doors[1].served == 2)

        self.story(tell)

    def test_room_is_made_by_others_where_they_can(self):
        asked = []

        def room(door):
            asked.append(1)
            return len(asked) == 1

        async def tell(connect, doors, budget):
            await connect(0)
            await connect(0)
            await until(lambda: doors[0].served == 2)
            await connect(1)
            await until(lambda: doors[1].served == 1)
            self.assertEqual(await read(await connect(1, b""), 10), b"busy")
            self.assertEqual(len(asked), 2)

        self.story(tell, room=room)

    def test_ended_before_a_connection_was_served_nothing_is_taken(self):
        async def whole():
            budget, door, port = Budget(2), Door(), free_port()
            listener = Listener(port, door.serve, door.refuse, Deadlines(), Log(), budget)
            task = asyncio.create_task(listener.run())
            await asyncio.sleep_ms(1)
            sock = dialled(port)
            while not budget.taken:
                await asyncio.sleep_ms(0)
            await ended(task)
            sock.close()
            self.assertEqual((budget.taken, len(listener)), (0, 0))

        run(whole())


unittest.main()
