"""Heap bytes that one published frame allocates, with the garbage collector off."""

import asyncio
import gc

from parts import Parts, arguments, jpeg, say

from app.mqtt.publisher import ImagePublisher


async def per_frame(work, count):
    """Return the bytes per call; nothing is freed meanwhile."""
    for _ in range(8):  # until growing buffers have their final size
        await work()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(count):
        await work()
    used = gc.mem_alloc() - before
    gc.enable()
    return used / count


async def main(size, count, port):
    parts = Parts(size, port)
    tasks = parts.start()
    await asyncio.wait_for(parts.session.up.wait(), 10)
    publisher = ImagePublisher(
        parts.frames, parts.session, parts.settings, parts.topics.image, parts.log, None
    )
    frame = memoryview(bytes(jpeg(size)))

    async def publish():
        await parts.session.publish(parts.topics.image, frame, retain=True)

    session = await per_frame(publish, count)
    whole = await per_frame(publisher._publish, count)
    if publisher.dropped:
        raise OSError("frames were dropped")
    say(session=session, publisher=whole)
    for task in tasks:
        task.cancel()


asyncio.run(main(**arguments()))
