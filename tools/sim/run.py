"""Run the camera's firmware on a simulated ESP32-CAM; see `--help`.

The other modules in this folder simulate the environment of the interpreter. `board/` holds the
replacements for the ESP32 modules that the firmware imports.
"""

import asyncio
import os
import signal
import sys

import firmware
import options
from errors import UsageError
from world import World


async def run(args):
    """Run the board until a signal arrives or its program ends; return the exit status."""
    stopped = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stopped)
    world = World(args)
    try:
        facts = await world.open()
        if not (args.quiet or args.run):
            firmware.print_summary(facts, dict(args.set).get("topic", "esp32-mqtt-cam"), args.ap)
        exited = world.power_on(facts)
        await asyncio.wait([stopped, exited], return_when=asyncio.FIRST_COMPLETED)
        return exited.result() if exited.done() else 0
    finally:
        await world.close()


def _stop(stopped):
    if not stopped.done():
        stopped.set_result(None)


def main():
    args = options.parse()
    try:
        status = asyncio.run(run(args))
    except UsageError as exc:
        print(f"run.py: {exc}", file=sys.stderr)
        status = 2
    sys.stdout.flush()
    os._exit(status)  # a thread may still be reading stdin


if __name__ == "__main__":
    main()
