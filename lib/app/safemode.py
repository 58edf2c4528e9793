"""Safe mode: after five starts that failed, what is needed to mend the camera still runs."""

REASON = "safe mode after five failed starts"


class SafeMode:
    """Lets the camera rest, which takes the most memory; consoles and network stay."""

    def __init__(self, frames, camera, log):
        self._frames = frames
        self._camera = camera
        self._log = log

    async def run(self):
        self._log.error("system", REASON + ": no pictures; a restart tries all again")
        await self._frames.pause(REASON)
        self._camera.reason = REASON
