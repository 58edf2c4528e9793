"""Board's half of `Inside`: runs the camera, and the code that a test passes in a file."""

import asyncio

_POLL_MS = 20
_FILE = "/root/code"  # on the board, which has the folder of --root there
names = {}


def run(system):
    """Run a camera; `names` of the test's code has it as `system`."""
    names["system"] = system
    asyncio.run(_both(system.start()))


async def _both(supervisor):
    names["supervisor"] = supervisor
    work = asyncio.create_task(_execute())
    try:
        await supervisor.run()
    finally:
        work.cancel()


async def _execute():
    done = ""
    while True:
        await asyncio.sleep_ms(_POLL_MS)
        try:
            with open(_FILE) as file:
                number, _, code = file.read().partition("\n")
        except OSError:
            continue
        if number != done:
            done = number
            print("\ninside", number, "begins")
            print("\ninside {}: {!r}".format(number, _result(code)))


def _result(code):
    names["result"] = None
    try:
        exec(code, names)
        return names["result"]
    except Exception as e:
        return e
