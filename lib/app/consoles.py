"""Command lines on the serial console: `command argument`, answered by `command = value`."""

from micropython import const

from proto.values import BadArgument, UnknownCommand

_MOST = const(255)


class UARTConsole:
    """Reads lines from UART0 and answers them there."""

    def __init__(self, stdio, commands, log):
        self._stdio = stdio
        self._commands = commands
        self._log = log

    async def run(self):
        line = ""
        while True:
            char = await self._stdio.read()
            if char in ("\r", "\n"):
                if line:
                    self._write(self._answer(line))
                line = ""
            elif " " <= char <= "~" and len(line) < _MOST:
                line += char

    def _answer(self, line):
        name, _, argument = line.strip().partition(" ")
        try:
            reply, text, _ = self._commands.call(name, argument)
            return "{} = {}".format(reply, text)
        except UnknownCommand:
            return "unknown; commands: " + ", ".join(self._commands.names())
        except BadArgument as e:
            return "{}: {}".format(name, e)
        except Exception as e:  # our own fault must not end the console
            self._log.error("command", "{}: {!r}".format(name, e))
            return name + ": failed"

    def _write(self, text):
        self._stdio.write(text.replace("\n", "\r\n") + "\r\n")
