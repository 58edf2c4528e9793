"""Instead of main.py: the same firmware with small pictures; tells what heap it uses."""

import asyncio
import gc

from app.system import System


async def tell():
    """Bytes in use after a collection, every second."""
    while True:
        await asyncio.sleep(1)
        gc.collect()
        print("heap in use:", gc.mem_alloc())


async def main():
    system = System()
    system.camera.params["framesize"] = 5  # nobody has started the sensor yet
    asyncio.create_task(tell())
    await system.run()


asyncio.run(main())
