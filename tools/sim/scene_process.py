"""Renderer in a separate process, so that drawing does not block the runner's event loop."""

import asyncio
import json
import struct
import sys
from pathlib import Path

_SIZE = struct.Struct("<I")


class SceneProcess:
    """Draws one picture per request: a JSON line in, the length and the data out.

    It starts with the first request, because many boards never take a picture.
    """

    def __init__(self):
        self._process = None
        self._lock = asyncio.Lock()

    async def render(self, **request):
        """Return the data of a picture; for the arguments see `scene.Scene.picture`."""
        return await asyncio.shield(self._exchange(request))  # always read the response

    async def _exchange(self, request):
        async with self._lock:
            if not self._process:
                await self._start()
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            head = await self._process.stdout.readexactly(_SIZE.size)
            return await self._process.stdout.readexactly(_SIZE.unpack(head)[0])

    async def _start(self):
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).resolve()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=4 << 20,
            start_new_session=True,  # only the runner handles Ctrl-C
        )

    async def close(self):
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def main():
    from scene import Scene

    scene = Scene()
    for line in sys.stdin:
        picture = scene.picture(**json.loads(line))
        sys.stdout.buffer.write(_SIZE.pack(len(picture)) + picture)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
