"""The embedded MQTT broker: amqtt in a process of its own, for those who have none."""

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path

_USUAL = 1883
_START_S = 10
_LAST_WORDS_S = 0.1
_NAME = "default"


class EmbeddedBroker:
    """Runs the broker on the usual port, or on any free one where that is taken."""

    def __init__(self):
        self.port = None
        self._process = None

    async def open(self):
        """Listen, and let the process serve what connects; returns once it does."""
        with _listener() as sock:
            self.port = sock.getsockname()[1]
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(Path(__file__).resolve()),
                str(sock.fileno()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=[sock.fileno()],
                start_new_session=True,
            )
        try:
            ready = await asyncio.wait_for(self._process.stdout.readline(), _START_S)
        except asyncio.TimeoutError:
            ready = b""
        if not ready:
            raise RuntimeError("the embedded broker does not start")

    async def close(self):
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _listener():
    try:
        return socket.create_server(("127.0.0.1", _USUAL))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


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


async def _serve(sock):
    logging.disable(logging.CRITICAL)  # it calls a closed connection an error
    config = {
        "listeners": {_NAME: {"type": "external", "bind": "external"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = _mended_broker(config)
    await broker.start()
    await asyncio.start_server(lambda *ends: broker.stream_connected(*ends, _NAME), sock=sock)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)  # the runner is gone
    loop.add_signal_handler(signal.SIGTERM, sys.exit)
    await ended
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[1]))))
