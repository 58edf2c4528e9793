"""Runs the camera's firmware on a simulated ESP32-CAM: see `--help`.

The rest of this folder is the world round the interpreter; `board/` holds the modules with the
ESP32's names that the firmware imports.
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
    """Run the board until a signal, or a program's end; returns the exit status."""
    stopped = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stopped)
    world = World(args)
    try:
        facts = await world.open()
        if not (args.quiet or args.run):
            firmware.say_where_to_look(
                facts, dict(args.set).get("topic", "esp32-mqtt-cam"), args.ap
            )
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
    os._exit(status)  # a thread may still be reading the keyboard


if __name__ == "__main__":
    main()
