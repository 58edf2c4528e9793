"""MQTT, telnet and UART with one interface: `command(name, argument)` returns a Reply."""

import re
from typing import NamedTuple

from sim import TOPIC, wait_until
from telnet_client import TelnetClient

_LIMIT_S = 10


class Reply(NamedTuple):
    """Reply to a command; `text` is the value now in force or the reason for the refusal."""

    refused: bool
    text: str


class MQTTTransport:
    """Publishes commands on `cmnd/<topic>/`; a refusal arrives on `stat/<topic>/SYNTAX`."""

    def __init__(self, listener, topic=TOPIC):
        self._listener = listener
        self._topic = topic

    def command(self, name, argument="", reply=None):
        since = self._listener.catch_up()
        good, bad = f"stat/{TOPIC}/{reply or name.lower()}", f"stat/{TOPIC}/SYNTAX"
        self._listener.publish(f"cmnd/{self._topic}/{name}", argument, qos=0)

        def received():
            for message in self._listener.messages[since:]:
                if message.topic in (good, bad) and not message.retain:
                    return Reply(message.topic == bad, message.payload.decode())
            return None

        return wait_until(received, _LIMIT_S, f"reply to {name} {argument!r}", 0.002)


class _Console:
    """Transport with a command line; `text` is its output so far."""

    def command(self, name, argument="", reply=None):
        shown = reply or name.lower()
        since = len(self.text)
        line = f"{name} {argument}" if argument else name
        self.type(line)
        pattern = re.compile(rf"^(?:{shown} = (.*)|{re.escape(name)}: (.*))\n", re.MULTILINE)

        last = line.rsplit("\n", 1)[-1]

        def replied():
            echo = self.text.find(last + "\n", since)  # a reply to another console may precede it
            return pattern.search(self.text, echo + len(last)) if echo >= 0 else None

        found = wait_until(replied, _LIMIT_S, f"reply to {name}", 0.005)
        return Reply(found[2] is not None, found[1] if found[2] is None else found[2])

    def expect(self, pattern, line):
        """Type a line, wait for output that matches `pattern` and return the output."""
        since = len(self.text)
        self.type(line)
        wait_until(
            lambda: re.search(pattern, self.text[since:]),
            _LIMIT_S,
            f"{pattern} in the reply to {line}",
            0.005,
        )
        return self.text[since:]


class TelnetConsole(_Console):
    def __init__(self, camera):
        self._camera = camera
        self._client = None

    @property
    def client(self):
        """The open connection; reconnects if the camera has closed the last one."""
        if self._client is None or self._client.closed.is_set():
            self._client = TelnetClient.with_console(self._camera.facts["telnet"])
        return self._client

    def is_closed(self):
        """Wait for the camera to close the connection; return False after the time limit."""
        return self._client.closed.wait(_LIMIT_S)

    @property
    def text(self):
        return self.client.text

    def type(self, line):
        self.client.send(line.replace("\n", "\r\n").encode() + b"\r\n")

    def close(self):
        if self._client:
            self._client.close()


class UARTConsole(_Console):
    def __init__(self, camera):
        self._camera = camera

    @property
    def text(self):
        return self._camera.output.replace("\r\n", "\n")

    def type(self, line):
        self._camera.type(line + "\n")
