"""Replacement for main.py: the firmware with small pictures; prints the heap in use."""

import asyncio
import gc

import micropython

from app.system import System


async def report():
    """Print the bytes in use after a collection, every second."""
    while True:
        await asyncio.sleep(1)
        gc.collect()
        print("heap in use:", gc.mem_alloc())
        micropython.qstr_info()


async def main():
    system = System()
    system.camera.params["framesize"] = 5  # QVGA; the sensor starts later
    supervisor = system.start()
    del system
    asyncio.create_task(report())
    await supervisor.run()


asyncio.run(main())
