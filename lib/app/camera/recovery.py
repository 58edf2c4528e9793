"""How a sensor is started, and revived when it gives no picture; borrow it.

`of` is the Camera that is cared for.
"""

import asyncio

from micropython import const

from aio.late import borrow
from proto.framesizes import size_name
from proto.params import params

_SMALL = const(5)  # QVGA: the rest of the camera is worth less than such a picture


async def recover(of):
    """One rung: from "starting" the first init, then up the ladder."""
    if of.state == "starting":
        await _start(of)
        return
    step = of.ladder[min(of.streak, len(of.ladder)) - 1]
    of.recoveries[step] += 1
    of.say(of.log.info, "recovery: " + step)
    if step == "flush":
        for _ in range(of.sensor.stale):
            await of.sensor.capture(of.timeout_ms)
    elif step == "reinit":
        await _start(of)
    elif step == "power":
        await asyncio.sleep_ms(of.backoff.next_ms())
        await of.sensor.power_cycle()
        await _start(of)


async def _start(of):
    """Initialise the sensor as it is wished to be, smaller where the memory is short."""
    wished = of.params["framesize"]
    for size in range(wished, -1, -1):
        try:
            await of.sensor.start(size_name(size), of.params["quality"])
            if of.free_bytes() >= of.reserve_bytes or size <= _SMALL:
                break
            of.sensor.stop()
        except MemoryError:
            pass
    else:
        raise MemoryError("not even for the smallest picture")
    if size < wished:
        text = "too little memory for {}: {}"
        of.log.error("camera", text.format(size_name(wished), size_name(size)))
        of.params["framesize"] = size
    apply = borrow("app.camera.change").apply
    for name, _, _, initial in params():
        value = of.params[name]
        if value != initial and name not in ("framesize", "quality"):
            try:
                apply(of, name, value)
            except OSError as e:  # stored for another sensor: a picture is worth more
                of.log.error("camera", str(e))


def smaller(of):
    """What found no room twice running finds none the third time either."""
    size = of.params["framesize"]
    of.params["framesize"] = max(0, size - 1)
    of.say(of.log.error, "too little memory for " + size_name(size))
