"""Instead of main.py: the same firmware with small pictures; tells what heap it uses."""

import asyncio
import gc

from aio.late import once


async def tell():
    """Bytes in use after a collection, every second."""
    while True:
        await asyncio.sleep(1)
        gc.collect()
        print("heap in use:", gc.mem_alloc())


def made():
    system = once("app.system").System()
    system.camera.params["framesize"] = 5  # nobody has started the sensor yet
    return system.start()


async def main():
    asyncio.create_task(tell())
    await made().run()


asyncio.run(main())
