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
_LAST_WORDS_S = 0.1


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

    async def close(self):
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


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


def _mended_broker(config):
    """amqtt 0.12.1, so that it delivers what a client publishes just before it says goodbye.

    As it is, `mosquitto_pub` at QoS 0 is lost more often than not: the tasks that handle the
    last packets are cancelled with the connection, waiting messages are forgotten, and every
    new client is sent the retained messages of what others have subscribed to.
    """
    from amqtt.broker import Broker
    from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler as Handler

    handle_publish, wait_disconnect = Handler.handle_publish, Handler.wait_disconnect

    def handle_at_once(self, packet):
        return _join(asyncio.ensure_future(handle_publish(self, packet)))

    async def disconnected_and_heard(self):
        packet = await wait_disconnect(self)
        await asyncio.sleep(_LAST_WORDS_S)
        return packet

    class Mended(Broker):
        async def _publish_retained_messages_for_subscription(self, subscription, session):
            subscribers = [each for each, _ in self._subscriptions.get(subscription[0], ())]
            if session in subscribers:
                await super()._publish_retained_messages_for_subscription(subscription, session)

    Handler.handle_publish = handle_at_once
    Handler.wait_disconnect = disconnected_and_heard
    return Mended(config)


async def _join(task):
    await asyncio.shield(task)


async def _serve(port):
    logging.disable(logging.CRITICAL)  # it calls a closed connection an error
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = _mended_broker(config)
    await broker.start()
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)  # the runner is gone
    loop.add_signal_handler(signal.SIGTERM, sys.exit)
    await ended
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
