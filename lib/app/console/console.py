"""Consoles: command lines in, `command = value` out; all open consoles show the replies."""

import asyncio

from app.commands import PRIVATE
from app.console.paste import Paste
from config import limits
from proto.lineedit import LineEditor
from proto.values import BadArgument, UnknownCommand

_CLEAR_LINE = b"\r\x1b[K"


class Console:
    """One open console: a line editor, and a bounded queue of output, so that nothing blocks.

    With a `prompt` (bytes), `ready` shows it whenever the next command may be typed.
    """

    def __init__(self, prompt=b""):
        self._prompt = prompt
        self._prompting = False
        self._editor = LineEditor()
        self._paste = Paste()
        self._queue = bytearray()
        self._queued = asyncio.Event()
        self._lost = 0  # lines that did not fit into the queue

    def ready(self):
        """Show the prompt, and what has been typed since the last command."""
        self._prompting = True
        self.put((_CLEAR_LINE if self._editor.typed() else b"") + self._line())

    def _line(self):
        """Return the line that is being typed, as the terminal shows it."""
        return (self._prompt if self._prompting else b"") + self._editor.typed()

    def is_empty(self):
        """Return True if nothing is typed."""
        return not self._editor.typed()

    def type(self, byte):
        """Process a byte from the keyboard; return the line that it completes (bytes), or None."""
        echo = self._editor.feed(byte)
        if echo:
            self.put(echo)
        line = self._editor.line
        if line is None:
            return None
        was_prompting, self._prompting = self._prompting, False
        if line.strip() and not self._editor.too_long:
            command = self._paste.feed(line)
            if command is not line:
                self._editor.forget(line)
            return command
        if self._editor.too_long:
            self._editor.too_long = False
            self.print("the line is longer than {} bytes".format(limits.CONSOLE_LINE_BYTES))
        if was_prompting:
            self.ready()
        return None

    def print(self, text):
        """Show lines; a half-typed command is shown again below them."""
        typed = self._line()
        if typed:
            self.put(_CLEAR_LINE)
        for line in text.split("\n"):
            if self._lost or not self.put(line.encode() + b"\r\n"):
                self._lost += 1
        if typed:
            self.put(typed)

    def put(self, data):
        """Queue bytes as they are; return False if there is no room for them."""
        if len(self._queue) + len(data) > limits.CONSOLE_OUTPUT_BYTES:
            return False
        self._queue += data
        self._queued.set()
        return True

    async def pump(self, send):
        """Pass the queued output to `await send(bytes)`, for ever."""
        while True:
            while self._queue:
                await send(self._take())
            self._queued.clear()
            await self._queued.wait()

    def _take(self):
        """Empty the queue; return its bytes, and a notice if lines are missing."""
        data, self._queue = self._queue, bytearray()
        if self._lost:
            typed = self._line()
            notice = "(lines lost: {})\r\n".format(self._lost).encode()
            data += (_CLEAR_LINE if typed else b"") + notice + typed
            self._lost = 0
        return data


class Consoles:
    """All open consoles, and the commands that they run."""

    def __init__(self, commands, log):
        self._commands = commands
        self._log = log
        self._open = []
        self.ran = 0  # lines

    def __len__(self):
        return len(self._open)

    def open(self, prompt=b""):
        """Return a new console, which displays what `show` is called with until `close`."""
        console = Console(prompt)
        self._open.append(console)
        return console

    def close(self, console):
        """Remove a console, if it is still open."""
        if console in self._open:
            self._open.remove(console)

    def show(self, text):
        """Print `text` on all open consoles."""
        for console in self._open:
            console.print(text)

    async def run_line(self, line, console):
        """Run `command argument`, typed at `console`.

        All consoles show the reply; only this one shows an error or a private reply.
        """
        self.ran += 1
        await asyncio.sleep_ms(0)  # yield between lines, many of which may arrive at once
        try:
            text = line.decode().lstrip()
        except UnicodeError:
            console.print("not UTF-8")
            return
        name, _, argument = text.partition(" ")
        try:
            reply, text, flags = await self._commands.call(name, argument)
        except UnknownCommand:
            text = "type mqttca and a space, then paste" if name == "-----BEGIN" else "try help"
            console.print("{}: unknown; {}".format(name, text))
        except BadArgument as e:
            self._log.debug("console", "command {} refused", name)
            console.print("{}: {}".format(name, e))
        except Exception as e:  # a bug of ours: log it, and keep the console
            self._log.error("command", "{}: {!r}".format(name, e))
            console.print("{}: failed".format(name))
        else:
            self._log.debug("console", "command {}", name)
            if flags & PRIVATE:
                console.print(text)
            elif text is not None:  # None: the reply follows when the work is done
                self.show("{} = {}".format(reply, text))
