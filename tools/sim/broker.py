"""Embedded MQTT broker: amqtt in a separate process."""

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path

_PORT = 1883
_START_S = 10
_GRACE_S = 0.1
_NAME = "default"


class EmbeddedBroker:
    """Runs the broker on port 1883, or on any free port if that is in use."""

    def __init__(self):
        self.port = None
        self._process = None

    async def open(self):
        """Listen and start the broker; raise RuntimeError if it does not start."""
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
            raise RuntimeError("the embedded broker did not start")

    async def close(self):
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _listener():
    try:
        return socket.create_server(("127.0.0.1", _PORT))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def _patched_broker(config):
    """Return a broker of amqtt 0.12.1 that delivers messages sent just before DISCONNECT.

    Unpatched, it loses most messages of `mosquitto_pub` at QoS 0, because it cancels the tasks
    that handle the last packets together with the connection and drops queued messages. It also
    sends each new client the retained messages of other clients' subscriptions.
    """
    from amqtt.broker import Broker
    from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler as Handler

    handle_publish, wait_disconnect = Handler.handle_publish, Handler.wait_disconnect

    def handle_shielded(self, packet):
        return _join(asyncio.ensure_future(handle_publish(self, packet)))

    async def wait_for_last_packets(self):
        packet = await wait_disconnect(self)
        await asyncio.sleep(_GRACE_S)
        return packet

    class PatchedBroker(Broker):
        async def _publish_retained_messages_for_subscription(self, subscription, session):
            subscribers = [each for each, _ in self._subscriptions.get(subscription[0], ())]
            if session in subscribers:
                await super()._publish_retained_messages_for_subscription(subscription, session)

    Handler.handle_publish = handle_shielded
    Handler.wait_disconnect = wait_for_last_packets
    return PatchedBroker(config)


async def _join(task):
    await asyncio.shield(task)


async def _serve(sock):
    logging.disable(logging.CRITICAL)  # it logs a closed connection as an error
    config = {
        "listeners": {_NAME: {"type": "external", "bind": "external"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = _patched_broker(config)
    await broker.start()
    await asyncio.start_server(lambda *ends: broker.stream_connected(*ends, _NAME), sock=sock)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.read)  # EOF: the runner has ended
    loop.add_signal_handler(signal.SIGTERM, sys.exit)
    await ended
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[1]))))
