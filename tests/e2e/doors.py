"""The three doors for commands, one way to use them: `ask(name, argument)` gives an Answer."""

import re
from typing import NamedTuple

from sim import TOPIC, wait_until
from telnetuser import TelnetUser

_LIMIT_S = 20


class Answer(NamedTuple):
    """`text` is the value now in force, or why the command was refused."""

    refused: bool
    text: str


class MQTTDoor:
    """Asks on `cmnd/<topic>/`; a refusal is what comes on SYNTAX."""

    def __init__(self, listener, topic=TOPIC):
        self._listener = listener
        self._topic = topic

    def ask(self, name, argument="", reply=None):
        since = len(self._listener.messages)
        good, bad = f"stat/{TOPIC}/{reply or name.lower()}", f"stat/{TOPIC}/SYNTAX"
        self._listener.publish(f"cmnd/{self._topic}/{name}", argument, qos=0)

        def answer():
            for message in self._listener.messages[since:]:
                if message.topic in (good, bad) and not message.retain:
                    return Answer(message.topic == bad, message.payload.decode())
            return None

        return wait_until(answer, _LIMIT_S, f"answer to {name} {argument!r}", 0.002)


class _Console:
    """A door where lines are typed; `text` is all that it has shown."""

    def ask(self, name, argument="", reply=None):
        shown = reply or name.lower()
        since = len(self.text)
        self.type(f"{name} {argument}".strip())
        pattern = re.compile(rf"^(?:{shown} = (.*)|{re.escape(name)}: (.*))\n", re.MULTILINE)
        found = wait_until(
            lambda: pattern.search(self.text, since), _LIMIT_S, f"answer to {name}", 0.005
        )
        return Answer(found[2] is not None, found[1] if found[2] is None else found[2])

    def see(self, pattern, line):
        """Type a line and wait for text that the pattern is found in; returns that text."""
        since = len(self.text)
        self.type(line)
        wait_until(
            lambda: re.search(pattern, self.text[since:]), _LIMIT_S, f"{pattern} to {line}", 0.005
        )
        return self.text[since:]


class TelnetConsole(_Console):
    def __init__(self, camera):
        self._camera = camera
        self._user = None
        self._before = ""  # what the connections that have ended have shown

    def has_ended(self):
        """Whether the camera ends the connection, within the limit."""
        return self._user.closed.wait(_LIMIT_S)

    @property
    def text(self):
        return self._before + (self._user.text if self._user else "")

    def type(self, line):
        """Send a line, by a new connection where the last has ended."""
        if self._user is None or self._user.closed.is_set():
            self._before = self.text
            self._user = TelnetUser.admitted(self._camera.facts["telnet"])
        self._user.send(line.encode() + b"\r\n")

    def close(self):
        if self._user:
            self._user.close()


class UARTConsole(_Console):
    def __init__(self, camera):
        self._camera = camera

    @property
    def text(self):
        return self._camera.output.replace("\r\n", "\n")

    def type(self, line):
        self._camera.type(line + "\n")
