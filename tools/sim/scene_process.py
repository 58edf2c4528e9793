"""The renderer in a process of its own, so that drawing never holds the runner's loop."""

import asyncio
import json
import struct
import sys
from pathlib import Path

_SIZE = struct.Struct("<I")


class SceneProcess:
    """Draws one picture at a time: a JSON line in, a length and the picture's bytes out."""

    def __init__(self):
        self._process = None
        self._lock = asyncio.Lock()

    async def open(self):
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).resolve()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=4 << 20,
            start_new_session=True,  # Ctrl-C in the terminal is the runner's business
        )

    async def render(self, **request):
        """The bytes of a picture; see `scene.Scene.picture` for what can be asked."""
        return await asyncio.shield(self._exchange(request))  # never leave an answer unread

    async def _exchange(self, request):
        async with self._lock:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            head = await self._process.stdout.readexactly(_SIZE.size)
            return await self._process.stdout.readexactly(_SIZE.unpack(head)[0])

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
