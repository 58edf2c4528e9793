"""app.syslog: datagrams, and an unreachable server."""

import asyncio
import socket
import unittest

import suite
from fakes import Direct, ended, free_port, outcome, run

from app.log import DEBUG, Log
from app.syslog import Datagrams, Syslog


class Sink:
    """Records datagrams, or raises `error`."""

    def __init__(self):
        self.sent = []
        self.error = None
        self.tries = self.closed = 0

    async def send(self, target, data):
        self.tries += 1
        if self.error:
            raise self.error
        self.sent.append((target, data.decode()))

    def close(self):
        self.closed += 1


class TestSyslog(unittest.TestCase):
    def run_case(self, scenario, server="logs.example", lines=8):
        async def main():
            log, sink, up = Log(lambda line: None, lines), Sink(), asyncio.Event()
            settings = {"syslog": server}
            syslog = Syslog(log, settings, up, None, "DVES_A1B2C3", sink)
            task = asyncio.create_task(syslog.run())
            await scenario(log, sink, up, settings)
            await ended(task)

        run(main(), 100_000)

    def test_levels_are_sent_as_severities_of_local0(self):
        async def scenario(log, sink, up, settings):
            log.level = DEBUG
            log.error("a", "1")
            log.info("b", "2")
            log.debug("c", "3")
            await asyncio.sleep_ms(1_000)
            self.assertEqual(sink.sent, [])  # no network yet
            up.set()
            await asyncio.sleep_ms(1_000)
            expected = ("<131>DVES_A1B2C3 0 a: ! 1", "<134>DVES_A1B2C3 0 b: 2")
            self.assertEqual([s[1] for s in sink.sent[:2]], list(expected))
            self.assertEqual(sink.sent[2], ("logs.example", "<135>DVES_A1B2C3 0 c: 3"))

        self.run_case(scenario)

    def test_sends_nothing_while_off_and_the_kept_lines_when_enabled(self):
        async def scenario(log, sink, up, settings):
            up.set()
            for n in range(10):
                log.info("a", str(n))
            await asyncio.sleep_ms(2_000)
            self.assertEqual(sink.sent, [])
            settings["syslog"] = "logs.example"
            await asyncio.sleep_ms(2_000)
            numbers = [int(text.split()[-1]) for _, text in sink.sent]
            self.assertEqual(numbers, list(range(2, 10)))
            settings["syslog"] = ""
            await asyncio.sleep_ms(2_000)
            log.info("a", "10")
            await asyncio.sleep_ms(2_000)
            self.assertEqual((len(sink.sent), sink.closed), (8, 1))

        self.run_case(scenario, "")

    def test_unreachable_server_is_retried_slowly_and_old_lines_are_skipped(self):
        async def scenario(log, sink, up, settings):
            up.set()
            sink.error = OSError(-2)
            for n in range(100):
                log.info("a", str(n))
                await asyncio.sleep_ms(1_000)
            self.assertTrue(2 <= sink.tries <= 5, sink.tries)
            self.assertEqual(log.count, 100)  # its own failures are not logged
            sink.error = None
            await asyncio.sleep_ms(31_000)
            numbers = [int(text.split()[-1]) for _, text in sink.sent]
            self.assertEqual(numbers, list(range(92, 100)))

        self.run_case(scenario)


class TestDatagrams(unittest.TestCase):
    def test_sends_to_a_changed_host_and_port(self):
        async def scenario():
            receivers, ports = [], []
            for port in (free_port(), free_port()):
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                sock.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
                receivers.append(sock)
                ports.append(port)
            out = Datagrams(Direct(), ports[0])
            await out.send("127.0.0.1", b"one")
            await out.send("127.0.0.1:{}".format(ports[1]), b"two")
            await out.send("127.0.0.1:{}".format(ports[1]), b"three")
            self.assertEqual(receivers[0].recv(100), b"one")
            self.assertEqual([receivers[1].recv(100) for _ in range(2)], [b"two", b"three"])
            out.close()
            out.close()
            await out.send("127.0.0.1", b"again")
            self.assertEqual(receivers[0].recv(100), b"again")
            out.close()
            for sock in receivers:
                sock.close()

        run(scenario())

    def test_unknown_name_is_an_oserror(self):
        class Lookup:
            async def call(self, function, *args):
                raise OSError(-2)

        out = Datagrams(Lookup(), 514)
        for _ in range(2):
            self.assertIsInstance(run(outcome(out.send("no.example", b"x"))), OSError)


suite.main()
