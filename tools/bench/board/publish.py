"""Throughput of publishing in MB/s: the session, umqtt.simple and a bare loop, in turn."""

import asyncio
import gc
from time import ticks_diff, ticks_us

from blocking import TOPIC, Bare, Simple, connected
from parts import Parts, arguments, jpeg, say


class Ours:
    """The firmware's session."""

    def __init__(self, parts):
        self._parts = parts

    async def publish(self, frame, count):
        for _ in range(count):
            await self._parts.session.publish(TOPIC, frame, retain=True)

    async def arrived(self):
        outbox = self._parts.outbox
        await self._parts.session.publish(b"tele/bench/end", b"", qos=1)
        while len(outbox):
            await asyncio.sleep_ms(0)


async def timed(sender, frame, count):
    """Return the throughput in MB/s, which is bytes per microsecond."""
    gc.collect()
    start = ticks_us()
    await sender.publish(frame, count)
    await sender.arrived()
    return len(frame) * count / ticks_diff(ticks_us(), start)


async def main(size, count, rounds, host, port, ca):
    frame = memoryview(bytes(jpeg(size)))
    parts = Parts(size, port, host, ca)
    tasks = parts.start()
    await asyncio.wait_for(parts.session.up.wait(), 10)
    senders = [
        ("ours", Ours(parts)),
        ("umqtt", Simple(connected(host, port, ca, b"simple"))),
        ("bare", Bare(connected(host, port, ca, b"bare"), frame)),
    ]
    for _, sender in senders:
        await timed(sender, frame, count)
    for _ in range(rounds):
        speeds = {}
        for name, sender in senders:
            speeds[name] = await timed(sender, frame, count)
        say(**speeds)
        senders = senders[1:] + senders[:1]
    for task in tasks:
        task.cancel()


asyncio.run(main(**arguments()))
