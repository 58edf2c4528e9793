"""aio.listener on the loopback: limits, faults of one connection, and cancellation."""

import asyncio
import socket
import unittest

import suite
from fakes import (
    Deadlines,
    Log,
    Stream,
    client_socket,
    clock,
    ended,
    free_port,
    outcome,
    read,
    run,
    until,
)

from aio.listener import Budget, Listener


class Handler:
    """Echoes a byte; F raises a bug, O raises OSError, W first waits for a second byte.

    A is the whole request of one that is never answered.
    """

    def __init__(self):
        self.served = 0
        self.busy = True
        self.delays = False  # says nothing about the connection before it has the request

    async def serve(self, stream):
        if not self.delays:
            stream.busy_for(None if self.busy else 0)
        self.served += 1
        first = await read(stream, 1)
        if first == b"F":
            raise ZeroDivisionError()
        if first == b"O":
            raise OSError("gone")
        if first == b"W":
            await read(stream, 1)
        if first == b"A":
            stream.all_read = True
            await asyncio.Event().wait()
        await stream.send(first)

    async def refuse(self, stream):
        await stream.send(b"busy")


class ListenerTestCase(unittest.TestCase):
    def run_case(self, scenario, limit=2):
        async def main():
            port = free_port()
            handler, log, deadlines = Handler(), Log(), Deadlines(50)
            listener = Listener(
                port, handler.serve, handler.refuse, deadlines, log, Budget(6), limit
            )
            tasks = [asyncio.create_task(w.run()) for w in (listener, deadlines)]
            await asyncio.sleep_ms(1)

            def connect():
                sock = client_socket(port)
                sock.setblocking(False)
                return Stream(sock, deadlines)

            try:
                await scenario(connect, listener, handler, log)
            finally:
                for task in tasks:
                    await ended(task)
            self.assertEqual(len(listener), 0)
            self.assertIsInstance(await refused(port), OSError)

        run(main())


async def refused(port):
    async def connect():
        client_socket(port).close()

    return await outcome(connect())


async def talk(stream, data, n=10):
    await stream.send(data)
    answer = await read(stream, n)
    stream.close()
    return answer


class TestListener(ListenerTestCase):
    def test_connections_are_served_and_closed(self):
        async def scenario(connect, listener, handler, log):
            for _ in range(20):
                self.assertEqual(await talk(connect(), b"x"), b"x")
            await until(lambda: not len(listener))
            self.assertEqual((handler.served, log.errors), (20, []))

        self.run_case(scenario)

    def test_bug_in_one_connection_is_logged_and_the_others_continue(self):
        async def scenario(connect, listener, handler, log):
            waiting = connect()
            await waiting.send(b"W")
            self.assertEqual(await talk(connect(), b"F"), b"")
            self.assertEqual(len(log.errors), 1)
            self.assertTrue("ZeroDivisionError" in log.errors[0][1])
            self.assertEqual(await talk(connect(), b"O"), b"")
            self.assertEqual(len(log.errors), 1)  # a lost peer is not an error
            self.assertEqual(await talk(waiting, b"!"), b"W")
            await until(lambda: not len(listener))

        self.run_case(scenario)

    def test_beyond_the_limit_new_connections_are_refused(self):
        async def scenario(connect, listener, handler, log):
            first, second = connect(), connect()
            await first.send(b"W")
            await second.send(b"W")
            await until(lambda: handler.served == 2)
            for _ in range(5):
                self.assertEqual(await read(connect(), 10), b"busy")
            self.assertEqual(len(listener), 2)
            self.assertEqual(await talk(first, b"!"), b"W")
            await until(lambda: len(listener) == 1)
            self.assertEqual(await talk(connect(), b"x"), b"x")
            self.assertEqual(await talk(second, b"!"), b"W")

        self.run_case(scenario)

    def test_oldest_idle_connection_is_closed_for_a_new_one(self):
        async def scenario(connect, listener, handler, log):
            handler.busy = False
            idle = [connect()]
            await until(lambda: handler.served == 1)
            idle.append(connect())
            await until(lambda: handler.served == 2)
            self.assertEqual(await talk(connect(), b"x"), b"x")
            self.assertEqual(await outcome(read(idle[0], 1)), b"")
            self.assertEqual(await talk(idle[1], b"y"), b"y")

        self.run_case(scenario)

    def test_new_connection_has_time_to_send_its_request(self):
        async def scenario(connect, listener, handler, log):
            handler.delays = True
            streams = [connect() for _ in range(5)]  # as a browser: first all connect
            await until(lambda: len(listener) == 2)
            await asyncio.sleep_ms(20)
            for stream in streams:
                await stream.send(b"x")
            for stream in streams:
                self.assertEqual(await read(stream, 1), b"x")
            silent = [connect(), connect()]
            await asyncio.sleep_ms(20)
            started = clock.now_ms()
            self.assertEqual(await talk(connect(), b"y"), b"y")
            self.assertTrue(150 <= clock.now_ms() - started <= 300)
            self.assertEqual(await outcome(read(silent[0], 1)), b"")

        self.run_case(scenario)

    def test_connection_that_has_waited_for_room_has_that_time_too(self):
        async def scenario(connect, listener, handler, log):
            handler.delays = True
            silent = [connect(), connect()]
            await until(lambda: len(listener) == len(silent))
            streams = [connect() for _ in range(3)]  # wait until the silent ones are idle
            for stream in streams:
                await stream.send(b"x")
            for stream in streams:
                self.assertEqual(await outcome(read(stream, 1)), b"x")

        self.run_case(scenario)

    def test_connection_whose_client_has_gone_gives_way(self):
        async def scenario(connect, listener, handler, log):
            for served in (2, 4):
                clients = [connect(), connect()]
                for client in clients:
                    await client.send(b"A")
                await until(lambda count=served: handler.served == count)
                self.assertEqual(await talk(connect(), b"x"), b"busy")
                for client in clients:
                    client.close()
            # the handlers of the first two go on, so there is no room for more of that kind
            self.assertEqual(await talk(connect(), b"x"), b"busy")

        self.run_case(scenario)

    def test_refusal_arrives_although_a_request_was_sent(self):
        async def scenario(connect, listener, handler, log):
            for _ in range(2):
                await connect().send(b"W")
            await until(lambda: handler.served == 2)
            self.assertEqual(await outcome(talk(connect(), b"x" * 1_000)), b"busy")

        self.run_case(scenario)

    def test_idle_connections_do_not_block_new_clients(self):
        async def scenario(connect, listener, handler, log):
            handler.busy = False
            idle = []
            for _ in range(100):
                idle.append(connect())
                await asyncio.sleep_ms(0)
            self.assertEqual(await talk(connect(), b"x"), b"x")
            await until(lambda: len(listener) <= 2)
            for stream in idle:
                stream.close()
            await until(lambda: not len(listener))

        self.run_case(scenario)

    def test_closed_connection_frees_its_place(self):
        async def scenario(connect, listener, handler, log):
            for _ in range(10):
                streams = [connect(), connect()]
                await until(lambda: len(listener) == 2)
                for stream in streams:
                    stream.close()
                await until(lambda: not len(listener))

        self.run_case(scenario)

    def test_listener_waits_while_sockets_are_used_up(self):
        async def scenario(connect, listener, handler, log):
            stream = connect()
            hoard = []
            try:
                while True:
                    hoard.append(socket.socket())
            except OSError:
                pass
            await stream.send(b"x")
            await asyncio.sleep_ms(2_000)
            self.assertEqual(handler.served, 0)
            for sock in hoard:
                sock.close()
            self.assertEqual(await read(stream, 1), b"x")
            self.assertEqual(await talk(connect(), b"y"), b"y")

        self.run_case(scenario)

    def test_cancel_closes_the_connections(self):
        async def scenario(connect, listener, handler, log):
            for _ in range(2):
                await connect().send(b"W")
            await until(lambda: handler.served == 2)  # `run_case` checks that none is left

        self.run_case(scenario)

    def test_runs_again_after_a_cancel(self):
        async def scenario():
            port = free_port()
            handler = Handler()
            listener = Listener(port, handler.serve, handler.refuse, Deadlines(), Log(), Budget(6))
            for n in range(3):
                task = asyncio.create_task(listener.run())
                await asyncio.sleep_ms(1)
                sock = client_socket(port)
                sock.setblocking(False)
                self.assertEqual(await talk(Stream(sock, Deadlines()), b"x"), b"x")
                await ended(task)
            self.assertEqual(handler.served, 3)

        run(scenario())

    def test_port_in_use_is_an_oserror(self):
        async def scenario():
            port = free_port()
            handler = Handler()
            one = Listener(port, handler.serve, handler.refuse, Deadlines(), Log(), Budget(6))
            task = asyncio.create_task(one.run())
            await asyncio.sleep_ms(1)
            two = Listener(port, handler.serve, handler.refuse, Deadlines(), Log(), Budget(6))
            error = await outcome(two.run())
            await ended(task)
            return error

        self.assertIsInstance(run(scenario()), OSError)


class TestBudget(unittest.TestCase):
    """Two listeners share a budget, and the second one may free room in it."""

    def run_case(self, scenario, most=2, room=None):
        async def main():
            budget, log, deadlines = Budget(most), Log(), Deadlines(50)
            ports, handlers, listeners = [], [], []
            for make_room in (None, room and (lambda: room(handlers[0]))):
                port, handler = free_port(), Handler()
                ports.append(port)
                handlers.append(handler)
                listeners.append(
                    Listener(
                        port, handler.serve, handler.refuse, deadlines, log, budget, 2, make_room
                    )
                )
            tasks = [asyncio.create_task(each.run()) for each in listeners + [deadlines]]
            await asyncio.sleep_ms(1)

            async def connect(which, first=b"W"):
                sock = client_socket(ports[which])
                sock.setblocking(False)
                stream = Stream(sock, deadlines)
                await stream.send(first)
                return stream

            await scenario(connect, handlers, budget)
            for task in tasks:
                await ended(task)
            self.assertEqual((budget.taken, log.errors), (0, []))

        run(main())

    def test_budget_is_shared_and_freed(self):
        async def scenario(connect, handlers, budget):
            streams = [await connect(0), await connect(1)]
            await until(lambda: handlers[0].served == handlers[1].served == 1)
            self.assertEqual(budget.taken, 2)
            for which in (0, 1):
                self.assertEqual(await read(await connect(which, b""), 10), b"busy")
            streams[0].close()
            await until(lambda: budget.taken == 1)
            await connect(1)
            await until(lambda: handlers[1].served == 2)

        self.run_case(scenario)

    def test_idle_connection_of_the_other_listener_gives_way(self):
        async def scenario(connect, handlers, budget):
            for busy, idle in ((0, 1), (1, 0)):
                handlers[idle].busy = False
                streams = [await connect(idle), await connect(busy)]
                await until(lambda: handlers[0].served + handlers[1].served == 2)
                self.assertEqual(await read(await connect(busy, b"x"), 1), b"x")
                self.assertEqual(await outcome(read(streams[0], 1)), b"")
                streams[1].close()
                await until(lambda: not budget.taken)
                handlers[0].served = handlers[1].served = 0
                handlers[idle].busy = True

        self.run_case(scenario)

    def test_make_room_closes_a_connection_of_the_other_listener(self):
        calls = []

        def room(handler):
            calls.append(1)
            return len(calls) == 1

        async def scenario(connect, handlers, budget):
            await connect(0)
            await connect(0)
            await until(lambda: handlers[0].served == 2)
            await connect(1)
            await until(lambda: handlers[1].served == 1)
            self.assertEqual(await read(await connect(1, b""), 10), b"busy")
            self.assertEqual(len(calls), 3)  # the last one after a wait

        self.run_case(scenario, room=room)

    def test_cancel_before_a_connection_is_served_frees_the_budget(self):
        async def main():
            budget, handler, port = Budget(2), Handler(), free_port()
            listener = Listener(port, handler.serve, handler.refuse, Deadlines(), Log(), budget)
            task = asyncio.create_task(listener.run())
            await asyncio.sleep_ms(1)
            sock = client_socket(port)
            while not budget.taken:
                await asyncio.sleep_ms(0)
            await ended(task)
            sock.close()
            self.assertEqual((budget.taken, len(listener)), (0, 0))

        run(main())


suite.main()
