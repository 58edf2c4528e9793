"""The embedded MQTT broker: amqtt in a process of its own, for those who have none."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from pathlib import Path

_USUAL = 1883
_START_S = 10
_LAST_WORDS_S = 0.05  # its last packets are handled by tasks that still run


class EmbeddedBroker:
    """Runs the broker on the usual port, or on any free one when that is taken."""

    def __init__(self):
        self.port = None
        self._process = None

    async def open(self):
        self.port = _usual_or_free()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).resolve()),
            str(self.port),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        await _wait_for(self.port, self._process)

    def close(self):
        if self._process and self._process.returncode is None:
            self._process.kill()


async def _wait_for(port, process):
    for _ in range(_START_S * 50):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        if process.returncode is not None:
            break
        await asyncio.sleep(0.02)
    raise RuntimeError("the embedded broker does not start")


def _usual_or_free():
    for port in (_USUAL, 0):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                sock.bind(("127.0.0.1", port))
                return sock.getsockname()[1]
    raise RuntimeError("no free port")


def _broker(config):
    from amqtt.broker import Broker

    class LastWords(Broker):
        """amqtt 0.12.1 drops what a client published just before it said goodbye."""

        async def _client_message_loop(self, session, handler):
            gone = handler.wait_disconnect

            async def gone_and_read():
                packet = await gone()
                await asyncio.sleep(_LAST_WORDS_S)
                return packet

            handler.wait_disconnect = gone_and_read
            await super()._client_message_loop(session, handler)

    return LastWords(config)


async def _serve(port):
    logging.disable(logging.CRITICAL)  # it calls a closed connection an error
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = _broker(config)
    await broker.start()
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)  # the runner is gone
    loop.add_signal_handler(signal.SIGTERM, sys.exit)
    await ended
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
